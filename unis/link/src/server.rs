//! The accept loop and everything that bounds it.
//!
//! ```text
//!  accept ─► caps ─► ClientHello, handshake (5 s) ─► first byte (5 s) ─► head (10 s) ─► Handler
//!    │          │            │                                                  │
//!  back-off   closed       alert                                     idle 120 s, write stall 30 s
//! ```
//!
//! HTTP/1.1 or HTTP/2 is chosen by ALPN (plaintext: HTTP/1.1), never by sniffing: a client that
//! sends half a preface would be waited for without end.

mod accept;
mod activity;
mod connection;
mod framing;
mod limits;
mod listener;
mod service;
mod sources;
mod transport;

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use crate::body::Body;
use crate::tls::ServerTls;

pub use crate::server::framing::Framing;
pub use crate::server::limits::{LimitError, Limits};
pub use crate::server::listener::{BindError, Listener};

/// Answers requests. [`crate::Caller`] stands in the request's extensions.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request; dropped unfinished when the client goes away.
    fn handle(&self, request: Request<Incoming>) -> impl Future<Output = Response<Body>> + Send;
}

impl<F, R> Handler for F
where
    F: Fn(Request<Incoming>) -> R + Send + Sync + 'static,
    R: Future<Output = Response<Body>> + Send,
{
    fn handle(&self, request: Request<Incoming>) -> impl Future<Output = Response<Body>> + Send {
        self(request)
    }
}

/// In an answer's extensions: its body goes on without end, as a stream of events does. It is work
/// of its connection alone, and holds no place of [`Limits::max_requests_in_work`].
#[derive(Clone, Copy, Debug)]
pub struct Lasting;

/// What protects a listener's connections.
#[derive(Clone, Debug)]
pub enum Security {
    /// Nothing; for loopback addresses.
    Plaintext,
    /// TLS 1.3.
    Tls(Arc<ServerTls>),
}
