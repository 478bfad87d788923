//! Certificates that the provider has revoked, as this peer learnt last, for those who keep
//! connections that outlast a handshake.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

/// Serial numbers, lower-case hex digits.
pub(crate) type Serials = Arc<BTreeSet<String>>;

/// Told by whoever follows the provider's list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Revoked(watch::Sender<Serials>);

impl Revoked {
    /// More are revoked.
    pub(crate) fn tell(&self, serials: Serials) {
        self.0.send_replace(serials);
    }

    /// Until the certificate with this number is among them.
    pub(crate) async fn names(&self, serial: &str) {
        // The sender lives as long as this value.
        let _ = self.0.subscribe().wait_for(|serials| serials.contains(serial)).await;
    }

    /// What is said of it from now on.
    pub(crate) fn follow(&self) -> watch::Receiver<Serials> {
        self.0.subscribe()
    }
}
