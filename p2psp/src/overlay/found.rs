//! Members that others are sent to, and their places in a list.

use mp2p::id::PeerId;
use mp2p::message::join::{Nat, PeerAddress};
use mp2p::message::list::{Demotion, PeerType};
use mp2p::message::status::PeerStatus;
use netmap::Pid;

use crate::overlay::member::Via;
use crate::ranking::{self, Place, Policy, Sketch};
use crate::scores::Brief;

/// A member that others are sent to, and how far it is.
///
/// Its parts stay in this order: an id behind what ends in padding is copied together with that, by
/// steps that wait for each other, which took a tenth of a list.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Found {
    /// Which peer.
    pub peer: PeerId,
    /// What it is.
    pub kind: PeerType,
    /// Where it is.
    pub address: PeerAddress,
    /// The relay that others go through, where they have to.
    pub relay: Option<Box<Via>>,
    /// What stands before it, where the asker meets it by rendezvous and cannot dial it.
    pub met: Option<Nat>,
    /// The lowest class that it serves.
    pub class_floor: u8,
    /// Whether its status may be shown as it is.
    pub show_status: bool,
    /// Several users complain of it.
    pub is_doubted: bool,
    /// Its PID in the asker's map.
    pub pid: Option<Pid>,
    /// The ordinal cost to there.
    pub ordinal: Option<u32>,
    /// The store's own number of it.
    pub seat: u32,
    /// Its status, where it may be shown and is known.
    pub status: Option<Box<PeerStatus>>,
    /// How it stands; none where it told nothing of late.
    pub brief: Option<Brief>,
}

/// A candidate with its place.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Who.
    pub found: Found,
    /// How near, from 1; ties share it.
    pub rank: Option<u32>,
    /// How much it can give now, 0 to 1.
    pub score: f32,
    /// Stands here so that regions stay connected.
    pub bridge: bool,
    /// Why it stands lower than its rank.
    pub demoted: Option<Demotion>,
}

impl Placed {
    pub(crate) fn of(found: Found, place: Place) -> Self {
        let Place { rank, bridge, demoted, .. } = place;
        let score = ranking::score(found.brief);
        Self { found, rank, score, bridge, demoted }
    }
}

impl Found {
    fn sketch(&self) -> Sketch {
        Sketch {
            is_doubted: self.is_doubted,
            is_cache: self.kind == PeerType::Cache,
            class_floor: self.class_floor,
            ..Sketch::of(self.ordinal, self.brief)
        }
    }
}

/// Puts candidates in order, best first.
#[must_use]
pub fn rank(found: &[Found], policy: &Policy) -> Vec<Placed> {
    let sketches: Vec<Sketch> = found.iter().map(Found::sketch).collect();
    let places = ranking::order(&sketches, policy);
    places.into_iter().map(|place| Placed::of(found[place.candidate].clone(), place)).collect()
}
