//! How often a way to one peer is tried: few times, farther and farther apart.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use mp2p::id::PeerId;

/// Waits after each try that failed; the last again and again.
const WAITS: [Duration; 4] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(600),
    Duration::from_secs(3600),
];
/// Peers remembered at most.
const MAX_PEERS: usize = 1000;

/// Tries that failed, by peer.
#[derive(Debug, Default)]
pub struct Tries {
    failed: HashMap<PeerId, (usize, Instant)>,
}

impl Tries {
    /// Whether a way to `peer` may be tried now.
    #[must_use]
    pub fn may(&self, peer: &PeerId, now: Instant) -> bool {
        self.failed.get(peer).is_none_or(|(_, until)| now >= *until)
    }

    /// A try begins: there is none beside it, and none for a while after it unless it succeeds.
    pub fn begin(&mut self, peer: &PeerId, now: Instant) {
        if self.failed.len() >= MAX_PEERS && !self.failed.contains_key(peer) {
            self.failed.retain(|_, (_, until)| now < *until);
            if self.failed.len() >= MAX_PEERS {
                return;
            }
        }
        let (count, until) = self.failed.entry(peer.clone()).or_insert((0, now));
        *until = now + WAITS[(*count).min(WAITS.len() - 1)];
        *count += 1;
    }

    /// It succeeded: the next may begin at once.
    pub fn succeeded(&mut self, peer: &PeerId) {
        self.failed.remove(peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_grow_rare_and_success_forgets_them() {
        let peer = PeerId::parse(&"a".repeat(64)).unwrap();
        let (mut tries, start) = (Tries::default(), Instant::now());
        let mut made = 0;
        for second in 0..7200 {
            let now = start + Duration::from_secs(second);
            if tries.may(&peer, now) {
                tries.begin(&peer, now);
                made += 1;
            }
        }
        // At 0, 10, 70, 670 and 4270 s.
        assert_eq!(made, 5);
        tries.succeeded(&peer);
        assert!(tries.may(&peer, start + Duration::from_secs(7200)));
    }
}
