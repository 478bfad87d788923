//! The book as it is kept over a restart.

use std::collections::BTreeMap;

use mp2p::id::PeerId;
use mp2p::message::server::UsageAccount;
use serde::{Deserialize, Serialize};

use crate::reservation::account::Accounts;
use crate::reservation::book::Book;
use crate::reservation::grant::Grant;
use crate::reservation::server::Server;

/// All of a book but its settings.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Kept {
    servers: BTreeMap<PeerId, Server>,
    grants: Vec<Grant>,
    accounts: Vec<UsageAccount>,
    epoch: u64,
}

impl Book {
    /// What is to be kept.
    #[must_use]
    pub fn keep(&self) -> Kept {
        Kept {
            servers: self.servers.clone(),
            grants: self.grants.values().cloned().collect(),
            accounts: self.accounts.all().cloned().collect(),
            epoch: self.epoch,
        }
    }

    /// Takes over what was kept. Servers have as long as ever to show that they are there.
    pub fn restore(&mut self, kept: Kept, now: u64) {
        self.epoch = self.epoch.max(kept.epoch);
        self.accounts = Accounts::restored(kept.accounts);
        self.servers = kept.servers;
        for server in self.servers.values_mut() {
            server.expires = now.saturating_add(self.settings.server_expires_seconds);
            server.reserved = mp2p::message::server::Capacity::default();
            server.spread_bytes = 0;
            server.grants.clear();
        }
        for grant in kept.grants {
            if let Some(server) = self.servers.get_mut(&grant.reservation.server) {
                server.take(&grant);
                self.enter(grant);
            }
        }
    }
}
