//! What is measured on: tables, costs, requests and graphs that are the same in every run, and the
//! plain way to do the same work.
//!
//! ```text
//! dice ◄── table ◄── plain
//!      ◄── request
//!      ◄── isp                  (each uses only what stands left of it)
//! ```
//!
//! The benches of several packages and `unis bench` measure the same work, so it is made here once.
//! Everything comes from a seed; [`Checksum`] tells whether two runs had the same.

mod checksum;
mod dice;
mod isp;
mod plain;
mod request;
mod table;

pub use crate::workload::checksum::Checksum;
pub use crate::workload::dice::Dice;
pub use crate::workload::isp::{IspGraph, isp_graph};
pub use crate::workload::plain::{Plain, plain_rank};
pub use crate::workload::request::{Request, cost_rows, drawn, requests};
pub use crate::workload::table::{pid_names, spread, synthetic_prefixes};
