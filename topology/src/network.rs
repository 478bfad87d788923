//! What comes out: the snapshot to serve, and what the operator wants to know about it.

use std::fmt;
use std::sync::Arc;

use netmap::{Cost, CostMatrix, MatrixError, Pid, PidName, Snapshot};

use crate::aggregate::Aggregation;
use crate::cost::{self, Before, Metric};
use crate::graph::NodeIndex;
use crate::layout::Layout;
use crate::paths::{Search, Thousandths};
use crate::reduction::Reduction;
use crate::relation::Relation;
use crate::report::Warning;

/// A network that was read.
pub struct Network {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) pids: Vec<PidEntry>,
    pub(crate) asn: Option<u32>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) notes: Vec<String>,
    pub(crate) routes: Option<Routes>,
    pub(crate) layout: Layout,
    pub(crate) work: CostWork,
    pub(crate) aggregation: Option<Aggregation>,
    pub(crate) reduction: Option<Reduction>,
}

/// How the costs came about, over all metrics: rows of the cost matrices, one for each PID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CostWork {
    /// Rows whose paths were searched from nothing.
    pub searched: usize,
    /// Rows that were brought up to date from those of an older network.
    pub repaired: usize,
    /// Rows taken over as they were.
    pub kept: usize,
}

impl Network {
    /// A network that comes from no file: a snapshot as it is.
    pub fn of_snapshot(snapshot: Snapshot) -> Self {
        let entry = |(pid, name): (Pid, &PidName)| PidEntry {
            pid: name.clone(),
            node: None,
            nodes: 0,
            kind: Kind::Internal,
            prefixes: snapshot.prefixes().of(pid).len(),
        };
        let pids = snapshot.pids().iter().map(entry).collect();
        Self {
            snapshot: Arc::new(snapshot),
            pids,
            asn: None,
            warnings: Vec::new(),
            notes: Vec::new(),
            routes: None,
            layout: Layout::default(),
            work: CostWork::default(),
            aggregation: None,
            reduction: None,
        }
    }

    /// PIDs, prefixes and costs, ready to serve.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// What each PID stands for, ascending by name: the order of the snapshot.
    pub fn pids(&self) -> &[PidEntry] {
        &self.pids
    }

    /// The operator's own AS, by options or an inventory.
    pub fn asn(&self) -> Option<u32> {
        self.asn
    }

    /// What was skipped, repaired or missing, in the order of reading; at most 1,001 of a code.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Plain facts: what was read, which weight and penalties hold, what was counted.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Where PIDs lie and which links join them; empty for `alto` sources.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What fewer PIDs than nodes do to the costs; `None` where none were merged.
    pub fn aggregation(&self) -> Option<&Aggregation> {
        self.aggregation.as_ref()
    }

    /// How many prefixes there were and are; `None` where they stay as they are.
    pub fn reduction(&self) -> Option<Reduction> {
        self.reduction
    }

    /// How much of the costs had to be computed; nothing for `alto` sources.
    pub fn cost_work(&self) -> CostWork {
        self.work
    }

    /// How the cost from one PID to another comes about. `None` where there is no cost, or no
    /// such metric. Steps are empty inside a PID, and where the cost comes from no graph (the
    /// default PID with a cost by options, `alto` sources).
    ///
    /// # Panics
    /// If a PID is of another snapshot with more PIDs.
    pub fn explain(&self, metric: &str, from: Pid, to: Pid) -> Option<Path> {
        let total = self.snapshot.matrix(metric)?.cost(from, to)?;
        let unexplained = Path { steps: Vec::new(), penalty: None, total };
        let Some(routes) = &self.routes else { return Some(unexplained) };
        let Some(metric) = routes.metrics.iter().find(|known| known.name == metric) else {
            return Some(unexplained);
        };
        match (routes.nodes_of_pids[from.index()], routes.nodes_of_pids[to.index()]) {
            (Some(from), Some(to)) if from != to => routes.explain(metric, from, to, total),
            _ => Some(unexplained),
        }
    }
}

/// What a PID stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PidEntry {
    /// Its name.
    pub pid: PidName,
    /// The key of its node, of several the most central one; `None` for the default PID and for
    /// those of `alto` sources.
    pub node: Option<String>,
    /// How many nodes it stands for.
    pub nodes: usize,
    /// What kind of node it is.
    pub kind: Kind,
    /// How many prefixes it holds.
    pub prefixes: usize,
}

/// What kind of node a PID stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A point of presence of the operator; also every PID of `alto` sources.
    Internal,
    /// A node that its graph marks external.
    External,
    /// A neighbour network.
    Neighbour,
    /// Whatever is in no other PID.
    Default,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::External => "external",
            Self::Neighbour => "neighbour",
            Self::Default => "default",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A shortest path and what it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Link after link.
    pub steps: Vec<Step>,
    /// What a neighbour at either end adds, and for which relation; `None`: nothing.
    pub penalty: Option<(Relation, Cost)>,
    /// The sum.
    pub total: Cost,
}

/// One link of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Key of the node where it starts.
    pub from: String,
    /// Key of the node where it ends.
    pub to: String,
    /// In the unit of the metric.
    pub cost: Cost,
}

/// The graph, as far as explaining needs it.
pub(crate) struct Routes {
    /// By node.
    pub(crate) keys: Vec<String>,
    /// By PID; `None` for the default PID.
    pub(crate) nodes_of_pids: Vec<Option<NodeIndex>>,
    pub(crate) metrics: Vec<Metric>,
    /// What pairs with the default PID cost.
    pub(crate) elsewhere: Option<Cost>,
}

impl Routes {
    /// The costs of all pairs in each metric, from those of an older network where few links
    /// changed.
    pub(crate) fn matrices(
        &self,
        old: Option<&Network>,
    ) -> Result<(Vec<CostMatrix>, CostWork), MatrixError> {
        let mut work = CostWork::default();
        let of_old = |metric: &Metric| {
            let old = old?;
            let routes = old.routes.as_ref()?;
            // Where nodes were merged, the old matrix is not over all of them.
            let same = old.aggregation.is_none()
                && routes.keys == self.keys
                && routes.nodes_of_pids == self.nodes_of_pids
                && routes.elsewhere == self.elsewhere;
            let metric = routes.metrics.iter().find(|known| known.name == metric.name)?;
            same.then_some(Before { metric, matrix: old.snapshot.matrix(metric.name)? })
        };
        let (rows, threads) = (self.nodes_of_pids.len(), cost::threads(old.is_some()));
        let matrix = |metric: &Metric| {
            if let Some(before) = of_old(metric)
                && let Some(after) = metric.matrix_after(&before, &self.nodes_of_pids, threads)?
            {
                work.repaired += after.repaired;
                work.kept += rows - after.repaired;
                return Ok(after.matrix);
            }
            work.searched += rows;
            metric.matrix(&self.nodes_of_pids, self.elsewhere, threads)
        };
        let matrices = self.metrics.iter().map(matrix).collect::<Result<_, _>>()?;
        Ok((matrices, work))
    }

    fn explain(
        &self,
        metric: &Metric,
        from: NodeIndex,
        to: NodeIndex,
        total: Cost,
    ) -> Option<Path> {
        let nodes = Search::new(&metric.arcs).path(from, to)?;
        let key = |node: NodeIndex| self.keys[node as usize].clone();
        let steps = nodes.windows(2).map(|ends| {
            let cost: Thousandths = metric.arcs.step(ends[0], ends[1])?;
            let cost = Cost::from_thousandths(cost);
            Some(Step { from: key(ends[0]), to: key(ends[1]), cost })
        });
        let penalty = metric.penalties.between(from, to);
        let penalty = penalty.map(|(relation, cost)| (relation, Cost::from_thousandths(cost)));
        Some(Path { steps: steps.collect::<Option<_>>()?, penalty, total })
    }
}
