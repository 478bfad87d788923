//! Engines against each other in a simulated network, by seed.

#![allow(clippy::unwrap_used, reason = "what is wrong here is a broken test")]
#![allow(dead_code, reason = "worlds for tests to come")]

mod node;
mod pairs;
mod plain;
mod swarm;
mod world;
