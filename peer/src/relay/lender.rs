//! What a relay has to give beyond what its holders use goes to whoever has more to send: what is
//! reserved for each is what it has in any case, not the most that it may have.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A waker that comes late makes up for so much.
const LATE: Duration = Duration::from_millis(20);
/// What is owed beyond this time is let off.
const MAX_OWED: Duration = Duration::from_secs(10);

/// The whole of what a relay has to give.
#[derive(Debug, Default)]
pub struct Lender {
    /// Bytes a second; 0: nothing is lent.
    rate: u64,
    /// When what all were let through so far is paid for.
    paid: Mutex<Option<Instant>>,
}

impl Lender {
    /// Of a relay that has `bandwidth_bps` to give in all; 0: nothing is lent.
    #[must_use]
    pub fn new(bandwidth_bps: u64) -> Self {
        Self { rate: bandwidth_bps / 8, paid: Mutex::default() }
    }

    /// Bytes a second.
    pub(crate) fn rate(&self) -> u64 {
        self.rate
    }

    /// When `bytes` may pass that their holder has reserved for `own`; whether that is lent, or its
    /// own.
    pub(crate) fn pass(&self, bytes: u64, own: Instant, now: Instant) -> (Instant, bool) {
        if self.rate == 0 {
            return (own, false);
        }
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(LATE).unwrap_or(now);
        let free = paid.map_or(now, |paid| paid.clamp(earliest, now + MAX_OWED));
        let cost = Duration::from_secs_f64(bytes as f64 / self.rate as f64);
        *paid = Some(free + cost);
        let at = free.max(now);
        match own <= at {
            true => (own, false),
            false => (at, true),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::relay::Account;

    /// A relay of 80,000 bit/s, 10,000 bytes a second, with 8,000 bit/s reserved for each of two.
    fn two() -> (Account, Account) {
        let lender = Arc::new(Lender::new(80_000));
        let account = || Account::new(0, 8000).lent_by(Arc::clone(&lender));
        (account(), account())
    }

    #[test]
    fn who_is_alone_has_the_whole_relay_and_no_more() {
        let (alone, _other) = two();
        let now = Instant::now();
        let waits: Vec<u64> = (0..21)
            .map(|_| alone.take(1000, true, now).wait.as_millis().try_into().unwrap())
            .collect();
        // The first by its own share; each of the others a tenth of a second after the one before.
        let expected: Vec<u64> = [0].into_iter().chain((1..10).map(|n| n * 100)).collect();
        assert_eq!(waits[..10], expected);
        // What is reserved for it comes besides once in a second, and pushes the others back.
        let last = waits[20];
        assert!((1800..=2000).contains(&last), "{waits:?}");
    }

    #[test]
    fn who_comes_later_has_what_is_reserved_at_once() {
        let (greedy, modest) = two();
        let now = Instant::now();
        for _ in 0..40 {
            greedy.take(1000, true, now);
        }
        assert_eq!(modest.take(1000, false, now).wait, Duration::ZERO);
        // Its next is its own a second later, long before anything would be lent.
        assert_eq!(modest.take(1000, false, now).wait, Duration::from_secs(1));
    }

    #[test]
    fn where_nothing_is_lent_the_reserved_rate_is_all() {
        let lender = Arc::new(Lender::new(0));
        let account = Account::new(0, 8000).lent_by(lender);
        let now = Instant::now();
        assert_eq!(account.take(500, true, now).wait, Duration::ZERO);
        assert_eq!(account.take(500, true, now).wait, Duration::from_millis(500));
    }
}
