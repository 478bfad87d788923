//! The ISPs' maps (reference point R3), kept current: an asking peer is ranked with the view of
//! its own ISP.
//!
//! ```text
//!  [[isp]] ─► Follower (updates its map by itself) ─┐
//!  address ─► longest of the ISPs' prefixes ────────┴─► Outlook: map, PID of the asker, how fresh
//! ```

mod atlas;
mod endpoints;
mod followed;
mod outlook;

pub(crate) use crate::isp::atlas::NO_COST;
pub use crate::isp::atlas::{Atlas, Nearness};
pub use crate::isp::endpoints::Endpoints;
pub use crate::isp::followed::{IspError, Isps};
pub use crate::isp::outlook::Outlook;
