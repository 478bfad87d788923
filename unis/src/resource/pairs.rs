//! How many pairs of endpoints a query may ask for, and a client in a second (RFC 7285 §15.5.1).

use std::num::NonZeroU32;

use link::Caller;
use link::rate::{Rate, Source, SourceRate};

use crate::resource::Refusal;

/// Lets a query of so many sources and destinations in, or not.
pub trait PairBound {
    /// # Errors
    /// It asks for too much, at once or by now.
    fn admit(&self, sources: usize, destinations: usize) -> Result<(), Refusal>;
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
    max_pairs: usize,
}

impl PairRate {
    /// A bound for every partner, and for each address of clients that are none; of the own machine
    /// only if `loopback_too`. `None` where `per_second` is 0. One query of `max_pairs` always fits
    /// after a pause.
    #[must_use]
    pub fn new(per_second: u32, max_pairs: usize, loopback_too: bool) -> Option<Self> {
        let burst = u32::try_from(max_pairs).unwrap_or(u32::MAX).max(per_second);
        let rate = SourceRate::new(Source::Host, Rate { per_second, burst }, loopback_too)?;
        Some(Self { rate, max_pairs })
    }
}

/// What one client may ask for.
pub struct PairBudget<'a> {
    /// At once.
    pub max_pairs: usize,
    /// In a second.
    pub rate: Option<&'a PairRate>,
    /// Whose it is.
    pub caller: &'a Caller,
}

impl PairBound for PairBudget<'_> {
    fn admit(&self, sources: usize, destinations: usize) -> Result<(), Refusal> {
        self.max_pairs.admit(sources, destinations)?;
        let Some(PairRate { rate, max_pairs }) = self.rate else { return Ok(()) };
        let pairs = sources.saturating_mul(destinations).min(*max_pairs);
        let Some(pairs) = u32::try_from(pairs).ok().and_then(NonZeroU32::new) else {
            return Ok(());
        };
        let identity = self.caller.identity.as_ref();
        let taken = match identity.and_then(|identity| identity.partner.as_ref()) {
            Some(partner) => rate.check_key_for(partner, pairs),
            None => rate.check_for(self.caller.address.ip(), pairs),
        };
        taken.map_err(|retry_after| Refusal::TooManyPairsByNow { retry_after })
    }
}
