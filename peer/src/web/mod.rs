//! The web page of a running peer: what goes on, and its limits, for its owner alone.
//!
//! ```text
//!  browser ── http://127.0.0.1:7680/#KEY ─► guard: Host, Origin ─► page: HTML, script, style
//!             Authorization: Bearer KEY ──► guard: key ──────────► api ─► node
//! ```
//!
//! The key stands behind `#`, which no browser sends anywhere; the script shows it with every
//! question. No page of another origin can, so that none can ask or change anything (CSRF), nor one
//! whose name was made to lead here (DNS rebinding).

mod api;
mod guard;
mod page;
mod server;

pub use crate::web::server::Page;
