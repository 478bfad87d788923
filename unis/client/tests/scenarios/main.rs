//! What the client does, seen from outside, against servers on real sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

// The server, at the test's will.
mod origin;

// Single questions; maps kept current; both ends proved.
mod calls;
mod follow;
mod mutual;
