//! System tests: real processes, real sockets, clients that share no code with the servers.
//!
//! ```text
//!  test ─► Unis::plain(…) / Unis::mutual(…) ─► child process `unis serve` ─► "serving URL" on its standard output
//!    └───► http::Client (a plain socket) or curl with certificates ───────────► the server
//! ```
//!
//! [`unis`] starts and stops servers, [`http`] talks HTTP/1.1 over a socket byte by byte, [`curl`]
//! runs the real curl over mutual TLS, [`data`] finds the fixtures, [`maps`] writes maps of a test's own, [`resource`] says what is
//! served over one of them,
//! [`source`] reads the project itself, [`canned`] answers clients with what a test wants them to
//! hear.

pub mod canned;
pub mod curl;
pub mod data;
pub mod http;
pub mod maps;
pub mod python;
pub mod resource;
pub mod source;
pub mod unis;
