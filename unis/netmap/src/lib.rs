//! The ranking core of an ALTO server (RFC 7285): which PID an address belongs to, what it costs
//! from one PID to another, and in which order a source should try its candidates. Pure: no
//! input, no output, no clock.

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
// All of one version, and what changed to the next.
mod diff;
mod network;
mod snapshot;

pub use ipnet::{IpNet, Ipv4Net, Ipv6Net};

pub use crate::cost::{Cost, CostError};
pub use crate::diff::{CostDiff, Diff, PairChange, PrefixMove, changed_pairs};
pub use crate::matrix::build::{MAX_DISTINCT_COSTS, MatrixBuilder, MatrixError};
pub use crate::matrix::dense::CostMatrix;
pub use crate::matrix::row::Row;
pub use crate::matrix::table::CostTable;
pub use crate::name::{MAX_PID_NAME_CHARS, PidName, PidNameError};
pub use crate::pid::{Pid, PidTable};
pub use crate::prefix::PrefixTable;
pub use crate::rank::{Ranked, rank};
pub use crate::snapshot::{BuildError, MAX_PIDS, MAX_PREFIXES, Parts, Snapshot};
pub use crate::tag::Tag;
