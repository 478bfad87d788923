//! One comparison, and what came of it.

use crate::cli::bench::contest::{Contest, Outcome};

/// One comparison.
pub(in crate::cli::bench) struct Case<'a> {
    /// What is done.
    pub(in crate::cli::bench) name: String,
    pub(in crate::cli::bench) unit: &'static str,
    /// Of a request, where the case ranks.
    pub(in crate::cli::bench) candidates: Option<usize>,
    pub(in crate::cli::bench) plain_name: &'static str,
    /// Units of work in a call of either way.
    pub(in crate::cli::bench) units: u64,
    /// Bytes that a call of our way writes.
    pub(in crate::cli::bench) bytes: Option<u64>,
    pub(in crate::cli::bench) ours: Box<dyn FnMut() + 'a>,
    pub(in crate::cli::bench) plain: Box<dyn FnMut() + 'a>,
}

/// What came of a case.
pub(in crate::cli::bench) struct Row {
    pub(in crate::cli::bench) name: String,
    /// What the nanoseconds are counted by.
    pub(in crate::cli::bench) unit: &'static str,
    /// Of a request, where the case ranks.
    pub(in crate::cli::bench) candidates: Option<usize>,
    /// What ours is held against.
    pub(in crate::cli::bench) plain: &'static str,
    pub(in crate::cli::bench) outcome: Outcome,
    bytes_per_unit: Option<f64>,
}

impl Row {
    /// How fast our way writes.
    pub(in crate::cli::bench) fn bytes_per_second(&self) -> Option<f64> {
        Some(self.bytes_per_unit? / self.outcome.ours_ns * 1e9)
    }
}

impl Case<'_> {
    /// Holds the contest.
    pub(in crate::cli::bench) fn measured(self, contest: &Contest, passed: impl Fn()) -> Row {
        let Self { name, unit, candidates, plain_name, units, bytes, mut ours, mut plain } = self;
        let outcome = contest.hold(units, &mut *ours, &mut *plain, passed);
        let bytes_per_unit = bytes.map(|bytes| bytes as f64 / units.max(1) as f64);
        Row { name, unit, candidates, plain: plain_name, outcome, bytes_per_unit }
    }
}
