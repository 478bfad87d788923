//! The ranking core of an ALTO server (RFC 7285): which PID an address belongs to, what it costs
//! from one PID to another, and in which order a source should try its candidates. Pure: no
//! input, no output, no clock.
//!
//! # The story of the data
//!
//! Somebody reads a network and hands over [`Parts`]: names of PIDs, prefixes with their PID, and
//! per metric a [`CostMatrix`] that a [`MatrixBuilder`] took in row by row. [`Snapshot::build`]
//! checks them (each prefix once, no host bits, matrices of the right size), puts them in
//! canonical order, tags them with hashes of their content and compiles them for reading. Nothing
//! in a snapshot changes afterwards; the next version is built beside it with
//! [`Snapshot::build_beside`], shares what stayed equal, and [`Diff::between`] tells the
//! difference.
//!
//! A request takes one snapshot and goes from addresses to an order without comparing costs: the
//! longest prefix gives a PID, the source's row gives an index into the ascending table of
//! distinct costs, which *is* the ordinal cost over all pairs (RFC 7285 §6.2), and a bitmap of
//! the indexes that occur gives the ranks.
//!
//! ```text
//!  PIDs, prefixes ──┐
//!                   ▼ build: check, sort, tag
//!  ┌─ Snapshot ───────────────────────────────────────────────────────────────┐
//!  │ PidTable      PrefixTable          compiled look-up       CostMatrix × n │
//!  │ name ↔ Pid    tree bitmap:         IPv4: tree, or a       rows of u16 or │
//!  │               authoritative        table of all /24s      u32 ordinals   │
//!  │                                    IPv6: tree, /64 first  + CostTable    │
//!  └────────────────────────────────────────┬──────────────────────┬──────────┘
//!   192.0.2.7, 2001:db8::7, … ──► pids_of ──┘                      │
//!                                    │ Pid, Pid, none, …           │
//!   source Pid ──────────────────────┼───────────────────► row ────┘
//!                                    ▼                      ▼
//!                         rank: bitmap of ordinals ──► 1st, 2nd, 2nd, 3rd, … none
//! ```
//!
//! # Which address is which
//!
//! `::ffff:a.b.c.d` means `a.b.c.d` everywhere, so an IPv6 prefix inside `::ffff:0:0/96` may stand
//! in a table (and in its tag) but holds no address: mapped addresses are looked up among the
//! IPv4 prefixes. Wider IPv6 prefixes, `::/0` too, do not hold mapped addresses either. An
//! address that no prefix holds has no PID, and a candidate without PID or without cost is ranked
//! last, without a rank.
//!
//! # Example
//!
//! ```
//! use netmap::{Cost, MatrixBuilder, Parts, Pid, PidName, Snapshot, rank};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut costs = MatrixBuilder::new("routingcost", 2);
//! costs.push_row([Some(Cost::ZERO), Some(Cost::new(10.0)?)])?;
//! costs.push_row([Some(Cost::new(10.0)?), Some(Cost::ZERO)])?;
//! let snapshot = Snapshot::build(Parts {
//!     pids: vec![PidName::parse("MI")?, PidName::parse("RM")?],
//!     prefixes: vec![
//!         ("192.0.2.0/24".parse()?, Pid::new(0)),
//!         ("198.51.100.0/24".parse()?, Pid::new(1)),
//!     ],
//!     matrices: vec![costs.finish()?],
//! })?;
//!
//! let source = snapshot.pid_of("192.0.2.1".parse()?).ok_or("no PID")?;
//! let mut candidates = Vec::new();
//! snapshot.pids_of(&["198.51.100.9".parse()?, "192.0.2.9".parse()?], &mut candidates);
//! let matrix = snapshot.matrix("routingcost").ok_or("no such metric")?;
//! let ranked = rank(matrix.row(source), &candidates);
//! assert_eq!(ranked[0].index, 1, "the neighbour in the same PID comes first");
//! assert_eq!(matrix.table().text(ranked[1].ordinal.ok_or("no cost")?), "10");
//! # Ok(())
//! # }
//! ```

// Words: PIDs by name and by index, costs, version tags.
mod cost;
mod name;
mod pid;
mod tag;
// Costs between PIDs, and ranking by them.
mod matrix;
mod rank;
// Prefixes: the authoritative table and the compiled look-up.
mod lookup;
mod prefix;
mod reduce;
// All of one version, and what changed to the next.
mod diff;
mod network;
mod snapshot;
// What all that is measured on.
pub mod workload;

pub use ipnet::{IpNet, Ipv4Net, Ipv6Net};

pub use crate::cost::{Cost, CostError};
pub use crate::diff::{CostDiff, Diff, PairChange, PrefixMove, changed_pairs};
pub use crate::matrix::build::{Amount, MAX_DISTINCT_COSTS, MatrixBuilder, MatrixError};
pub use crate::matrix::dense::CostMatrix;
pub use crate::matrix::patch::RowPatch;
pub use crate::matrix::row::Row;
pub use crate::matrix::table::CostTable;
pub use crate::name::{MAX_PID_NAME_CHARS, PidName, PidNameError};
pub use crate::pid::{Pid, PidTable};
pub use crate::prefix::PrefixTable;
pub use crate::rank::{Ranked, rank};
pub use crate::reduce::reduce;
pub use crate::snapshot::{BuildError, MAX_PIDS, MAX_PREFIXES, Parts, Snapshot};
pub use crate::tag::Tag;
