//! One version of a server's maps, and ranking by it.

use std::net::IpAddr;
use std::sync::Arc;

use alto::cost::CostType;
use alto::network_map::VersionTag;
use netmap::{Ranked, Snapshot};

use crate::url::Url;

/// The maps of a server that belong together, as they were at one time. Immutable.
#[derive(Clone, Debug)]
pub struct Followed {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) network_map: String,
    pub(crate) vtag: VersionTag,
    pub(crate) network: Origin,
    pub(crate) costs: Vec<(CostType, Origin)>,
}

/// Where a map came from, and how to ask whether it has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) url: Url,
    pub(crate) etag: Option<String>,
}

impl Followed {
    /// PIDs, prefixes and costs.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Id of the network map in the server's directory.
    pub fn network_map(&self) -> &str {
        &self.network_map
    }

    /// The server's own version tag of the network map, which all cost maps rest on.
    pub fn version(&self) -> &VersionTag {
        &self.vtag
    }

    /// What was followed: one cost type per metric, in the order of the settings.
    pub fn cost_types(&self) -> impl ExactSizeIterator<Item = &CostType> {
        self.costs.iter().map(|(kind, _)| kind)
    }

    /// Puts candidates in the order in which `from` should try them, best first: as the server's
    /// endpoint cost service would (RFC 7285 §11.5.1), without asking it.
    ///
    /// Ties keep the order given and share a rank from 1. Candidates without PID or without cost
    /// come last, all of them where `from` has no PID. `None` where the metric is not followed.
    pub fn rank(&self, metric: &str, from: IpAddr, candidates: &[IpAddr]) -> Option<Vec<Ranked>> {
        let matrix = self.snapshot.matrix(metric)?;
        let Some(from) = self.snapshot.pid_of(from) else {
            let unranked = |index| Ranked { index, ordinal: None, rank: None };
            return Some((0..candidates.len()).map(unranked).collect());
        };
        let mut pids = Vec::with_capacity(candidates.len());
        self.snapshot.pids_of(candidates, &mut pids);
        Some(netmap::rank(matrix.row(from), &pids))
    }
}
