//! What UMS is told by OMS beside joins: who founded an overlay, who serves, what went wrong.

use mp2p::id::{ContentId, OverlayId, PeerId, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An overlay was made; its owner may read its distribution result (TR 20002 §7.7.1).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Founding {
    /// The overlay that was made.
    pub overlay: OverlayId,
    /// The user who owns it; `None`: it is the provider's own.
    pub owner: Option<UserId>,
    /// When it was made, Unix seconds.
    pub now: u64,
}

/// A peer or server offers a service (TR 20002 §8.2.5, §8.2.6).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Serving {
    /// The peer or server: the hash of its key.
    pub peer: PeerId,
    /// The user whose it is; `None`: it is the provider's own.
    pub user: Option<UserId>,
    /// What it does for others.
    pub service: Service,
    /// It serves until then unless it is told again, Unix seconds.
    pub until: u64,
}

/// What a peer measured at its interface on one day, as PAMS heard of it (Req-Traffic-020).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Measured {
    /// The peer that measured.
    pub peer: PeerId,
    /// Days since 1970, UTC.
    pub day: u64,
    /// When this PAMS began to add up, Unix seconds: a later one begins anew.
    pub run: u64,
    /// Bytes sent on that day, so far.
    pub bytes: u64,
}

/// Whose news of users are asked for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct NewsAfter {
    /// [`UserNews::upto`] of the last answer; `None`: there was none.
    pub number: Option<u64>,
    /// Where there was no answer yet: news from then on, Unix seconds.
    pub since: u64,
}

/// What OMS has to know of users at once, not only when their peers join again.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct UserNews {
    /// The number to ask from next ([`NewsAfter::number`]).
    pub upto: u64,
    /// Whether these are all up to now; else there is more to ask for.
    pub is_all: bool,
    /// Users who were locked out, let in, or who said something of their status.
    pub users: Vec<UserNow>,
    /// Peers that ended, or whose certificates were revoked.
    pub gone: Vec<PeerId>,
}

/// How a user is now.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct UserNow {
    /// The user.
    pub user: UserId,
    /// Whether the user is locked out.
    pub is_out: bool,
    /// Whether the status of the user's peers may be shown; `None`: each peer's own policy says.
    pub show_status: Option<bool>,
}

/// What a server is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// It keeps contents for others.
    Cache,
    /// It passes on what others exchange.
    Relay,
}

/// An error that a peer reported to OMS (TR 20002 §8.3.8 step 3).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ErrorNote {
    /// The overlay in which it happened.
    pub overlay: OverlayId,
    /// The content, where the error is about one.
    pub content: Option<ContentId>,
    /// The fragment, where the error is about one.
    pub fragment: Option<u32>,
    /// The peer that reports.
    pub reporter: PeerId,
    /// The peer that is reported.
    pub accused: PeerId,
    /// What happened, such as `bad-fragment`; the first [`ErrorNote::MAX_KIND_BYTES`] count.
    pub kind: String,
    /// Whether the accused one's own signature proves it.
    pub proved: bool,
    /// Whether OMS looked itself, and found it not so.
    #[serde(default)]
    pub refuted: bool,
    /// When it was reported, Unix seconds.
    pub at: u64,
}

impl ErrorNote {
    /// Longest word for a kind that is kept, bytes.
    pub const MAX_KIND_BYTES: usize = 32;
}
