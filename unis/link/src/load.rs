//! What servers are measured with: a load generator, and an echo server as their rival.
//!
//! ```text
//!                   ┌─► the server           ┐ each a process of its own,
//!  connections ─────┤                        │ asked in turns
//!  (threads here)   └─► the echo server      ┘
//! ```

mod drive;
mod echo;
mod turns;

pub use crate::load::drive::{CONNECTIONS, Connection, Count, Lane, Target, drive, drive_lanes};
pub use crate::load::echo::{Served, echo, end_with_parent};
pub use crate::load::turns::{Measured, Rival, Turns, cpu_time};
