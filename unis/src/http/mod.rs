//! HTTP around the resources (RFC 7285 §8.3): route, authorise, negotiate, answer.
//!
//! - [`service`]: a request's way through
//! - [`negotiate`]: `Accept`, `Accept-Encoding`, `If-None-Match` (RFC 9110 §12, §13)
//! - [`problem`]: from what went wrong to a status code
//! - [`reply`]: responses and their header fields
//! - [`stream`]: bodies made while they are sent

pub mod negotiate;
pub mod problem;
pub mod reply;
pub mod service;
pub mod stream;
