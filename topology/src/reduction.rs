//! Fewer prefixes for the same PIDs.

use netmap::{IpNet, Pid};

/// Prefixes made fewer, the default's included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reduction {
    /// How many there were.
    pub before: usize,
    /// How many there are.
    pub after: usize,
}

/// Makes prefixes as few as give each address the same PID.
pub(crate) fn reduce(prefixes: &mut Vec<(IpNet, Pid)>) -> Reduction {
    let before = prefixes.len();
    *prefixes = netmap::reduce(std::mem::take(prefixes));
    Reduction { before, after: prefixes.len() }
}
