//! A server's maps, kept current (RFC 7285 §11.2): conditional requests at an interval, a swap
//! only when network map and cost maps belong together, the old maps when anything is wrong.

// What is wanted, and what there is.
mod followed;
mod settings;
// Decisions, without I/O and told the time: which maps, whether they are good, when to ask.
mod course;
mod freshness;
mod plan;
mod schedule;
mod weigh;
// The loop, what it shows, and the handle on both.
mod follower;
mod published;
mod task;

pub use crate::follow::followed::Followed;
pub use crate::follow::follower::Follower;
pub use crate::follow::freshness::Freshness;
pub use crate::follow::plan::PlanError;
pub use crate::follow::settings::{FollowSettings, SettingsError};
pub use crate::follow::weigh::FollowError;
