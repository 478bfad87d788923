//! A client of ALTO servers (RFC 7285): what they offer, single questions, and a copy of their
//! maps that is kept current, so that addresses are ranked in memory.
//!
//! ```text
//!  URL ─► directory: walk, delegated directories too ─► Catalogue ─► Client: one call, one answer
//!                                                           │
//!            ┌──────────────────────────────────────────────┘
//!            ▼            304: unchanged
//!  Follower: GET maps ──► parse ─► map: messages → netmap::Snapshot ─► Followed ─► rank
//!            ▲ interval,     │ anything wrong: the old one stays, Freshness says why
//!            └ back-off ◄────┘
//! ```
//!
//! Only `exchange` touches the network and only the follower's loop reads the clock. Beside them
//! the walk says which directory is next, the schedule is told what time it is, and a snapshot is
//! built from messages alone. What is absent: the operator's graph, and a map that is half right.

// Where things are (RFC 3986, RFC 7285 §9.2).
mod directory;
mod url;

// One question, one answer (§8.3, §11).
mod client;
mod endpoints;
mod exchange;

// The maps, kept (§11.2).
mod follow;
mod map;

pub use crate::client::{Client, ClientBuilder, ClientLimits, ConnectError};
pub use crate::directory::{Catalogue, Resource, Skipped, WalkLimits};
pub use crate::exchange::CallError;
pub use crate::follow::{
    FollowError, FollowSettings, Followed, Follower, Freshness, PlanError, SettingsError,
};
pub use crate::map::MapError;
pub use crate::url::{MAX_URL_BYTES, Url, UrlError};
