//! One cache or relay server in the book.

use std::collections::BTreeSet;

use mp2p::id::{PeerId, UserId};
use mp2p::message::join::PeerAddress;
use mp2p::message::server::{Capacity, ServerKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reservation::grant::Grant;

/// A server that registers, or shows that it is there.
#[derive(Clone, Debug)]
pub struct Enlisting {
    /// The server.
    pub peer: PeerId,
    /// The user whose it is; the provider's own has none.
    pub user: Option<UserId>,
    /// A cache or a relay.
    pub kind: ServerKind,
    /// Where peers reach it.
    pub address: PeerAddress,
    /// What it has to give.
    pub capacity: Capacity,
    /// The provider's own device.
    pub dedicated: bool,
    /// The highest epoch that it knows.
    pub epoch: Option<u64>,
}

/// What became of a registration.
#[derive(Clone, Debug)]
pub struct Enlisted {
    /// Reservations of older epochs are void.
    pub floor: u64,
    /// What is reserved with it.
    pub grants: Vec<Grant>,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// A server, as operators see it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServerView {
    /// The server.
    pub peer_id: PeerId,
    /// A cache or a relay.
    pub kind: ServerKind,
    /// Where peers reach it.
    pub address: String,
    /// The provider's own device.
    pub dedicated: bool,
    /// What it has to give.
    pub capacity: Capacity,
    /// What of it is reserved; `circuits`: for how many.
    pub reserved: Capacity,
    /// It told of a fault, and gets nothing new until then, Unix seconds.
    pub faulty_until: Option<u64>,
    /// It counts as gone then, Unix seconds.
    pub expires: u64,
}

/// A server.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Server {
    /// Whose; none of the provider's own.
    #[serde(default)]
    pub(crate) user: Option<UserId>,
    pub(crate) kind: ServerKind,
    pub(crate) address: PeerAddress,
    pub(crate) capacity: Capacity,
    pub(crate) dedicated: bool,
    pub(crate) floor: u64,
    pub(crate) expires: u64,
    pub(crate) faulty_until: u64,
    /// Sums over `grants`.
    pub(crate) reserved: Capacity,
    /// Of that given to orders for as much as there is, bytes.
    #[serde(default)]
    pub(crate) spread_bytes: u64,
    pub(crate) grants: BTreeSet<String>,
}

impl Server {
    pub(crate) fn new(told: &Enlisting, floor: u64) -> Self {
        Self {
            user: told.user.clone(),
            kind: told.kind,
            address: told.address.clone(),
            capacity: told.capacity,
            dedicated: told.dedicated,
            floor,
            expires: 0,
            faulty_until: 0,
            reserved: Capacity::default(),
            spread_bytes: 0,
            grants: BTreeSet::new(),
        }
    }

    /// What is not reserved: bit/s, bytes. None where it takes nobody more.
    pub(crate) fn free(&self, now: u64) -> Option<(u64, u64)> {
        let (all, used) = (&self.capacity, &self.reserved);
        let has_circuit = all.circuits == 0 || used.circuits < all.circuits;
        let serves = self.expires > now && self.faulty_until <= now && has_circuit;
        serves.then(|| {
            let bandwidth = all.bandwidth_bps.saturating_sub(used.bandwidth_bps);
            (bandwidth, all.storage_bytes.saturating_sub(used.storage_bytes))
        })
    }

    /// Bytes that orders for as much as there is may have of it still: the other half is for those
    /// who ask for what they need.
    pub(crate) fn to_spread(&self) -> u64 {
        (self.capacity.storage_bytes / 2).saturating_sub(self.spread_bytes)
    }

    pub(crate) fn take(&mut self, grant: &Grant) {
        let (reserved, of) = (&mut self.reserved, &grant.reservation);
        reserved.bandwidth_bps += of.bandwidth_bps;
        reserved.storage_bytes += of.storage_bytes;
        reserved.circuits += 1;
        if grant.at_most {
            self.spread_bytes = self.spread_bytes.saturating_add(of.storage_bytes);
        }
        self.grants.insert(grant.id().to_string());
    }

    pub(crate) fn give_back(&mut self, grant: &Grant) {
        if self.grants.remove(&**grant.id()) {
            let (reserved, of) = (&mut self.reserved, &grant.reservation);
            reserved.bandwidth_bps -= of.bandwidth_bps;
            reserved.storage_bytes -= of.storage_bytes;
            reserved.circuits -= 1;
            if grant.at_most {
                self.spread_bytes = self.spread_bytes.saturating_sub(of.storage_bytes);
            }
        }
    }

    pub(crate) fn view(&self, peer: &PeerId) -> ServerView {
        ServerView {
            peer_id: peer.clone(),
            kind: self.kind,
            address: format!("{}:{}", self.address.ip_address, self.address.port),
            dedicated: self.dedicated,
            capacity: self.capacity,
            reserved: self.reserved,
            faulty_until: (self.faulty_until > 0).then_some(self.faulty_until),
            expires: self.expires,
        }
    }
}
