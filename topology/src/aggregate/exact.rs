//! Costs as the integers that they come from.

use netmap::Cost;

use crate::paths::Thousandths;

/// A cost in thousandths of its unit; exact, as its sum was.
pub(super) fn thousandths(cost: Cost) -> Thousandths {
    (cost.value() * 1000.0).round() as Thousandths
}
