//! What peers and operators ask, over HTTP and mutual TLS.
//!
//! ```text
//!  link::server ─► /pki/: enrolment
//!               └► Router: access (role × operation) ─► body ─► oms, pams, ums, ixs ─► JSON
//! ```

pub mod access;
mod body;
mod caller;
mod ixs;
mod oms;
mod pams;
mod problem;
mod service;
mod ums;

pub use crate::api::service::{Bounds, Desk, Service};
