//! Engines against each other in a simulated network, by seed.

#![allow(clippy::unwrap_used, reason = "what is wrong here is a broken test")]
mod faults;
mod limits;
mod meetings;
mod node;
mod pairs;
mod plain;
mod players;
mod ranks;
mod swarm;
mod world;
