//! Whose certificates the provider has revoked, and which CAs it trusts: others are refused by
//! this peer, and let go where they are linked, within the time that the settings say. A CA that
//! is new is known by then as well, long before it signs.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use link::pki::{PkiError, enrolment};

use crate::node::Node;
use crate::transfer::Command;

/// After a try that failed, where the setting is not shorter.
const RETRY: Duration = Duration::from_secs(15);
/// Digits of an issuer.
const ISSUER_DIGITS: usize = 64;

/// Fetches CAs and lists again and again until shutdown.
pub(crate) async fn follow(node: Arc<Node>) {
    let every = Duration::from_secs(node.settings().refresh.revocations_seconds);
    let pki = node.home.pki();
    let mut refused = Refusing::default();
    let _first = refused.learn(&pki);
    loop {
        let fetched = enrolment::fetch_trust(&node.identity.url, &pki).await;
        let wait = match fetched.map_err(anyhow::Error::from).and_then(|()| node.identity.reload())
        {
            Ok(()) => every,
            Err(error) => {
                let error = format!("{error:#}");
                tracing::info!(error, "whom to trust is as it was");
                every.min(RETRY)
            }
        };
        match refused.learn(&pki) {
            Ok(false) => {}
            Ok(true) => {
                let now = Arc::new(refused.marks.clone());
                node.revoked.tell(Arc::clone(&now));
                node.each(|_| true, || Command::Revoked(Arc::clone(&now)));
            }
            Err(error) => tracing::warn!(%error, "whom to refuse cannot be read"),
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = node.shutdown.wait() => return,
        }
    }
}

/// What is refused, by marks of certificates.
#[derive(Default)]
struct Refusing {
    marks: BTreeSet<String>,
    /// The CAs that are trusted.
    issuers: BTreeSet<String>,
}

impl Refusing {
    /// Reads what is in the folder; whether more is refused than was. A CA that was trusted and is
    /// not is refused until it is trusted again.
    fn learn(&mut self, pki: &Path) -> Result<bool, PkiError> {
        let issuers: BTreeSet<String> = enrolment::issuers(pki)?.into_iter().collect();
        let mut marks = enrolment::revoked(pki)?;
        let before = self.marks.iter().chain(&self.issuers);
        // Issuers are digests, and longer than any serial number.
        let gone = before.filter(|it| it.len() == ISSUER_DIGITS && !issuers.contains(*it));
        marks.extend(gone.cloned());
        let is_more = !marks.is_subset(&self.marks);
        (self.marks, self.issuers) = (marks, issuers);
        Ok(is_more)
    }
}

#[cfg(test)]
mod tests {
    use link::pki::{Authority, PkiSettings};

    use super::*;

    #[test]
    fn a_ca_that_is_trusted_no_more_is_refused_and_a_new_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let settings = PkiSettings {
            trust_domain: "provider.example".into(),
            server_path: "p2psp/p2psp/ums/1".into(),
            server_names: vec![],
            peer_life: Duration::from_secs(3600),
        };
        let authority = Authority::init(folder.path(), &settings).unwrap();
        let first = enrolment::issuers(folder.path()).unwrap();
        let mut refusing = Refusing::default();
        assert!(!refusing.learn(folder.path()).unwrap());
        authority.next_ca().unwrap();
        assert!(!refusing.learn(folder.path()).unwrap());
        authority.switch_ca(true).unwrap();
        assert!(!refusing.learn(folder.path()).unwrap());
        authority.retire_ca(true, Duration::ZERO).unwrap();
        assert!(refusing.learn(folder.path()).unwrap());
        assert_eq!(refusing.marks.iter().collect::<Vec<_>>(), first.iter().collect::<Vec<_>>());
        assert!(!refusing.learn(folder.path()).unwrap(), "said once");
        assert_eq!(refusing.marks.len(), 1);
    }
}
