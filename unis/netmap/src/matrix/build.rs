//! How a matrix is made: row by row, so that the costs themselves are never all in memory.
//!
//! Each distinct cost gets a provisional number when it is first seen and rows hold these; at
//! the end the numbers are put in the order of the costs. The peak is one matrix and one row.

use std::num::NonZero;

use thiserror::Error;

use crate::cost::Cost;
use crate::matrix::dense::CostMatrix;
use crate::matrix::number::Numbers;
use crate::matrix::row::{MAX_NARROW_COSTS, NO_COST_NARROW, NO_COST_WIDE, Rows};
use crate::matrix::table::CostTable;

/// Most distinct costs in a matrix: 134 million, whose texts stay below 4 GiB.
pub const MAX_DISTINCT_COSTS: usize = 1 << 27;

/// Why rows make no matrix.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum MatrixError {
    /// A row is too short or too long.
    #[error("row {row} of metric {metric:?} has {costs} costs, there are {pids} PIDs")]
    RowLength {
        /// The metric.
        metric: String,
        /// Which row, from 0.
        row: usize,
        /// How many costs it has; of a row that is too long, one more than there are PIDs.
        costs: usize,
        /// How many it should have.
        pids: usize,
    },
    /// Too few rows, or too many.
    #[error("metric {metric:?} has {rows} rows, there are {pids} PIDs")]
    RowCount {
        /// The metric.
        metric: String,
        /// How many rows it has.
        rows: usize,
        /// How many it should have.
        pids: usize,
    },
    /// More than [`MAX_DISTINCT_COSTS`].
    #[error("metric {metric:?} has more than {MAX_DISTINCT_COSTS} distinct costs")]
    TooManyCosts {
        /// The metric.
        metric: String,
    },
}

/// A cost as rows may give it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Amount {
    /// Any cost.
    Exact(Cost),
    /// A sum of integer thousandths of the unit: several times as quick as the same [`Cost`].
    Thousandths(u64),
}

/// Takes a matrix row by row, in the order of the PIDs.
#[derive(Debug)]
pub struct MatrixBuilder {
    metric: String,
    pid_count: usize,
    numbers: Numbers,
    rows: Provisional,
    /// The row that is being taken in.
    row: Vec<u32>,
    pairs: usize,
}

/// Rows of provisional numbers; the last value of each width says "no cost".
#[derive(Debug)]
enum Provisional {
    Narrow(Vec<Vec<u16>>),
    Wide(Vec<Vec<u32>>),
}

impl MatrixBuilder {
    /// Starts a matrix of `pid_count` × `pid_count` costs.
    pub fn new(metric: &str, pid_count: usize) -> Self {
        Self {
            metric: metric.to_owned(),
            pid_count,
            numbers: Numbers::default(),
            rows: Provisional::Narrow(Vec::new()),
            row: Vec::new(),
            pairs: 0,
        }
    }

    /// Tells that most [`Amount::Thousandths`] are multiples of `step`, which makes them quicker;
    /// others are as welcome.
    #[must_use]
    pub fn with_step(mut self, step: NonZero<u64>) -> Self {
        self.numbers = Numbers::with_step(step);
        self
    }

    /// Adds the costs from the next PID to every PID, both in the order of the PIDs.
    ///
    /// # Errors
    /// Refuses a row of another length, and one row too many. After an error the builder is
    /// of no more use.
    pub fn push_row(
        &mut self,
        costs: impl IntoIterator<Item = Option<Cost>>,
    ) -> Result<(), MatrixError> {
        self.push_amounts(costs.into_iter().map(|cost| cost.map(Amount::Exact)))
    }

    /// As [`MatrixBuilder::push_row`].
    ///
    /// # Errors
    /// As [`MatrixBuilder::push_row`].
    pub fn push_amounts(
        &mut self,
        costs: impl IntoIterator<Item = Option<Amount>>,
    ) -> Result<(), MatrixError> {
        let at = self.rows.len();
        if at == self.pid_count {
            return Err(self.row_count(at + 1));
        }
        self.row.clear();
        let numbers = &mut self.numbers;
        let number = |amount: Option<Amount>| match amount {
            None => NO_COST_WIDE,
            Some(Amount::Thousandths(sum)) => numbers.of_thousandths(sum),
            Some(Amount::Exact(cost)) => numbers.of(cost),
        };
        self.row.extend(costs.into_iter().take(self.pid_count + 1).map(number));
        if self.row.len() != self.pid_count {
            let (metric, pids) = (self.metric.clone(), self.pid_count);
            return Err(MatrixError::RowLength { metric, row: at, costs: self.row.len(), pids });
        }
        self.pairs += self.row.iter().filter(|number| **number != NO_COST_WIDE).count();
        let distinct = self.numbers.costs().len();
        if distinct > MAX_DISTINCT_COSTS {
            return Err(MatrixError::TooManyCosts { metric: self.metric.clone() });
        }
        if distinct > MAX_NARROW_COSTS {
            self.rows.widen();
        }
        self.rows.push(&self.row);
        Ok(())
    }

    /// Puts the costs in order and the matrix together.
    ///
    /// # Errors
    /// Refuses a matrix with rows missing.
    pub fn finish(self) -> Result<CostMatrix, MatrixError> {
        if self.rows.len() != self.pid_count {
            return Err(self.row_count(self.rows.len()));
        }
        let Self { metric, numbers, rows, pairs, .. } = self;
        let (costs, ordinals) = numbers.in_order();
        let rows = rows.renumber(&ordinals);
        Ok(CostMatrix::from_rows(metric, rows, CostTable::from_ascending(costs), pairs))
    }

    fn row_count(&self, rows: usize) -> MatrixError {
        MatrixError::RowCount { metric: self.metric.clone(), rows, pids: self.pid_count }
    }
}

impl Provisional {
    fn len(&self) -> usize {
        match self {
            Provisional::Narrow(rows) => rows.len(),
            Provisional::Wide(rows) => rows.len(),
        }
    }

    fn push(&mut self, row: &[u32]) {
        match self {
            // NO_COST_WIDE is cut to NO_COST_NARROW; every number is below that.
            Provisional::Narrow(rows) => rows.push(row.iter().map(|n| *n as u16).collect()),
            Provisional::Wide(rows) => rows.push(row.to_vec()),
        }
    }

    fn widen(&mut self) {
        let Provisional::Narrow(rows) = self else { return };
        let wide = |row: Vec<u16>| row.into_iter().map(wide_number).collect();
        *self = Provisional::Wide(std::mem::take(rows).into_iter().map(wide).collect());
    }

    /// Rows are freed one by one as their successors are made.
    fn renumber(self, ordinals: &[u32]) -> Rows {
        match self {
            Provisional::Narrow(rows) => {
                // Every value has its place, "no cost" the last.
                let mut narrow = vec![NO_COST_NARROW; usize::from(NO_COST_NARROW) + 1];
                for (narrow, ordinal) in narrow.iter_mut().zip(ordinals) {
                    *narrow = *ordinal as u16;
                }
                let row = |row: Vec<u16>| row.into_iter().map(|n| narrow[usize::from(n)]).collect();
                Rows::Narrow(rows.into_iter().map(row).collect())
            }
            Provisional::Wide(rows) => {
                let ordinal = |number: u32| match number {
                    NO_COST_WIDE => NO_COST_WIDE,
                    number => ordinals[number as usize],
                };
                let row = |row: Vec<u32>| row.into_iter().map(ordinal).collect();
                Rows::Wide(rows.into_iter().map(row).collect())
            }
        }
    }
}

fn wide_number(number: u16) -> u32 {
    if number == NO_COST_NARROW { NO_COST_WIDE } else { u32::from(number) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pid::Pid;

    fn cost(value: f64) -> Option<Cost> {
        Some(Cost::new(value).unwrap())
    }

    #[test]
    fn ordinals_follow_the_costs_not_the_order_of_arrival() {
        let mut builder = MatrixBuilder::new("routingcost", 2);
        builder.push_row([cost(0.0), cost(7.5)]).unwrap();
        builder.push_row([cost(2.0), None]).unwrap();
        let matrix = builder.finish().unwrap();
        let rows: Vec<Vec<_>> = [0, 1].map(|n| matrix.row(Pid::new(n)).iter().collect()).to_vec();
        assert_eq!(rows, [[Some(0), Some(2)], [Some(1), None]]);
        assert_eq!(matrix.table().text(2), "7.5");
        assert_eq!(matrix.pairs(), 3);
        assert_eq!(matrix.cost(Pid::new(1), Pid::new(0)), cost(2.0));
        assert_eq!(matrix.ordinal(Pid::new(1), Pid::new(9)), None);
    }

    #[test]
    fn rows_of_the_wrong_shape_are_refused() {
        let mut builder = MatrixBuilder::new("hopcount", 2);
        let short = builder.push_row([None]).unwrap_err();
        assert_eq!(short.to_string(), "row 0 of metric \"hopcount\" has 1 costs, there are 2 PIDs");
        let mut builder = MatrixBuilder::new("hopcount", 1);
        assert!(matches!(
            builder.push_row(std::iter::repeat(None)),
            Err(MatrixError::RowLength { costs: 2, .. })
        ));
        let mut builder = MatrixBuilder::new("hopcount", 1);
        builder.push_row([None]).unwrap();
        let extra = builder.push_row([None]);
        assert!(matches!(extra, Err(MatrixError::RowCount { rows: 2, pids: 1, .. })));
        let missing = MatrixBuilder::new("hopcount", 3).finish();
        assert!(matches!(missing, Err(MatrixError::RowCount { rows: 0, pids: 3, .. })));
    }

    #[test]
    fn sixteen_bits_end_at_65535_distinct_costs() {
        for (distinct, narrow) in [(65_535, true), (65_536, false)] {
            let side = 257_u64;
            let mut builder = MatrixBuilder::new("m", side as usize);
            for from in 0..side {
                let number = |to| (from * side + to + 1) % distinct;
                let row = (0..side).map(|to| Some(Cost::from_thousandths(number(to))));
                builder.push_row(row).unwrap();
            }
            assert_eq!(matches!(builder.rows, Provisional::Narrow(_)), narrow);
            let matrix = builder.finish().unwrap();
            assert_eq!(matrix.table().len() as u64, distinct);
            let last = Pid::new(side as u32 - 1);
            let expected = (side * side) % distinct;
            assert_eq!(matrix.cost(last, last), Some(Cost::from_thousandths(expected)));
            assert_eq!(matrix.ordinal(last, last), Some(expected as u32));
        }
    }
}
