//! Certificates that the provider has revoked, and CAs that it trusts no more, as this peer learnt
//! last, for those who keep connections that outlast a handshake.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

/// Marks ([`link::Identity::marks`]) by which certificates are refused: serial numbers and issuers.
pub(crate) type Refused = Arc<BTreeSet<String>>;

/// Those of the certificate that somebody came with.
pub(crate) type Marks = [String; 2];

/// Whether a certificate is among those that are refused.
pub(crate) fn is_refused(marks: &Marks, refused: &BTreeSet<String>) -> bool {
    marks.iter().any(|mark| refused.contains(mark))
}

/// Told by whoever follows the provider's list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Revoked(watch::Sender<Refused>);

impl Revoked {
    /// More are refused.
    pub(crate) fn tell(&self, refused: Refused) {
        self.0.send_replace(refused);
    }

    /// Until the certificate with these marks is among them.
    pub(crate) async fn names(&self, marks: &Marks) {
        // The sender lives as long as this value.
        let _ = self.0.subscribe().wait_for(|refused| is_refused(marks, refused)).await;
    }

    /// What is said of it from now on.
    pub(crate) fn follow(&self) -> watch::Receiver<Refused> {
        self.0.subscribe()
    }
}
