//! The matrix itself: one metric's costs between all PIDs of a snapshot.

use std::sync::Arc;

use crate::cost::Cost;
use crate::matrix::row::{Row, Rows};
use crate::matrix::table::CostTable;
use crate::pid::Pid;
use crate::tag::{Tag, Tagger};

/// The costs of one metric between all PIDs: `cost[from][to]`, row-major, some pairs without.
///
/// A pair takes 2 bytes, or 4 where there are more than 65,535 distinct costs. A matrix comes
/// from a [`MatrixBuilder`](crate::MatrixBuilder).
#[derive(Clone, Debug)]
pub struct CostMatrix {
    metric: String,
    rows: Rows,
    table: Arc<CostTable>,
    pairs: usize,
}

impl CostMatrix {
    pub(crate) fn from_rows(
        metric: String,
        rows: Rows,
        table: impl Into<Arc<CostTable>>,
        pairs: usize,
    ) -> Self {
        Self { metric, rows, table: table.into(), pairs }
    }

    /// The metric's name, as `routingcost` (RFC 7285 §6.1.1).
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// How many PIDs the matrix spans, as sources and as destinations.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it spans no PID.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many pairs have a cost.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// Memory held, bytes: rows, distinct costs and their texts. What is shared with another
    /// snapshot counts in both.
    pub fn memory_bytes(&self) -> usize {
        self.rows.memory_bytes() + self.table.memory_bytes()
    }

    /// The costs from one PID.
    ///
    /// # Panics
    /// Where the PID is not of this snapshot and its index is beyond the matrix.
    pub fn row(&self, from: Pid) -> Row<'_> {
        self.rows.row(from)
    }

    /// The ordinal cost of a pair; `None` where it has no cost.
    ///
    /// # Panics
    /// As [`CostMatrix::row`] does.
    pub fn ordinal(&self, from: Pid, to: Pid) -> Option<u32> {
        self.row(from).ordinal(to)
    }

    /// The cost of a pair; `None` where it has none.
    ///
    /// # Panics
    /// As [`CostMatrix::row`] does.
    pub fn cost(&self, from: Pid, to: Pid) -> Option<Cost> {
        self.ordinal(from, to).map(|ordinal| self.table.cost(ordinal))
    }

    /// What the ordinals stand for.
    pub fn table(&self) -> &CostTable {
        &self.table
    }

    /// Takes over the table and every row of an older matrix that are equal, so that both keep
    /// one copy; says how many rows. Rows hold ordinals: where the set of distinct costs has
    /// changed in the middle, few rows are equal although few costs moved.
    pub fn share_rows_with(&mut self, old: &CostMatrix) -> usize {
        if self.table == old.table {
            self.table = Arc::clone(&old.table);
        }
        self.rows.share_with(&old.rows)
    }

    pub(crate) fn rows(&self) -> &Rows {
        &self.rows
    }

    pub(crate) fn shared_table(&self) -> &Arc<CostTable> {
        &self.table
    }

    /// Whether both hold the same pieces of memory, and so are equal.
    pub(crate) fn is_shared(&self, other: &CostMatrix) -> bool {
        let pids = 0..self.len() as u32;
        self.metric == other.metric
            && self.len() == other.len()
            && pids.map(Pid::new).all(|from| self.shares_row(other, from))
    }

    /// Whether the costs from this PID are the same piece of memory, and so equal, in both.
    /// Says no where a PID is not of both.
    pub fn shares_row(&self, other: &CostMatrix, from: Pid) -> bool {
        Arc::ptr_eq(&self.table, &other.table) && self.rows.is_shared(&other.rows, from)
    }

    /// The tag of this matrix upon a network map (RFC 7285 §10.3 and §11.2.3.4).
    pub(crate) fn tag(&self, network: &Tag) -> Tag {
        let mut tagger = Tagger::new("cost matrix");
        tagger.text(network.as_str());
        tagger.text(&self.metric);
        tagger.number(self.len() as u64);
        tagger.number(self.table.len() as u64);
        self.table.iter().for_each(|cost| tagger.number(cost.bits()));
        self.rows.tag(&mut tagger);
        tagger.finish()
    }
}
