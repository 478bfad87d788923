//! What can be wrong with a map (RFC 7285 §6, §10, §11.2).

use alto::network_map::VersionTag;
use netmap::{BuildError, CostError, IpNet, MatrixError, PidNameError};

/// What is wrong with a map that was read well.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// A name that can be no PID's (RFC 7285 §10.1).
    #[error(transparent)]
    PidName(#[from] PidNameError),
    /// More PIDs than the follower is set to take.
    #[error("{pids} PIDs are more than {max_pids}")]
    TooManyPids {
        /// How many there are.
        pids: usize,
        /// The bound.
        max_pids: usize,
    },
    /// A text that is no prefix (§10.4.4).
    #[error("PID {pid}: {text:?} is no {family} prefix")]
    Prefix {
        /// Whose prefix.
        pid: String,
        /// `ipv4` or `ipv6`.
        family: &'static str,
        /// What stands there.
        text: String,
    },
    /// One prefix in two PIDs (§11.2.2).
    #[error("prefix {prefix} is both in PID {first} and in PID {second}")]
    PrefixTwice {
        /// The prefix.
        prefix: IpNet,
        /// One PID that has it.
        first: String,
        /// The other.
        second: String,
    },
    /// A family of which some addresses have no PID (§11.2.2).
    #[error("the network map is incomplete: not every {family} address has a PID")]
    Incomplete {
        /// `ipv4` or `ipv6`.
        family: &'static str,
    },
    /// No prefix at all.
    #[error("the network map has no prefix")]
    Empty,
    /// A cost map of another metric or mode than the directory promised.
    #[error("the cost map is of {got} in place of {expected}")]
    CostType {
        /// What the directory says.
        expected: String,
        /// What the map says.
        got: String,
    },
    /// A cost map that does not rest on exactly one network map (§11.2.3.6).
    #[error("the cost map of {metric} names {count} network maps")]
    Dependence {
        /// The metric.
        metric: String,
        /// How many version tags it has.
        count: usize,
    },
    /// A cost map over another version of the network map.
    #[error("the cost map of {metric} is for {} of {}, the network map is {} of {}",
        .got.tag, .got.resource_id, .network.tag, .network.resource_id)]
    Mismatch {
        /// The metric.
        metric: String,
        /// What the cost map rests on.
        got: VersionTag,
        /// What the network map is.
        network: VersionTag,
    },
    /// A cost from or to a PID that the network map does not have.
    #[error("the cost map of {metric} names PID {pid:?}, which the network map does not have")]
    UnknownPid {
        /// The metric.
        metric: String,
        /// The PID.
        pid: String,
    },
    /// A cost that is none.
    #[error("{metric} from {from} to {to}: {source}")]
    Cost {
        /// The metric.
        metric: String,
        /// The source.
        from: String,
        /// The destination.
        to: String,
        /// What is wrong.
        source: CostError,
    },
    /// An ordinal cost with a fraction (§6.1.2.2).
    #[error("{metric} from {from} to {to}: the ordinal cost {cost} is no whole number")]
    Fraction {
        /// The metric.
        metric: String,
        /// The source.
        from: String,
        /// The destination.
        to: String,
        /// The cost.
        cost: f64,
    },
    /// A cost map without any cost.
    #[error("the cost map of {metric} has no cost")]
    NoCosts {
        /// The metric.
        metric: String,
    },
    /// Rows that make no matrix.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
    /// Parts that make no snapshot.
    #[error(transparent)]
    Snapshot(#[from] BuildError),
}
