//! Costs between PIDs (RFC 7285 §11.2.3): `cost[from][to]`, row-major.

// One matrix is a table of the distinct costs …
pub(crate) mod table;
// … rows of indexes into it …
pub(crate) mod row;
// … and the name of its metric.
pub(crate) mod dense;
// How one comes to be …
pub(crate) mod build;
mod number;
// … and another from it.
pub(crate) mod patch;
