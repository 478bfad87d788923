//! What commands say to a running peer, and what it answers.

use std::path::{Path, PathBuf};

use mp2p::id::{ContentId, OverlayId, PeerId, UserId};
use mp2p::message::join::Nat;
use mp2p::message::overlay::Requirements;
use mp2p::reservation::ReservationKind;
use serde::{Deserialize, Serialize};

use crate::settings::{IspSettings, Limits, Window};

/// Share a file or a folder.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Share {
    /// Absolute path.
    pub path: PathBuf,
    /// For people; the name of the path where there is none.
    pub title: Option<String>,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// The overlay to share it in; one of its own where there is none.
    pub overlay: Option<OverlayId>,
    /// The content that it is a new version of.
    #[serde(default)]
    pub replaces: Option<ContentId>,
    /// What is asked of an overlay that is made for it.
    #[serde(default)]
    pub requirements: Requirements,
    /// Whether caches are to keep all of it.
    #[serde(default)]
    pub keep_cached: bool,
}

/// Whether a name means an index file on this machine: any file may be called as a content is.
#[must_use]
pub fn is_index_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jws") && path.is_file()
}

/// Fetch a content.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fetch {
    /// Its id, its name at the index, or the path of an index file.
    pub what: String,
    /// The folder to put it in, absolute.
    pub folder: PathBuf,
    /// Files of the content to fetch, by their paths in it; all where none are named.
    #[serde(default)]
    pub files: Vec<String>,
    /// Whether its first bytes are wanted first.
    #[serde(default)]
    pub stream: bool,
    /// The ISP's view that is to order its list, instead of the settings'.
    #[serde(default)]
    pub view: IspSettings,
    /// Whether it is begun though the disk has less room than all of it takes.
    #[serde(default)]
    pub anyway: bool,
}

/// A content that is shared or fetched now.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Started {
    /// The content.
    pub content_id: ContentId,
    /// Its overlay.
    pub overlay_id: OverlayId,
    /// Its title.
    pub title: String,
    /// The folder below which its files are.
    pub folder: PathBuf,
    /// Those that were asked for, by their paths in it.
    #[serde(default)]
    pub files: Vec<String>,
    /// Of these, bytes.
    #[serde(default)]
    pub size: u64,
    /// What the user has to know besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The disk has no room for it: how much is free, and how much is to come. It waits for room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_room: Option<String>,
    /// It lies elsewhere, and where it was asked for the disk has no room for a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_copy: Option<String>,
}

/// A content to play while it comes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Play {
    /// The content.
    pub content_id: ContentId,
    /// Its files by their paths in it; all that are fetched where none are named.
    #[serde(default)]
    pub files: Vec<String>,
}

/// Where a file can be played.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Playing {
    /// Its path in the content.
    pub file: String,
    /// For a player of this machine.
    pub url: String,
}

/// A content by its id.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Which {
    /// The content.
    pub content_id: ContentId,
}

/// The limits in force.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LimitsInForce {
    /// All of them.
    pub limits: Limits,
    /// Those, by name, that its user has chosen; the others are the settings'.
    pub chosen: Vec<String>,
    /// The window of the day that holds now, and whose rates are in the place of the others.
    #[serde(default)]
    pub window: Option<Window>,
}

/// How this peer is.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// Its name.
    pub peer_id: PeerId,
    /// Whose it is.
    pub user_id: Option<UserId>,
    /// Its provider.
    pub provider: String,
    /// The port that others reach it at.
    pub port: u16,
    /// What stands between it and the others, as far as it knows.
    #[serde(default)]
    pub nat: Nat,
    /// Its web page, with the key that opens it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// What it waits for, such as a provider that is away.
    #[serde(default)]
    pub waits_for: Vec<String>,
    /// Whether it belongs to a command, and ends with that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passing: bool,
    /// What it gives and takes at most.
    #[serde(default)]
    pub limits: Option<LimitsInForce>,
    /// What is being hashed to be shared.
    #[serde(default)]
    pub hashing: Vec<Hashing>,
    /// What it shares and fetches.
    pub transfers: Vec<TransferStatus>,
    /// What it keeps for others, where it is a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheStatus>,
    /// What it does as a relay, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay: Option<RelayStatus>,
    /// What it does as a super peer, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub super_peer: Option<SuperStatus>,
}

/// What a relay does.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RelayStatus {
    /// The port that it listens at.
    pub port: u16,
    /// Whether OMS has taken it.
    pub registered: bool,
    /// Reservations whose holders keep a connection here.
    pub holders: usize,
    /// Connections that go through.
    pub circuits: usize,
    /// Bytes that went through for these holders, both ways.
    pub bytes: u64,
}

/// What a super peer does.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SuperStatus {
    /// The port that it listens at.
    pub port: u16,
    /// Whether PAMS has taken it.
    pub registered: bool,
    /// Peers in its care that are here.
    pub peers: usize,
}

/// What a cache has to give, and what is made of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CacheStatus {
    /// The provider's own device.
    pub dedicated: bool,
    /// Whether OMS has taken it.
    pub registered: bool,
    /// Room, bytes.
    pub storage_bytes: u64,
    /// Of that reserved, bytes.
    pub reserved_bytes: u64,
    /// Of that in use, bytes: with what was released and is there still.
    pub used_bytes: u64,
    /// Came in ever since, bytes.
    pub fetched_bytes: u64,
    /// Went out ever since, bytes.
    pub served_bytes: u64,
    /// What is reserved.
    pub reservations: Vec<CacheReservation>,
}

/// A reservation that a cache keeps.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CacheReservation {
    /// Its name.
    pub reservation_id: String,
    /// `cs`: for an overlay; `delegate`: in a peer's place.
    pub kind: ReservationKind,
    /// In which overlay.
    pub overlay_id: OverlayId,
    /// For whom.
    pub holder: PeerId,
    /// Reserved, bytes.
    pub storage_bytes: u64,
    /// Kept, bytes.
    pub kept_bytes: u64,
    /// Went out, bytes.
    pub served_bytes: u64,
    /// Until when, Unix seconds.
    pub expires: u64,
}

/// A file or folder that is being hashed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hashing {
    /// Which.
    pub path: PathBuf,
    /// Bytes done.
    pub done: u64,
    /// Bytes in all.
    pub size: u64,
}

/// How far a content is.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TransferStatus {
    /// Which.
    pub content_id: ContentId,
    /// Its overlay.
    pub overlay_id: OverlayId,
    /// For people.
    pub title: String,
    /// Whether it is kept for others, as a cache.
    #[serde(default)]
    pub cached: bool,
    /// What it is doing.
    pub state: State,
    /// Why it failed, or what it waits for.
    pub message: Option<String>,
    /// Whether it waits for room on the disk.
    #[serde(default)]
    pub no_room: bool,
    /// Bytes of what is wanted.
    pub size: u64,
    /// Bytes of it that are here and checked.
    pub have: u64,
    /// For how long nobody who is here has had anything that is missing, seconds.
    #[serde(default)]
    pub waiting: u64,
    /// Bytes a second, of late.
    pub down_rate: u64,
    /// Bytes a second, of late.
    pub up_rate: u64,
    /// Bytes received of fragments that were kept.
    pub downloaded: u64,
    /// Bytes sent.
    pub uploaded: u64,
    /// What the order of the last list rests on; `unis`: the ISP's own public view.
    pub ranked_by: Option<String>,
    /// Members of the overlay.
    pub members: u64,
    /// The peers that it is linked with.
    pub neighbours: Vec<Neighbour>,
    /// Bytes received by network distance, nearest first.
    pub by_rank: Vec<FromRank>,
    /// Bytes received by the way that they came.
    #[serde(default)]
    pub by_path: Vec<FromPath>,
}

impl TransferStatus {
    /// Members of the overlay beside this peer.
    #[must_use]
    pub fn others(&self) -> u64 {
        self.members.saturating_sub(1).max(self.neighbours.len() as u64)
    }
}

/// What came from one network distance.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FromRank {
    /// The rank in the list, 1 the nearest; `None`: unknown.
    pub rank: Option<u32>,
    /// Bytes.
    pub bytes: u64,
}

/// What came by one way.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FromPath {
    /// Which.
    pub path: WayThere,
    /// Bytes.
    pub bytes: u64,
}

/// How a peer was reached.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WayThere {
    /// One dialled the other.
    Direct,
    /// Both connected at the same moment, past NATs or firewalls.
    Punched,
    /// Through a relay.
    Relay,
}

impl WayThere {
    /// As it is called where it is counted and told.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Punched => "punched",
            Self::Relay => "relay",
        }
    }
}

/// What a transfer is doing.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Something is missing, and fetched.
    Fetching,
    /// All of it is here, and given to others.
    Sharing,
    /// Its distribution was stopped by order.
    Stopped,
    /// It cannot go on.
    Failed,
}

/// A peer that a transfer is linked with.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Neighbour {
    /// Who.
    pub peer_id: PeerId,
    /// How near, 1 the nearest.
    pub rank: Option<u32>,
    /// Whether it was reached through a relay.
    pub relayed: bool,
    /// How it was reached.
    pub path: WayThere,
    /// Bytes received from it.
    pub downloaded: u64,
    /// Bytes sent to it.
    pub uploaded: u64,
    /// Share of the content that it has, 0 to 1.
    pub has: f32,
}
