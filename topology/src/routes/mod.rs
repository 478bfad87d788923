//! From the routes of a routing table to prefixes on nodes.

// What a route says: its AS path.
mod path;
// Which node an AS is on.
mod homes;
// Each prefix once, by what all its routes say.
mod table;

pub(crate) use crate::routes::homes::Homes;
pub(crate) use crate::routes::path::{AsPath, PathFault, Segment};
pub(crate) use crate::routes::table::{OnlyUpdates, Table, TooManyPrefixes, warn_updates};
