//! System tests: real processes, real sockets, clients that share no code with the servers.
//!
//! ```text
//!  test -> Unis::plain(..) / Unis::mutual(..) -> child process `unis serve` -> "serving URL"
//!    +---> http (a plain socket) or curl with certificates ---------------> the server
//! ```
//!
//! [`unis`] and [`p2psp`] start and stop servers (each a [`daemon`]), [`http`] talks HTTP/1.1 over
//! a socket byte by byte, [`curl`] runs the real curl over mutual TLS, with certificates that
//! [`openssl`] makes; [`cities`] is the German network with peers in it; [`data`] finds the
//! fixtures, [`maps`] writes maps of a test's own, [`resource`] says what is served over one of
//! them, [`scan`] finds PIDs the slow way, [`scrape`] reads metrics, [`syslog`] records of a log,
//! [`source`] reads the project itself, [`python`] runs clients in that language, [`publisher`]
//! signs what peers publish, [`canned`] answers clients with what a test wants them to hear,
//! [`net`] makes networks of namespaces, [`browser`] drives a real one, [`notified`] hears
//! what services say, [`wait`] waits for what others do.

pub mod browser;
pub mod canned;
pub mod cities;
pub mod curl;
pub mod daemon;
pub mod data;
pub mod events;
pub mod http;
pub mod maps;
pub mod net;
pub mod notified;
pub mod openssl;
pub mod outcast;
pub mod p2psp;
pub mod peer;
pub mod publisher;
pub mod python;
pub mod resource;
pub mod scan;
pub mod scrape;
pub mod source;
pub mod swarm;
pub mod syslog;
pub mod unis;
pub mod wait;
