//! How many pairs of endpoints a query may ask for, and a client in a second (RFC 7285 §15.5.1).

use std::net::IpAddr;
use std::num::NonZeroU32;

use link::rate::{Rate, Source, SourceRate};

use crate::resource::Refusal;

/// Lets a query of so many sources and destinations in, or not.
pub trait PairBound {
    /// # Errors
    /// It asks for too much, at once or by now.
    fn admit(&self, sources: usize, destinations: usize) -> Result<(), Refusal>;

    /// The same for a map, which may be of any size.
    ///
    /// # Errors
    /// It asks for too much by now.
    fn admit_map(&self, _sources: usize, _destinations: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

/// At once alone.
impl PairBound for usize {
    fn admit(&self, sources: usize, destinations: usize) -> Result<(), Refusal> {
        match sources.saturating_mul(destinations) > *self {
            true => Err(Refusal::TooManyPairs { sources, destinations, limit: *self }),
            false => Ok(()),
        }
    }
}

/// How many pairs each client may ask for in a second.
pub struct PairRate {
    rate: SourceRate,
    /// What is there after a pause.
    burst: u32,
}

impl PairRate {
    /// A bound for every partner, and for each address of clients that are none; of the own machine
    /// only if `loopback_too`. `None` where `per_second` is 0. One query of `max_pairs` always fits
    /// after a pause.
    #[must_use]
    pub fn new(per_second: u32, max_pairs: usize, loopback_too: bool) -> Option<Self> {
        let burst = u32::try_from(max_pairs).unwrap_or(u32::MAX).max(per_second);
        let rate = SourceRate::new(Source::Host, Rate { per_second, burst }, loopback_too)?;
        Some(Self { rate, burst })
    }
}

/// What one client may ask for.
pub struct PairBudget<'a> {
    /// At once.
    pub max_pairs: usize,
    /// In a second.
    pub rate: Option<&'a PairRate>,
    /// Whose it is, where a partner's, by certificate or password.
    pub partner: Option<&'a String>,
    /// From where it is asked.
    pub address: IpAddr,
}

impl PairBudget<'_> {
    fn take(&self, sources: usize, destinations: usize) -> Result<(), Refusal> {
        let Some(PairRate { rate, burst }) = self.rate else { return Ok(()) };
        let pairs = u32::try_from(sources.saturating_mul(destinations)).unwrap_or(u32::MAX);
        let Some(pairs) = NonZeroU32::new(pairs.min(*burst)) else { return Ok(()) };
        let taken = match self.partner {
            Some(partner) => rate.check_key_for(partner, pairs),
            None => rate.check_for(self.address, pairs),
        };
        taken.map_err(|retry_after| Refusal::TooManyPairsByNow { retry_after })
    }
}

impl PairBound for PairBudget<'_> {
    fn admit(&self, sources: usize, destinations: usize) -> Result<(), Refusal> {
        self.max_pairs.admit(sources, destinations)?;
        self.take(sources, destinations)
    }

    fn admit_map(&self, sources: usize, destinations: usize) -> Result<(), Refusal> {
        self.take(sources, destinations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partner_has_one_budget_wherever_it_asks_from_and_maps_count_too() {
        let rate = PairRate::new(1, 100, true).unwrap();
        let acme = "acme".to_owned();
        let budget = |partner, last| {
            let address = IpAddr::from([192, 0, 2, last]);
            PairBudget { max_pairs: 100, rate: Some(&rate), partner, address }
        };
        assert!(budget(Some(&acme), 1).admit(6, 10).is_ok());
        assert!(budget(Some(&acme), 2).admit_map(4, 10).is_ok());
        let late = budget(Some(&acme), 3).admit(1, 10);
        assert!(matches!(late, Err(Refusal::TooManyPairsByNow { .. })));
        // A map may be as large as it is; it takes all that is there.
        assert!(budget(None, 1).admit_map(1_000, 1_000).is_ok());
        assert!(budget(None, 1).admit_map(1, 1).is_err());
        assert!(budget(None, 2).admit(1, 1).is_ok());
    }
}
