//! The resources of RFC 7285, one file each: query in, bytes out. No HTTP here; `http` maps to
//! replies.
//!
//! | module | what | section |
//! |---|---|---|
//! | [`directory`] | the information resource directory | 9.2 |
//! | [`network_map`], [`filtered_network_map`] | PIDs and prefixes | 11.2.1, 11.3.1 |
//! | [`cost_map`], [`filtered_cost_map`] | costs between PIDs | 11.2.3, 11.3.2 |
//! | [`endpoint_property`] | the PID of an address | 11.4.1 |
//! | [`endpoint_cost`] | costs between addresses | 11.5.1 |
//! | [`cost_query`] | what both cost queries check and write alike | 11.3.2.3 |
//! | [`chunks`] | a map's bytes, made while they are sent | |

pub mod chunks;
pub mod cost_map;
pub mod cost_query;
pub mod directory;
pub mod endpoint_cost;
pub mod endpoint_property;
pub mod filtered_cost_map;
pub mod filtered_network_map;
pub mod network_map;
pub mod pairs;

use std::sync::Arc;
use std::time::Duration;

use alto::fault::Fault;

use crate::maps::table::Resource;
use crate::resource::chunks::Chunks;

/// What a query is answered with.
pub enum Answer {
    /// The whole body.
    Bytes(Vec<u8>),
    /// A body that may be large, made while it is sent.
    Chunks(Box<dyn Chunks>),
    /// The same bytes as another resource, from its cache (RFC 7285 §16.1.1: an empty filter asks
    /// for the full map).
    Same(Arc<Resource>),
}

/// Why a query is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// An error of the protocol (RFC 7285 §8.5.2).
    #[error(transparent)]
    Fault(#[from] Fault),
    /// More pairs than one query may ask for (RFC 7285 §15.5.1).
    #[error(
        "{sources} sources x {destinations} destinations are more than the {limit} pairs of one query"
    )]
    TooManyPairs {
        /// Endpoints asked from.
        sources: usize,
        /// Endpoints asked to.
        destinations: usize,
        /// The setting `max-pairs`.
        limit: usize,
    },
    /// More pairs than this client may ask for in a second.
    #[error("too many pairs were asked for in this second")]
    TooManyPairsByNow {
        /// When the query fits.
        retry_after: Duration,
    },
}
