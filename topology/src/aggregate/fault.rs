//! Why PIDs cannot be made fewer.

use netmap::MatrixError;

/// Most PIDs that may merge with each other: their distances take half a GiB.
pub(super) const CLASS_PIDS_MAX: usize = 1 << 14;

/// Why PIDs cannot be made fewer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AggregateError {
    #[error(
        "aggregation.max-pids is {max}, but {fewest} is the fewest: `default`, external nodes, \
         neighbours of different relations, and what no path connects stay apart"
    )]
    TooFew { max: usize, fewest: usize },
    #[error("aggregation.by is `region`, but no node has coordinates")]
    NoPlace,
    #[error("{0} PIDs that could merge are too many; aggregation takes {CLASS_PIDS_MAX}")]
    TooMany(usize),
    #[error(transparent)]
    Matrix(#[from] MatrixError),
}
