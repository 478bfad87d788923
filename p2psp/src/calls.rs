//! What one role asks of another (TR 20002 Figure 4). In one process the role itself answers; in
//! two, [`crate::roles::Distant`] does, behind the same trait. Whoever calls sets a deadline and
//! goes on without the answer.

mod stops;
mod users;

use std::pin::Pin;

use mp2p::id::{OverlayId, PeerId, UserId};
use mp2p::message::account::ClassAnswer;
use mp2p::message::profile::Profile;
use mp2p::message::status::PeerStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scores::Scores;

pub use crate::calls::stops::{Contents, LiftOrder, StopOrder, Stops};
pub use crate::calls::users::{
    ErrorNote, Founding, Measured, NewsAfter, Service, Serving, UserNews, UserNow,
};

/// An answer to come.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, CallError>> + Send + 'a>>;

/// The code of a role's refusal between processes, by which it is told from a failure.
pub(crate) const REFUSED: &str = "refused";

/// Why a role does not answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// No process has the role.
    #[error("{0} is not there")]
    Absent(&'static str),
    /// It has failed.
    #[error("{role}: {reason}")]
    Failed {
        /// Which role.
        role: &'static str,
        /// What it says.
        reason: String,
    },
    /// It answers that it may not be: whoever asks must not go on without.
    #[error("{0}")]
    Refused(String),
}

/// R7: what OMS and PAMS ask of UMS.
pub trait Users: Send + Sync {
    /// A peer joins: its user's profile is created or updated (TR 20002 §8.3.1 step 2).
    ///
    /// # Errors
    /// [`CallError::Refused`] where the peer is another user's, or its user is locked out.
    fn joined(&self, visit: Visit) -> Answer<'_, Profile>;

    /// The class of a peer's user now (§8.3.9 step 6).
    fn class<'a>(&'a self, _peer: &'a PeerId) -> Answer<'a, ClassAnswer> {
        absent()
    }

    /// What the users of these peers said about showing their status, in their order; `None`: each
    /// peer's own policy says (TR 20002 Annex A.1).
    fn consents<'a>(&'a self, _peers: &'a [PeerId]) -> Answer<'a, Vec<Option<bool>>> {
        absent()
    }

    /// Who was locked out, ended or revoked, and who said something of showing status, since
    /// `after`.
    fn news(&self, _after: NewsAfter) -> Answer<'_, UserNews> {
        absent()
    }

    /// An overlay was made.
    fn founded(&self, _founding: Founding) -> Answer<'_, ()> {
        absent()
    }

    /// A peer or server offers a service, or goes on to: what it gives earns as that.
    fn serving(&self, _serving: Serving) -> Answer<'_, ()> {
        absent()
    }

    /// What peers measured, against which their credit is held (Req-User-060).
    fn measured(&self, _measured: Vec<Measured>) -> Answer<'_, ()> {
        absent()
    }

    /// Errors that peers reported to OMS, to be held against reports of success (§8.3.8 step 4);
    /// how many were new.
    fn errors(&self, _notes: Vec<ErrorNote>) -> Answer<'_, u64> {
        absent()
    }
}

fn absent<'a, T>() -> Answer<'a, T> {
    Box::pin(async { Err(CallError::Absent("ums")) })
}

/// A join, as UMS keeps it.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Visit {
    /// The user whose peer it is.
    pub user: UserId,
    /// The peer that joined.
    pub peer: PeerId,
    /// The ISP that it comes from.
    pub network: Option<String>,
    /// Whether it was not a member before.
    pub is_new: bool,
    /// Unix seconds.
    pub now: u64,
}

/// R1: what OMS asks of PAMS.
pub trait Activity: Send + Sync {
    /// How the peers stand (TR 20002 §8.3.10 step 3); `None` for those that reported nothing of
    /// late.
    fn standings<'a>(&'a self, peers: &'a [PeerId], now: u64) -> Answer<'a, Vec<Option<Standing>>>;

    /// The same without a call, where PAMS is in this process.
    fn scores(&self) -> Option<Scores<'_>> {
        None
    }
}

/// R1: what PAMS asks of OMS.
pub trait StatusRequests: Send + Sync {
    /// Asks peers for their status over their event streams (TR 20002 §8.3.10); how many listen.
    fn ask_status<'a>(&'a self, peers: &'a [PeerId]) -> Answer<'a, u64>;
}

/// R-IXS: what IXS asks of OMS before it takes a content.
pub trait Overlays: Send + Sync {
    /// Whether somebody may publish in an overlay: its owner may, in one of the provider's own
    /// whoever may join it; `None`: there is none (TR 20002 §8.3.6 step 4).
    fn may_publish(&self, publishing: Publishing) -> Answer<'_, Option<bool>>;

    /// Which of these overlays there are, in their order.
    fn there<'a>(&'a self, overlays: &'a [OverlayId]) -> Answer<'a, Vec<bool>>;
}

/// Somebody wants to register a content.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Publishing {
    /// In which overlay.
    pub overlay: OverlayId,
    /// The user who wants to publish.
    pub user: UserId,
    /// The peer that would publish.
    pub peer: PeerId,
}

/// The arguments of [`Activity::standings`].
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct StandingsOf {
    /// The peers asked about.
    pub peers: Vec<PeerId>,
    /// Unix seconds.
    pub now: u64,
}

/// How a peer stands.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Standing {
    /// How much it can give now, 0 to 1.
    pub score: f32,
    /// Whether it has too much to do.
    pub is_overloaded: bool,
    /// What it reported.
    pub status: PeerStatus,
    /// How long ago, seconds.
    pub age_s: u64,
}
