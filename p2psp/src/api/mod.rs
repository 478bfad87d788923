//! What peers and operators ask, over HTTP and mutual TLS.
//!
//! ```text
//!  link::server ─► /pki/: enrolment
//!               └► Router: access (role × operation) ─► body ─► oms, pams, ums, ixs ─► JSON
//! ```

// The table, and one file of handlers a role.
pub mod access;
mod events;
mod expel;
mod ixs;
mod line;
mod oms;
pub mod openapi;
mod pams;
mod roles;
mod servers;
mod stop;
mod ums;

// What they take in and answer with.
mod answer;
mod body;
mod caller;
mod desk;
mod does;
mod objects;
mod problem;
mod query;
mod service;

pub use crate::api::desk::{Bounds, Desk};
pub use crate::api::line::{Line, Verb};
pub use crate::api::service::Service;
