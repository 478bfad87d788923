//! Links between peers (R10): an ordered stream of bytes that both ends have proved themselves on,
//! with frames in it. Nothing here knows what the frames are for.
//!
//! ```text
//!  dial ──► TCP, punched or relayed ─► TLS, both certificates ─► Link ─► frames in and out
//!  listener ┘
//! ```

mod batch;
mod blocks;
mod carrier;
mod dial;
mod link;
mod listener;
mod met;
mod pace;

pub(crate) use crate::wire::carrier::Carrier;
pub(crate) use crate::wire::dial::connect;
pub use crate::wire::dial::{DialError, dial, over};
pub use crate::wire::link::{Ears, Heard, Link, LinkId, Note, Sent};
pub use crate::wire::listener::{Arrival, Arrivals, Bounds, listen, receive};
pub use crate::wire::met::{Met, Path};
pub use crate::wire::pace::{Intake, Pace};
