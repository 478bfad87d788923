//! The cache shows OMS that it is there, and what it has to give (R8).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use mp2p::message::bound::List;
use mp2p::message::join::{AddressKind, PeerAddress};
use mp2p::message::server::{
    Capacity, MAX_IN_FORCE, ReservationChange, ServerAnswer, ServerKind, ServerRegistration,
};
use mp2p::reservation::Reservation;
use mp2p::signed::VerifyingKey;

use crate::node::Node;
use crate::node::caching::Caching;
use crate::provider::ProviderError;
use crate::relay::unix_s;

/// After a registration that failed.
const RETRY: Duration = Duration::from_secs(5);
/// Left free on the file system, bytes.
const HEADROOM_BYTES: u64 = 64 << 20;

impl Caching {
    /// Registers; when to do it again.
    pub(crate) async fn register(&self, node: &Arc<Node>) -> Duration {
        let known = self.lock().book.ids();
        match self.show(node).await {
            Ok(answer) => {
                self.settle(node, &answer, &known);
                Duration::from_secs(answer.heartbeat_interval.max(1))
            }
            Err(error) => {
                tracing::warn!(%error, "OMS does not take this cache");
                self.lock().registered = false;
                RETRY
            }
        }
    }

    async fn show(&self, node: &Node) -> Result<ServerAnswer, ProviderError> {
        let settings = node.settings();
        let storage_bytes = self.room(settings.cache.storage_bytes());
        let limit_bps = match settings.limits.up_kbps {
            0 => u64::MAX,
            kbps => kbps.saturating_mul(1000),
        };
        let address = PeerAddress {
            ip_address: std::net::Ipv4Addr::UNSPECIFIED.into(),
            port: node.port,
            kind: AddressKind::Host,
        };
        let epoch = {
            let mut state = self.lock();
            state.book.resize(storage_bytes);
            state.book.epoch()
        };
        let registration = ServerRegistration {
            kind: ServerKind::Cs,
            peer_addr: List::new(vec![address]).unwrap_or_default(),
            capacity: Capacity {
                bandwidth_bps: settings.cache.bandwidth_kbps.saturating_mul(1000).min(limit_bps),
                storage_bytes,
                circuits: settings.cache.reservations,
            },
            dedicated: self.dedicated,
            epoch,
        };
        node.provider.ask(Method::PUT, "/oms/server", Some(&registration)).await
    }

    /// What it can give: as the settings say, where the disk has as much.
    fn room(&self, set_bytes: u64) -> u64 {
        match self.disk.free_bytes() {
            Ok(free) => {
                let here: u64 = self.disk.all().iter().map(|(_, bytes)| bytes).sum();
                set_bytes.min(here.saturating_add(free).saturating_sub(HEADROOM_BYTES))
            }
            Err(error) => {
                tracing::warn!(%error, "the disk does not say what is free");
                set_bytes
            }
        }
    }

    /// What OMS says is reserved is what is reserved: nothing older than this registration, and of
    /// what was known when it was asked nothing that it does not know.
    fn settle(&self, node: &Arc<Node>, answer: &ServerAnswer, known: &BTreeSet<String>) {
        let Ok(key) = VerifyingKey::parse(&answer.oms_key) else {
            tracing::error!("OMS gives a key that is none");
            return;
        };
        let mut state = self.lock();
        state.registered = true;
        // The first key stays: whoever could change it could reserve and release.
        let key = state.key.get_or_insert(key).clone();
        let void = state.book.raise(answer.epoch);
        if void > 0 {
            tracing::info!(void, "reservations of an earlier registration are void");
        }
        let mut told = BTreeSet::new();
        let mut refused = Vec::new();
        for one in answer.reservations.iter() {
            let taken = state.book.take(&one.reservation, &key, unix_s());
            if let Ok(opened) = Reservation::open(&one.reservation, &key) {
                told.insert(opened.reservation_id.to_string());
            }
            if let Err(error) = taken {
                tracing::warn!(%error, "a reservation is not kept");
                refused.push(one.reservation.clone());
            }
        }
        if answer.reservations.len() < MAX_IN_FORCE {
            state.book.settle(known, &told);
        }
        drop(state);
        for signed in refused {
            self.give_back(node, &signed, &key);
        }
    }

    /// Tells OMS that a reservation is not kept, where it is one of OMS' for this cache and what is
    /// known of it is not newer.
    pub(crate) fn give_back(&self, node: &Arc<Node>, signed: &str, key: &VerifyingKey) {
        let Ok(of) = Reservation::open(signed, key) else { return };
        let is_known = self.lock().book.ids().contains(&*of.reservation_id);
        if is_known || of.server != node.identity.peer || of.epoch < self.lock().book.floor() {
            return;
        }
        let node = Arc::clone(node);
        tokio::spawn(async move {
            let change =
                ReservationChange { reservation_id: of.reservation_id, duration_seconds: None };
            let told = node.provider.tell(Method::DELETE, "/oms/reservation", Some(&change)).await;
            if let Err(error) = told {
                tracing::warn!(%error, "OMS does not take a reservation back");
            }
        });
    }
}
