//! Limits of rates: token buckets that are never overdrawn by what is sent.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A bucket holds what may be spent in this part of a second…
const BURST_PARTS: u64 = 8;
/// … and room for the largest thing that is spent at once, at least.
const MIN_BURST: u64 = 4 << 10;
/// Bytes that have to be there before any are granted, where the bucket has twice as much room.
const STEP: u64 = 16 << 10;
/// Smallest slice that a slow rate is cut to.
const MIN_SLICE: u64 = 1 << 10;

/// Rates, bytes a second; `None`: no bound.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Rates {
    /// Sent to all.
    pub up: Option<u64>,
    /// Received from all.
    pub down: Option<u64>,
    /// Sent to one peer.
    pub peer_up: Option<u64>,
    /// Received from one peer.
    pub peer_down: Option<u64>,
    /// Sent to all peers of a class.
    pub class_up: BTreeMap<u8, u64>,
}

/// What may be sent and received now, by all engines of a peer together.
#[derive(Debug)]
pub struct Budget {
    rates: Rates,
    pub(crate) up: Bucket,
    pub(crate) down: Bucket,
    pub(crate) class_up: BTreeMap<u8, Bucket>,
}

/// One rate, and what may be spent of it now.
#[derive(Clone, Debug)]
pub struct Bucket {
    rate: Option<u64>,
    /// Millionths of a byte; negative: in debt.
    micro_bytes: i128,
    at: Instant,
}

impl Budget {
    /// A budget that begins empty.
    #[must_use]
    pub fn new(rates: Rates, now: Instant) -> Self {
        let class_up = rates.class_up.iter().map(|(class, rate)| (*class, *rate));
        let class_up = class_up.map(|(class, rate)| (class, Bucket::new(Some(rate), now)));
        Self {
            up: Bucket::new(rates.up, now),
            down: Bucket::new(rates.down, now),
            class_up: class_up.collect(),
            rates,
        }
    }

    /// Other rates from now on.
    pub fn set(&mut self, rates: Rates, now: Instant) {
        self.up.set(rates.up, now);
        self.down.set(rates.down, now);
        self.class_up.retain(|class, _| rates.class_up.contains_key(class));
        for (class, rate) in &rates.class_up {
            let bucket = self.class_up.entry(*class);
            bucket.or_insert_with(|| Bucket::new(Some(*rate), now)).set(Some(*rate), now);
        }
        self.rates = rates;
    }

    /// The rates in force.
    #[must_use]
    pub const fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Until when nothing is to be read from any link, so that the limit holds.
    pub fn read_after(&mut self, now: Instant) -> Option<Instant> {
        self.down.after(1, now)
    }

    /// Longest slice for a class, so that slow rates flow instead of jumping.
    pub(crate) fn slice(&self, class: u8, most: usize) -> usize {
        let class = self.class_up.get(&class).and_then(|bucket| bucket.rate);
        let rates = [self.rates.up, self.rates.peer_up, class];
        let slowest = rates.into_iter().flatten().min().unwrap_or(u64::MAX);
        most.min(usize::try_from((slowest / BURST_PARTS / 2).max(MIN_SLICE)).unwrap_or(most))
    }
}

impl Bucket {
    /// A bucket that begins empty.
    #[must_use]
    pub const fn new(rate: Option<u64>, now: Instant) -> Self {
        Self { rate, micro_bytes: 0, at: now }
    }

    /// Another rate from now on.
    pub fn set(&mut self, rate: Option<u64>, now: Instant) {
        self.fill(now);
        self.rate = rate;
        self.micro_bytes = match rate {
            Some(_) => self.micro_bytes.min(self.most()),
            None => 0,
        };
    }

    /// Until when `bytes` have to wait; `None`: they may go.
    pub fn after(&mut self, bytes: u64, now: Instant) -> Option<Instant> {
        let rate = self.rate?;
        self.fill(now);
        let needed = i128::from(bytes) * 1_000_000;
        let lacking = needed.min(self.most()) - self.micro_bytes;
        if lacking <= 0 {
            return None;
        }
        let micros = match rate {
            0 => 1_000_000,
            rate => u64::try_from(lacking / i128::from(rate) + 1).unwrap_or(u64::MAX),
        };
        Some(now + Duration::from_micros(micros.min(60_000_000)))
    }

    /// How many of `most` bytes may go now, which are to be spent; else when to ask again. It is
    /// not for a few bytes that anybody is woken.
    ///
    /// # Errors
    /// When to ask again.
    pub fn grant(&mut self, most: usize, now: Instant) -> Result<usize, Instant> {
        if self.rate.is_none() {
            return Ok(most);
        }
        let step = u64::try_from(self.most() / 2_000_000).unwrap_or(STEP).min(STEP);
        match self.after(step, now) {
            Some(later) => Err(later),
            None => Ok(usize::try_from(self.micro_bytes / 1_000_000).unwrap_or(most).min(most)),
        }
    }

    /// Puts back what was spent and not used.
    pub fn refund(&mut self, bytes: u64) {
        if self.rate.is_some() {
            self.micro_bytes = (self.micro_bytes + i128::from(bytes) * 1_000_000).min(self.most());
        }
    }

    /// Spends bytes, into debt where there are not enough.
    pub fn spend(&mut self, bytes: u64, now: Instant) {
        if self.rate.is_some() {
            self.fill(now);
            self.micro_bytes -= i128::from(bytes) * 1_000_000;
        }
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_micros();
        self.at = now.max(self.at);
        if let Some(rate) = self.rate {
            let gained = i128::try_from(passed).unwrap_or(i128::MAX / 2);
            let gained = gained.saturating_mul(i128::from(rate));
            self.micro_bytes = self.micro_bytes.saturating_add(gained).min(self.most());
        }
    }

    fn most(&self) -> i128 {
        let burst = (self.rate.unwrap_or_default() / BURST_PARTS).max(MIN_BURST);
        i128::from(burst) * 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 80 000 bytes a second, slices of 1000: what went in any span is at most the rate times the
    /// span and one burst (an eighth of a second).
    #[test]
    fn a_rate_holds_in_every_span() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Some(80_000), start);
        let mut sent = Vec::new();
        let mut now = start;
        while now < start + Duration::from_secs(5) {
            match bucket.after(1000, now) {
                None => {
                    bucket.spend(1000, now);
                    sent.push(now);
                }
                Some(later) => now = later,
            }
        }
        assert!((399..=400).contains(&sent.len()), "{}", sent.len());
        for (first, &from) in sent.iter().enumerate() {
            for (count, &to) in sent[first..].iter().enumerate() {
                let allowed = (to - from).as_secs_f64() * 80_000.0 + 10_000.0 + 1.0;
                assert!((count * 1000) as f64 <= allowed);
            }
        }
    }

    #[test]
    fn another_rate_counts_at_once_and_none_is_no_bound() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Some(0), start);
        assert!(bucket.after(1, start + Duration::from_secs(9)).is_some());
        bucket.set(None, start + Duration::from_secs(9));
        assert_eq!(bucket.after(u64::MAX, start + Duration::from_secs(9)), None);
        bucket.set(Some(1_000_000), start + Duration::from_secs(9));
        let later = bucket.after(4000, start + Duration::from_secs(9)).unwrap();
        assert_eq!((later - start).as_micros(), 9_004_001);
    }

    #[test]
    fn slices_get_smaller_where_the_rate_is_slow() {
        let rates = Rates { up: Some(160_000), ..Rates::default() };
        let budget = Budget::new(rates, Instant::now());
        assert_eq!(budget.slice(0, 32 << 10), 10_000);
        assert_eq!(Budget::new(Rates::default(), Instant::now()).slice(0, 32 << 10), 32 << 10);
    }
}
