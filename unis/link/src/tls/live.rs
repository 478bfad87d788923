//! Connections that live, by the certificate that opened them: revocation reaches them too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls_pki_types::CertificateDer;
use tokio_util::sync::CancellationToken;

/// A client's chain, leaf first.
pub(crate) type Chain = Arc<[CertificateDer<'static>]>;

/// The register of one listener's TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Live {
    register: Arc<Mutex<Register>>,
}

#[derive(Debug, Default)]
struct Register {
    next: u64,
    entries: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    chain: Chain,
    close: CancellationToken,
}

/// A place in the register, left when dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    live: Live,
    number: u64,
}

impl Live {
    /// Enters a connection; `close` will be cancelled when its certificate is no longer good.
    pub(crate) fn enter(&self, chain: Chain, close: CancellationToken) -> Registration {
        let mut register = self.lock();
        let number = register.next;
        register.next += 1;
        register.entries.insert(number, Entry { chain, close });
        Registration { live: self.clone(), number }
    }

    /// Closes every connection whose chain is no longer `trusted`; returns how many.
    pub(crate) fn sweep(&self, trusted: impl Fn(&Chain) -> bool) -> usize {
        // Verifying takes long enough that new connections should not wait for it.
        let entries: Vec<(Chain, CancellationToken)> = self
            .lock()
            .entries
            .values()
            .map(|entry| (Arc::clone(&entry.chain), entry.close.clone()))
            .collect();
        let mut verdicts: HashMap<CertificateDer<'static>, bool> = HashMap::new();
        let mut closed = 0;
        for (chain, close) in entries {
            let Some(leaf) = chain.first() else { continue };
            let good = match verdicts.get(leaf) {
                Some(known) => *known,
                None => *verdicts.entry(leaf.clone()).or_insert_with(|| trusted(&chain)),
            };
            if !good {
                close.cancel();
                closed += 1;
            }
        }
        closed
    }

    fn lock(&self) -> MutexGuard<'_, Register> {
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.live.lock().entries.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(leaf: &[u8]) -> Chain {
        Arc::from([CertificateDer::from(leaf.to_vec())])
    }

    #[test]
    fn only_those_no_longer_trusted_are_closed() {
        let live = Live::default();
        let (good, bad) = (CancellationToken::new(), CancellationToken::new());
        let _one = live.enter(chain(b"good"), good.clone());
        let _two = live.enter(chain(b"bad"), bad.clone());
        let closed = live.sweep(|chain| chain[0].as_ref() == b"good");
        assert_eq!((closed, good.is_cancelled(), bad.is_cancelled()), (1, false, true));
    }

    #[test]
    fn a_closed_connection_leaves_the_register() {
        let live = Live::default();
        drop(live.enter(chain(b"x"), CancellationToken::new()));
        assert_eq!(live.sweep(|_| false), 0);
    }
}
