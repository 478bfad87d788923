//! Operator files in, one map of the network out.
//!
//! ```text
//!  graph sources                 placement                    costs
//!  inventory  graphml  gml       prefixes  neighbours         routingcost  hopcount
//!  nodelink  sndlib  rfc8345         │          │                   ▲          ▲
//!        ▼                           ▼          ▼                   │          │
//!      Draft ── keys ──► Graph ◄── relations, ends      weigh ─► Arcs ─► shortest paths
//!                          │  └──────────────────────────┘               + penalty
//!                          ▼                                                  │
//!                 one PID per node, `default` for the rest of the world       │
//!                          └──────────────► netmap::Snapshot ◄────────────────┘
//! ```
//!
//! Each reader turns one file into a draft. The drafts of all files become one graph: points of
//! presence and, at its edge, *ends* (external nodes and neighbour networks) that no path runs
//! through. Prefixes are placed on nodes: those of lists by name, and upon the graph as it is by
//! then those of routing tables (`mrt`, `bgpdump`) by origin and path and those of a `geofeed` by
//! the nearest city. Nodes become PIDs (RFC 7285 §5.1), and for each metric
//! the shortest paths between all of them become a cost map (RFC 7285 §6); where the options ask
//! for it, PIDs near each other become one, and prefixes fewer. An `alto` source skips
//! all that: its PIDs, prefixes and costs are taken as they are.
//!
//! What a file has wrong is either refused, with the file, the line and what to do about it
//! ([`LoadError`]), or repaired or skipped and said so ([`Warning`]). Plain facts are notes.
//!
//! A network can be loaded beside the one before it ([`load_beside`]): where few links changed, only
//! the costs that these move are computed ([`paths`]), and what stayed equal is shared.
//!
//! The crate reads files and does nothing else with the outside: no clock, no network, no state.

mod aggregate;
mod alto_map;
mod cost;
mod draft;
mod gazetteer;
mod graph;
mod layout;
mod load;
mod locate;
mod made;
mod network;
mod options;
pub mod paths;
mod pid;
mod placement;
mod progress;
mod reader;
mod reduction;
mod refusal;
mod relation;
mod report;
mod routes;
mod source;
mod spot;
mod told;

pub use crate::aggregate::{Aggregation, CostError, OrderError};
pub use crate::layout::{Layout, Place};
pub use crate::load::{load, load_beside};
pub use crate::network::{CostWork, Kind, Network, Path, PidEntry, Step};
pub use crate::options::{AggregateBy, Merging, Options, OptionsError, Penalties};
pub use crate::options::{UnknownWeight, Weight};
pub use crate::progress::Progress;
pub use crate::reduction::Reduction;
pub use crate::refusal::LoadError;
pub use crate::relation::{Relation, UnknownRelation};
pub use crate::report::{Warning, code};
pub use crate::source::{Format, Source, SourceError};
