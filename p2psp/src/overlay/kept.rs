//! An overlay as it is kept over a restart: peers need not all come back at once.

use mp2p::message::overlay::OverlayRequest;
use serde::{Deserialize, Serialize};

use crate::overlay::member::Member;
use crate::overlay::terms::Owner;

/// One overlay and its members.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct KeptOverlay {
    /// What was asked for.
    pub request: OverlayRequest,
    /// By whom.
    pub owner: Option<Owner>,
    /// When, Unix seconds.
    pub created: u64,
    /// Last join, refresh or leave, Unix seconds.
    pub last_active: u64,
    /// Joins so far.
    pub tickets: u64,
    /// Members with their tickets.
    pub members: Vec<(Member, u64)>,
}
