//! One version of everything, checked, immutable and tagged.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use thiserror::Error;

use crate::matrix::dense::CostMatrix;
use crate::name::PidName;
use crate::network::Network;
use crate::pid::{Pid, PidTable};
use crate::prefix::PrefixTable;
use crate::tag::Tag;

/// Most PIDs in a snapshot; a cost matrix over them would be half a petabyte.
pub const MAX_PIDS: usize = 1 << 24;
/// Most prefixes in a snapshot; the whole Internet has a little over a million.
pub const MAX_PREFIXES: usize = 1 << 28;

/// What a snapshot is built from.
#[derive(Debug, Default)]
pub struct Parts {
    /// The names of the PIDs, strictly ascending.
    pub pids: Vec<PidName>,
    /// Prefixes without host bits, in any order, each once, with the index of its PID.
    pub prefixes: Vec<(IpNet, Pid)>,
    /// One matrix per metric, each over all PIDs.
    pub matrices: Vec<CostMatrix>,
}

/// Why parts make no snapshot.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum BuildError {
    /// Names that do not ascend, or the same name twice.
    #[error("PID {second} stands behind {first}: names have to ascend, each once")]
    PidOrder {
        /// A name.
        first: PidName,
        /// The next name, which is not greater.
        second: PidName,
    },
    /// More than [`MAX_PIDS`].
    #[error("{0} PIDs are more than {MAX_PIDS}")]
    TooManyPids(usize),
    /// More than [`MAX_PREFIXES`].
    #[error("{0} prefixes are more than {MAX_PREFIXES}")]
    TooManyPrefixes(usize),
    /// A prefix of a PID that does not exist.
    #[error("prefix {prefix} belongs to PID number {pid}, there are {pids} PIDs")]
    PidRange {
        /// The prefix.
        prefix: IpNet,
        /// The index it names.
        pid: usize,
        /// How many PIDs there are.
        pids: usize,
    },
    /// Bits of the address behind the prefix length.
    #[error("prefix {prefix} has host bits set, {canonical} is meant")]
    HostBits {
        /// The prefix as given.
        prefix: IpNet,
        /// The same without host bits.
        canonical: IpNet,
    },
    /// The same prefix twice, in one PID or in two (RFC 7285 §11.2.2).
    #[error("prefix {prefix} is both in PID {first} and in PID {second}")]
    PrefixTwice {
        /// The prefix.
        prefix: IpNet,
        /// One PID that has it.
        first: PidName,
        /// The other, or the same again.
        second: PidName,
    },
    /// Two matrices of one metric.
    #[error("metric {0:?} has two cost matrices")]
    MetricTwice(String),
    /// A matrix over another number of PIDs.
    #[error("the cost matrix of metric {metric:?} is over {got} PIDs, there are {pids}")]
    MatrixSize {
        /// The metric.
        metric: String,
        /// How many PIDs the matrix spans.
        got: usize,
        /// How many there are.
        pids: usize,
    },
}

/// One version of the PIDs, their prefixes and all costs. Immutable; swap it whole.
pub struct Snapshot {
    network: Arc<Network>,
    matrices: Vec<Arc<CostMatrix>>,
    /// The tag of each matrix.
    cost_tags: Vec<Tag>,
}

impl Snapshot {
    /// Checks the parts and compiles them.
    ///
    /// # Errors
    /// Names the first thing that is wrong: see [`BuildError`].
    pub fn build(parts: Parts) -> Result<Snapshot, BuildError> {
        Self::build_upon(parts, None)
    }

    /// As [`Snapshot::build`], and shares with an older snapshot what did not change: PIDs with
    /// prefixes and look-up as one, whole matrices, else single rows.
    ///
    /// # Errors
    /// As [`Snapshot::build`].
    pub fn build_beside(parts: Parts, old: &Snapshot) -> Result<Snapshot, BuildError> {
        Self::build_upon(parts, Some(old))
    }

    /// [`Snapshot::build_beside`] where there is an older one, else [`Snapshot::build`].
    ///
    /// # Errors
    /// As [`Snapshot::build`].
    pub fn build_upon(parts: Parts, old: Option<&Snapshot>) -> Result<Snapshot, BuildError> {
        let Parts { pids, mut prefixes, matrices } = parts;
        check_pids(&pids)?;
        prefixes.sort_unstable();
        check_prefixes(&prefixes, &pids)?;
        check_matrices(&matrices, pids.len())?;
        let network = Network::compile(pids, prefixes, old.map(|old| &old.network));
        let mut snapshot = Snapshot { network, matrices: Vec::new(), cost_tags: Vec::new() };
        for mut matrix in matrices {
            let before = old.and_then(|old| old.shared_matrix(matrix.metric()));
            let same_pids = old.is_some_and(|old| old.network_tag() == snapshot.network_tag());
            let tag = match before {
                Some((old, tag)) if same_pids && matrix.is_shared(old) => tag.clone(),
                _ => matrix.tag(snapshot.network.tag()),
            };
            let matrix = match before {
                Some((old, old_tag)) if *old_tag == tag => Arc::clone(old),
                Some((old, _)) => {
                    matrix.share_rows_with(old);
                    Arc::new(matrix)
                }
                None => Arc::new(matrix),
            };
            snapshot.matrices.push(matrix);
            snapshot.cost_tags.push(tag);
        }
        Ok(snapshot)
    }

    /// The PIDs.
    pub fn pids(&self) -> &PidTable {
        self.network.pids()
    }

    /// The prefixes.
    pub fn prefixes(&self) -> &PrefixTable {
        self.network.prefixes()
    }

    /// Memory that PIDs, prefixes and look-up hold, bytes; costs not included
    /// ([`CostMatrix::memory_bytes`]).
    pub fn network_memory_bytes(&self) -> usize {
        self.network.memory_bytes()
    }

    /// The PID of an address, by its longest prefix; `::ffff:a.b.c.d` is `a.b.c.d`.
    pub fn pid_of(&self, address: IpAddr) -> Option<Pid> {
        self.network.lookup().pid_of(address)
    }

    /// The PID of each address, in the order given; clears `out` first. Of both families in any
    /// mixture, several times as fast as one by one.
    pub fn pids_of(&self, addresses: &[IpAddr], out: &mut Vec<Option<Pid>>) {
        self.network.lookup().pids_of(addresses, out);
    }

    /// The same for IPv4 addresses alone, each as the number that it is: quicker still.
    pub fn pids_of_ipv4(&self, addresses: &[u32], out: &mut Vec<Option<Pid>>) {
        self.network.lookup().pids_of_ipv4(addresses, out);
    }

    /// The cost matrices, in the order of the parts.
    pub fn matrices(&self) -> &[Arc<CostMatrix>] {
        &self.matrices
    }

    /// The cost matrix of a metric.
    pub fn matrix(&self, metric: &str) -> Option<&CostMatrix> {
        self.shared_matrix(metric).map(|(matrix, _)| matrix.as_ref())
    }

    /// The tag of PIDs and prefixes alone; costs do not move it.
    pub fn network_tag(&self) -> &Tag {
        self.network.tag()
    }

    /// The tag of a metric's costs upon these PIDs and prefixes.
    pub fn cost_tag(&self, metric: &str) -> Option<&Tag> {
        self.shared_matrix(metric).map(|(_, tag)| tag)
    }

    fn shared_matrix(&self, metric: &str) -> Option<(&Arc<CostMatrix>, &Tag)> {
        let mut tagged = self.matrices.iter().zip(&self.cost_tags);
        tagged.find(|(matrix, _)| matrix.metric() == metric)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics: Vec<_> = self.matrices.iter().map(|matrix| matrix.metric()).collect();
        f.debug_struct("Snapshot")
            .field("pids", &self.pids().len())
            .field("prefixes", &self.prefixes().len())
            .field("network_tag", &self.network_tag().as_str())
            .field("metrics", &metrics)
            .finish()
    }
}

fn check_pids(pids: &[PidName]) -> Result<(), BuildError> {
    if pids.len() > MAX_PIDS {
        return Err(BuildError::TooManyPids(pids.len()));
    }
    match pids.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) => {
            let (first, second) = (pair[0].clone(), pair[1].clone());
            Err(BuildError::PidOrder { first, second })
        }
        None => Ok(()),
    }
}

fn check_prefixes(ascending: &[(IpNet, Pid)], pids: &[PidName]) -> Result<(), BuildError> {
    if ascending.len() > MAX_PREFIXES {
        return Err(BuildError::TooManyPrefixes(ascending.len()));
    }
    for (prefix, pid) in ascending {
        let (prefix, pid, pids) = (*prefix, pid.index(), pids.len());
        if pid >= pids {
            return Err(BuildError::PidRange { prefix, pid, pids });
        }
        let canonical = prefix.trunc();
        if canonical != prefix {
            return Err(BuildError::HostBits { prefix, canonical });
        }
    }
    match ascending.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => {
            let name = |pid: Pid| pids[pid.index()].clone();
            let (first, second) = (name(pair[0].1), name(pair[1].1));
            Err(BuildError::PrefixTwice { prefix: pair[0].0, first, second })
        }
        None => Ok(()),
    }
}

fn check_matrices(matrices: &[CostMatrix], pids: usize) -> Result<(), BuildError> {
    for (at, matrix) in matrices.iter().enumerate() {
        let metric = matrix.metric().to_owned();
        if matrices[..at].iter().any(|other| other.metric() == metric) {
            return Err(BuildError::MetricTwice(metric));
        }
        if matrix.len() != pids {
            return Err(BuildError::MatrixSize { metric, got: matrix.len(), pids });
        }
    }
    Ok(())
}
