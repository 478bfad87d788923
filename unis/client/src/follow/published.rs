//! Where the loop puts what it has, and everybody else finds it: swapped as one value.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::follow::followed::Followed;
use crate::follow::freshness::Record;

/// What the task shows.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) view: ArcSwap<View>,
    /// How many times the maps were replaced.
    pub(crate) version: watch::Sender<u64>,
}

/// Maps and record of one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) followed: Option<Arc<Followed>>,
    pub(crate) record: Record,
}
