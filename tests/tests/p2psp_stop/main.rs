//! Forced stop over real processes (TR 20002 §8.3.4): made, kept, told, lifted.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

mod flow;
mod killed;
mod lift;
mod scene;
mod silence;
