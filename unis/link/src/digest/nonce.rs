//! Nonces that the server knows again without keeping them, and the counts that were used of each
//! (RFC 7616 §5.4, §5.5). Pure but for randomness: `now` is an argument.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::crypto::{NoRandomness, random};

/// Bytes of the time of issue (ms) and of the random part: together the nonce's name.
const NAME_BYTES: usize = 16;
/// Bytes of the HMAC-SHA-256 that are sent.
const TAG_BYTES: usize = 16;
/// Nonces whose counts are kept; beyond it the oldest are used up before their time.
const MAX_IN_USE: usize = 16_384;

/// Issues nonces and sees that each count of one is used once.
#[derive(Debug)]
pub(crate) struct Nonces {
    key: hmac::Key,
    lifetime: Duration,
    used: Mutex<Used>,
}

/// Only nonces that came with a good password are in here.
#[derive(Debug, Default)]
struct Used {
    counts: HashMap<[u8; NAME_BYTES], Counts>,
    /// Nonces that were issued before are used up.
    since_ms: u64,
}

/// The highest count, and which of the 64 below it were used: requests of one client overtake each
/// other.
#[derive(Copy, Clone, Debug, Default)]
struct Counts {
    highest: u32,
    below: u64,
}

impl Nonces {
    pub(crate) fn new(lifetime: Duration) -> Result<Self, NoRandomness> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &random::<32>()?);
        Ok(Self { key, lifetime, used: Mutex::default() })
    }

    pub(crate) fn lifetime(&self) -> Duration {
        self.lifetime
    }

    pub(crate) fn fresh(&self, now: Duration) -> Result<String, NoRandomness> {
        let mut bytes = Vec::with_capacity(NAME_BYTES + TAG_BYTES);
        bytes.extend_from_slice(&millis(now).to_be_bytes());
        bytes.extend_from_slice(&random::<8>()?);
        let tag = hmac::sign(&self.key, &bytes);
        bytes.extend(tag.as_ref().iter().take(TAG_BYTES));
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Uses a count of a nonce up; `false` where the nonce is not ours or too old, or the count was
    /// used before.
    pub(crate) fn take(&self, nonce: &str, count: u32, now: Duration) -> bool {
        let Some(name) = self.name(nonce) else { return false };
        let issued_ms = issued_ms(&name);
        let until = Duration::from_millis(issued_ms).saturating_add(self.lifetime);
        if now > until {
            return false;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if issued_ms < used.since_ms {
            return false;
        }
        if used.counts.len() >= MAX_IN_USE && !used.counts.contains_key(&name) {
            used.forget_the_older_half();
            if issued_ms < used.since_ms {
                return false;
            }
        }
        used.counts.entry(name).or_default().take(count)
    }

    /// The name of a nonce that we issued.
    fn name(&self, nonce: &str) -> Option<[u8; NAME_BYTES]> {
        let bytes = URL_SAFE_NO_PAD.decode(nonce).ok()?;
        let (name, tag) = bytes.split_first_chunk::<NAME_BYTES>()?;
        let expected = hmac::sign(&self.key, name);
        let expected = expected.as_ref().get(..TAG_BYTES)?;
        constant_time::verify_slices_are_equal(expected, tag).ok()?;
        Some(*name)
    }
}

impl Used {
    /// Makes room; what is forgotten cannot be used again, since it is older than what is kept.
    fn forget_the_older_half(&mut self) {
        let mut times: Vec<u64> = self.counts.keys().map(issued_ms).collect();
        let (_, median, _) = times.select_nth_unstable(MAX_IN_USE / 2);
        let since_ms = median.saturating_add(1);
        self.since_ms = since_ms;
        self.counts.retain(|name, _| issued_ms(name) >= since_ms);
    }
}

impl Counts {
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let shift = count - self.highest;
            // The highest so far becomes one of those below; before the first there is none.
            let with_highest = self.below.checked_shl(shift).unwrap_or(0);
            let mark = 1_u64.checked_shl(shift - 1).filter(|_| self.highest > 0).unwrap_or(0);
            (self.highest, self.below) = (count, with_highest | mark);
            return true;
        }
        let back = self.highest - count;
        let Some(mark) = back.checked_sub(1).and_then(|shift| 1_u64.checked_shl(shift)) else {
            return false;
        };
        let is_new = self.below & mark == 0;
        self.below |= mark;
        is_new
    }
}

fn issued_ms(name: &[u8; NAME_BYTES]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *name;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const LIFETIME: Duration = Duration::from_secs(300);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_nonce_is_good_for_its_lifetime_and_each_count_once() {
        let nonces = Nonces::new(LIFETIME).unwrap();
        let nonce = nonces.fresh(at(10)).unwrap();
        assert!(nonces.take(&nonce, 1, at(310)));
        assert!(!nonces.take(&nonce, 1, at(310)));
        assert!(!nonces.take(&nonce, 2, at(311)));
    }

    #[test]
    fn counts_may_overtake_each_other_by_64() {
        let mut counts = Counts::default();
        for count in [3, 1, 2, 70, 6, 69] {
            assert!(counts.take(count), "{count}");
        }
        for count in [3, 1, 2, 70, 6, 69, 5, 4] {
            assert!(!counts.take(count), "{count}");
        }
        assert!(counts.take(u32::MAX));
        assert!(counts.take(u32::MAX - 64) && !counts.take(u32::MAX - 65));
    }

    /// Against a set of all that was used, in whatever order.
    #[test]
    fn no_count_is_taken_twice() {
        let (mut counts, mut seen) = (Counts::default(), HashSet::new());
        let mut state = 7_u32;
        for _ in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let near = counts.highest.saturating_sub(80) + 1 + (state >> 16) % 100;
            let fits = near > counts.highest || counts.highest - near <= 64;
            assert_eq!(counts.take(near), fits && seen.insert(near), "{near}");
        }
    }

    #[test]
    fn another_servers_nonce_or_a_changed_one_is_none() {
        let (own, other) = (Nonces::new(LIFETIME).unwrap(), Nonces::new(LIFETIME).unwrap());
        let nonce = other.fresh(at(0)).unwrap();
        assert!(!own.take(&nonce, 1, at(0)));
        let changed =
            nonce.replacen(&nonce[..1], if nonce.starts_with('B') { "C" } else { "B" }, 1);
        assert!(!other.take(&changed, 1, at(0)));
        for text in ["", "AAAA", "not base64 !", &nonce[..21]] {
            assert!(!other.take(text, 1, at(0)), "{text}");
        }
        assert!(other.take(&nonce, 1, at(0)));
    }

    #[test]
    fn the_table_of_nonces_has_an_end_and_what_it_forgets_is_used_up() {
        let nonces = Nonces::new(LIFETIME).unwrap();
        let issued: Vec<String> = (0..MAX_IN_USE as u64 + 1)
            .map(|number| nonces.fresh(Duration::from_millis(number)).unwrap())
            .collect();
        for nonce in &issued {
            assert!(nonces.take(nonce, 1, at(20)));
        }
        assert!(nonces.used.lock().unwrap().counts.len() <= MAX_IN_USE);
        let (oldest, newest) = (&issued[0], &issued[MAX_IN_USE]);
        assert!(!nonces.take(oldest, 2, at(20)));
        assert!(nonces.take(newest, 2, at(20)));
    }
}
