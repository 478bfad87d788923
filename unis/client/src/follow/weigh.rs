//! From what the server sent to the maps that take over, or to why they do not. No I/O; for big
//! maps it is seconds of work, to be done off the async threads.

use std::sync::Arc;

use alto::cost::CostType;
use netmap::{CostMatrix, Diff, Parts, Snapshot};

use crate::exchange::{Answer, CallError, Reply};
use crate::follow::followed::{Followed, Origin};
use crate::follow::plan::{Plan, PlanError};
use crate::map::{MapError, Network, matrix};
use crate::url::Url;

/// Why the maps in force were not confirmed or replaced.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// A resource or a directory cannot be had.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The directory lacks something.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A map is not fit for use.
    #[error("{url}: {source}")]
    Map {
        /// Where the map came from.
        url: Url,
        /// What is wrong with it.
        source: Box<MapError>,
    },
    /// Reading the maps did not come to an end.
    #[error("reading the maps was interrupted")]
    Interrupted,
}

/// One round's answers, in the order of the plan.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) plan: Plan,
    /// The maps in force, which "unchanged" refers to.
    pub(crate) old: Option<Arc<Followed>>,
    pub(crate) network: Reply,
    pub(crate) costs: Vec<Reply>,
    pub(crate) max_pids: usize,
}

/// What a round comes to.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The maps in force are right.
    Confirmed,
    /// The maps in force are right; to ask for them there are new entity tags.
    Same(Followed),
    /// These take over; the text says what is different.
    New(Followed, String),
}

impl Gathered {
    /// Reads and checks everything; nothing is taken over unless all of it is right.
    pub(crate) fn weigh(self) -> Result<Verdict, FollowError> {
        let Self { plan, old, network, costs, max_pids } = self;
        let unchanged = |reply: &Reply| matches!(reply, Reply::Unchanged);
        if unchanged(&network) && costs.iter().all(unchanged) {
            return Ok(Verdict::Confirmed);
        }
        let (network, network_etag) = read_network(&plan, network, old.as_deref(), max_pids)?;
        let (mut matrices, mut origins) = (Vec::new(), Vec::new());
        for ((kind, url), reply) in plan.costs.into_iter().zip(costs) {
            let costs = Costs { kind: &kind, url: &url, network: &network };
            let (matrix, etag) = match reply {
                Reply::Fresh(answer) => costs.read(&answer)?,
                Reply::Unchanged => costs.keep(old.as_deref())?,
            };
            matrices.push(matrix);
            origins.push((kind, Origin { url, etag }));
        }
        let Network { vtag, pids, prefixes } = network;
        let parts = Parts { pids, prefixes, matrices };
        let built = match &old {
            Some(old) => Snapshot::build_beside(parts, &old.snapshot),
            None => Snapshot::build(parts),
        };
        let snapshot = Arc::new(built.map_err(|error| wrong(&plan.network, error))?);
        let network = Origin { url: plan.network, etag: network_etag };
        let network_map = plan.network_map;
        let new = Followed { snapshot, network_map, vtag, network, costs: origins };
        Ok(replace(old.as_deref(), new))
    }
}

/// Where the content is the same the old snapshot stays, under the new tags.
fn replace(old: Option<&Followed>, mut new: Followed) -> Verdict {
    let Some(old) = old else {
        let news = format!("first maps, {:?}", new.snapshot);
        return Verdict::New(new, news);
    };
    let diff = Diff::between(&old.snapshot, &new.snapshot);
    if !diff.is_empty() {
        return Verdict::New(new, diff.to_string());
    }
    new.snapshot = Arc::clone(&old.snapshot);
    if old.vtag == new.vtag {
        return Verdict::Same(new);
    }
    let news = format!("version {} of the same", new.vtag.tag);
    Verdict::New(new, news)
}

fn read_network(
    plan: &Plan,
    reply: Reply,
    old: Option<&Followed>,
    max_pids: usize,
) -> Result<(Network, Option<String>), FollowError> {
    match (reply, old) {
        (Reply::Fresh(answer), _) => {
            let network = Network::read(&answer.parse()?, max_pids);
            Ok((network.map_err(|error| wrong(&plan.network, error))?, answer.etag))
        }
        (Reply::Unchanged, Some(old)) => {
            let network = Network::of(&old.snapshot, old.vtag.clone());
            Ok((network, old.network.etag.clone()))
        }
        (Reply::Unchanged, None) => Err(unasked(&plan.network)),
    }
}

/// The cost map of one type, over a network map.
struct Costs<'a> {
    kind: &'a CostType,
    url: &'a Url,
    network: &'a Network,
}

impl Costs<'_> {
    fn read(&self, answer: &Answer) -> Result<(CostMatrix, Option<String>), FollowError> {
        let matrix = matrix(&answer.parse()?, self.kind, self.network);
        Ok((matrix.map_err(|error| wrong(self.url, error))?, answer.etag.clone()))
    }

    /// The matrix in force; an unchanged cost map cannot rest on a changed network map.
    fn keep(&self, old: Option<&Followed>) -> Result<(CostMatrix, Option<String>), FollowError> {
        let old = old.ok_or_else(|| unasked(self.url))?;
        let metric = &self.kind.metric;
        let same_pids = || {
            let names = old.snapshot.pids().iter().map(|(_, name)| name);
            names.eq(self.network.pids.iter())
        };
        if old.vtag != self.network.vtag || !same_pids() {
            let (got, network) = (old.vtag.clone(), self.network.vtag.clone());
            return Err(wrong(
                self.url,
                MapError::Mismatch { metric: metric.clone(), got, network },
            ));
        }
        let matrix = old.snapshot.matrix(metric).ok_or_else(|| unasked(self.url))?;
        let origin = old.costs.iter().find(|(kind, _)| kind.is_same(self.kind));
        Ok((matrix.clone(), origin.and_then(|(_, origin)| origin.etag.clone())))
    }
}

/// "Unchanged" of a map that is not there: only who has it asks whether it has changed.
fn unasked(url: &Url) -> FollowError {
    CallError::unasked(url.clone()).into()
}

fn wrong(url: &Url, error: impl Into<MapError>) -> FollowError {
    FollowError::Map { url: url.clone(), source: Box::new(error.into()) }
}
