//! One question and its answer over HTTP (RFC 7285 §8.3): the only part that touches the network.

// From a response to a document, or to what went wrong.
mod answer;
mod call_error;
mod gzip;
mod retry;
// Asking, redirects included.
mod transport;

pub(crate) use crate::exchange::answer::{Answer, Reply};
pub use crate::exchange::call_error::CallError;
pub(crate) use crate::exchange::transport::{Ask, Transport};
