//! Behaviour over real sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

mod admin;
mod admission;
mod bounds;
mod drain;
mod enrolment;
mod exchange;
mod fixture;
mod framing;
mod handshakes;
mod http2;
mod peers;
mod rotation;
