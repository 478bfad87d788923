//! What a snapshot promises, seen from outside.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop where something is wrong")]

// Small networks, written down or drawn at random.
mod world;

// One story each.
mod diff;
mod matrix;
mod reduce;
mod rfc7285;
mod snapshot;
