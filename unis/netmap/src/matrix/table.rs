//! The distinct costs of a matrix, ascending, each with its text ready.

use std::ops::Range;

use crate::cost::Cost;

/// The distinct costs of a matrix, ascending.
///
/// A cost's index is its ordinal cost over all pairs of the map (RFC 7285 §6.1.2.2 and §6.2), so
/// nothing is sorted for a request; its text stands ready, so nothing is formatted either.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CostTable {
    costs: Vec<Cost>,
    /// All texts, one behind the other.
    texts: String,
    /// Where each text begins in `texts`, and behind them where the last one ends. With 2^27 costs of
    /// 24 characters this stays below 2^32.
    bounds: Vec<u32>,
}

impl CostTable {
    /// Takes costs that are known to ascend strictly.
    pub(crate) fn from_ascending(costs: Vec<Cost>) -> Self {
        let mut texts = String::new();
        let mut bounds = Vec::with_capacity(costs.len() + 1);
        bounds.push(0);
        for cost in &costs {
            texts.push_str(&cost.to_string());
            bounds.push(texts.len() as u32);
        }
        texts.shrink_to_fit();
        Self { costs, texts, bounds }
    }

    /// The ordinal of a cost, if it is one of these.
    pub(crate) fn find(&self, cost: Cost) -> Option<u32> {
        self.costs.binary_search(&cost).ok().map(|ordinal| ordinal as u32)
    }

    /// How many distinct costs there are.
    pub fn len(&self) -> usize {
        self.costs.len()
    }

    /// Whether no pair has a cost.
    pub fn is_empty(&self) -> bool {
        self.costs.is_empty()
    }

    /// The cost behind an ordinal of this matrix.
    ///
    /// # Panics
    /// Where the ordinal is not of this matrix and beyond the table.
    pub fn cost(&self, ordinal: u32) -> Cost {
        self.costs[ordinal as usize]
    }

    /// The same cost as a JSON number.
    ///
    /// # Panics
    /// As [`CostTable::cost`] does.
    pub fn text(&self, ordinal: u32) -> &str {
        &self.texts[self.place(ordinal)]
    }

    /// All texts, one behind the other; see [`CostTable::place`].
    pub fn texts(&self) -> &str {
        &self.texts
    }

    /// Where in [`CostTable::texts`] the text of a cost stands, for those who copy many of them.
    ///
    /// # Panics
    /// As [`CostTable::cost`] does.
    #[inline]
    pub fn place(&self, ordinal: u32) -> Range<usize> {
        let at = ordinal as usize;
        let bounds = &self.bounds[at..at + 2];
        bounds[0] as usize..bounds[1] as usize
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        size_of_val(&*self.costs) + self.texts.len() + size_of_val(&*self.bounds)
    }

    /// All distinct costs, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Cost> {
        self.costs.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ordinal_has_its_cost_and_its_text() {
        let costs = [0.0, 0.5, 12.25, 1e30].map(|value| Cost::new(value).unwrap());
        let table = CostTable::from_ascending(costs.to_vec());
        let texts: Vec<_> = (0..4).map(|ordinal| table.text(ordinal)).collect();
        assert_eq!(texts, ["0", "0.5", "12.25", "1e30"]);
        assert_eq!(table.cost(2), costs[2]);
        assert_eq!(table.len(), 4);
        assert!(CostTable::default().is_empty());
    }
}
