//! Commands to a running peer: JSON over HTTP on a Unix socket that only its owner may open.
//!
//! ```text
//!  peer get … ─► call ──STATE/control.sock──► door ─► node
//! ```

mod call;
mod door;
pub mod message;

pub use crate::control::call::{CallError, Control};
pub use crate::control::door::{DoorError, Front, serve};
