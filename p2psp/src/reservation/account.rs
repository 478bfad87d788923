//! Who used how much of which server (Req-Net-120, Req-Traffic-080).

use std::collections::BTreeMap;

use mp2p::id::PeerId;
use mp2p::message::server::{ServerKind, UsageAccount};

/// Accounts kept at most; beyond that the one that was used longest ago makes room.
const MAX_ACCOUNTS: usize = 200_000;

/// Sums by holder and server.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    by_holder: BTreeMap<PeerId, BTreeMap<PeerId, UsageAccount>>,
    kept: usize,
}

impl Accounts {
    /// More has gone through: bytes in and out since the last report.
    pub(crate) fn add(
        &mut self,
        (holder, server): (&PeerId, &PeerId),
        kind: ServerKind,
        (bytes_in, bytes_out): (u64, u64),
        now: u64,
    ) {
        let known = self.by_holder.get(holder).is_some_and(|theirs| theirs.contains_key(server));
        if !known {
            self.make_room();
            self.put(UsageAccount {
                holder: holder.clone(),
                server: server.clone(),
                kind,
                bytes_in: 0,
                bytes_out: 0,
                updated: now,
            });
        }
        let theirs = self.by_holder.get_mut(holder);
        if let Some(account) = theirs.and_then(|theirs| theirs.get_mut(server)) {
            account.bytes_in = account.bytes_in.saturating_add(bytes_in);
            account.bytes_out = account.bytes_out.saturating_add(bytes_out);
            account.updated = now;
        }
    }

    fn make_room(&mut self) {
        if self.kept < MAX_ACCOUNTS {
            return;
        }
        let oldest = self.all().min_by_key(|account| account.updated).cloned();
        let Some(UsageAccount { holder, server, .. }) = oldest else { return };
        if let Some(theirs) = self.by_holder.get_mut(&holder) {
            theirs.remove(&server);
            self.kept -= 1;
            if theirs.is_empty() {
                self.by_holder.remove(&holder);
            }
        }
    }

    fn put(&mut self, account: UsageAccount) {
        let theirs = self.by_holder.entry(account.holder.clone()).or_default();
        self.kept += usize::from(theirs.insert(account.server.clone(), account).is_none());
    }

    /// Those of a holder.
    pub fn of_holder(&self, holder: &PeerId) -> impl Iterator<Item = &UsageAccount> {
        self.by_holder.get(holder).into_iter().flat_map(BTreeMap::values)
    }

    /// Those at a server.
    pub fn at_server(&self, server: &PeerId) -> impl Iterator<Item = &UsageAccount> {
        self.by_holder.values().filter_map(|theirs| theirs.get(server))
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &UsageAccount> {
        self.by_holder.values().flat_map(BTreeMap::values)
    }

    /// From accounts that were kept.
    #[must_use]
    pub fn restored(accounts: impl IntoIterator<Item = UsageAccount>) -> Self {
        let mut all = Self::default();
        accounts.into_iter().take(MAX_ACCOUNTS).for_each(|account| all.put(account));
        all
    }
}
