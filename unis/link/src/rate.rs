//! How often, by source: token buckets in a table that cannot grow.
//!
//! ```text
//!  address ─► host (IPv6: its /64) or network (/24, /48) ─► keyed hash, 16 bits ─► its bucket
//! ```
//!
//! There is a bucket for each value of the hash, made when it is first needed, so that whoever has
//! the whole of IPv6 to call from fills 65,536 of them and no more. Two sources that meet in a
//! bucket share it; the hash has another key in each process, so that nobody can choose to meet.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// What counts as one source.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// An IPv4 address, or the /64 that an IPv6 host has to itself.
    Host,
    /// A network that one party is likely to hold: an IPv4 /24, an IPv6 /48.
    Network,
}

/// A rate and how much of it may come at once.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Rate {
    /// In the long run; 0 is no bound.
    pub per_second: u32,
    /// At once, after a pause; at least 1.
    pub burst: u32,
}

/// Bounds how often each source does something.
#[derive(Debug)]
pub struct SourceRate {
    source: Source,
    loopback_too: bool,
    hasher: RandomState,
    buckets: RateLimiter<u16, HashMapStateStore<u16>, DefaultClock>,
}

impl SourceRate {
    /// A bound for every source, of the own machine only if `loopback_too`; `None` where `rate` is
    /// none.
    pub fn new(source: Source, rate: Rate, loopback_too: bool) -> Option<Self> {
        let per_second = NonZeroU32::new(rate.per_second)?;
        let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
        let buckets = RateLimiter::hashmap(Quota::per_second(per_second).allow_burst(burst));
        Some(Self { source, loopback_too, hasher: RandomState::new(), buckets })
    }

    /// Takes a token of the bucket of `address`.
    ///
    /// # Errors
    /// There is none; how long until there is one.
    pub fn check(&self, address: IpAddr) -> Result<(), Duration> {
        self.check_for(address, NonZeroU32::MIN)
    }

    /// Takes so many tokens of the bucket of `address`, or none.
    ///
    /// # Errors
    /// They are not there; how long until they are.
    pub fn check_for(&self, address: IpAddr, count: NonZeroU32) -> Result<(), Duration> {
        let source = match self.source {
            Source::Host => host(address),
            Source::Network => network(address),
        };
        if source.is_loopback() && !self.loopback_too {
            return Ok(());
        }
        self.check_key_for(source, count)
    }

    /// Takes a token of the bucket of `key`, which is no address: a user, say.
    ///
    /// # Errors
    /// There is none; how long until there is one.
    pub fn check_key(&self, key: impl Hash) -> Result<(), Duration> {
        self.check_key_for(key, NonZeroU32::MIN)
    }

    /// Takes so many tokens of the bucket of `key`, or none.
    ///
    /// # Errors
    /// They are not there; how long until they are. More than the burst never are.
    pub fn check_key_for(&self, key: impl Hash, count: NonZeroU32) -> Result<(), Duration> {
        // The low bits of the hash, as many as there are buckets.
        let bucket = (self.hasher.hash_one(key) & u64::from(u16::MAX)) as u16;
        match self.buckets.check_key_n(&bucket, count) {
            Ok(taken) => taken.map_err(|full| full.wait_time_from(DefaultClock::default().now())),
            Err(_beyond_the_burst) => Err(Duration::MAX),
        }
    }
}

/// One client's addresses as one: an IPv6 host has a /64 to itself.
#[must_use]
pub fn host(address: IpAddr) -> IpAddr {
    cut(address, 32, 64)
}

fn network(address: IpAddr) -> IpAddr {
    cut(address, 24, 48)
}

/// The address with all but its first bits 0; loopback addresses stay whole.
fn cut(address: IpAddr, bits_of_v4: u32, bits_of_v6: u32) -> IpAddr {
    match address.to_canonical() {
        own if own.is_loopback() => own,
        IpAddr::V4(four) => {
            let mask = u32::MAX.checked_shl(32 - bits_of_v4).unwrap_or(0);
            IpAddr::V4((four.to_bits() & mask).into())
        }
        IpAddr::V6(six) => {
            let mask = u128::MAX.checked_shl(128 - bits_of_v6).unwrap_or(0);
            IpAddr::V6((six.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So slow that no test waits for a second token.
    fn one_each(source: Source, loopback_too: bool) -> SourceRate {
        SourceRate::new(source, Rate { per_second: 1, burst: 1 }, loopback_too).unwrap()
    }

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_shares_its_tokens_and_another_has_its_own() {
        let rate = one_each(Source::Network, false);
        rate.check(at("192.0.2.1")).unwrap();
        let wait = rate.check(at("::ffff:192.0.2.200")).unwrap_err();
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        rate.check(at("2001:db8:1:2::3")).unwrap();
        rate.check(at("2001:db8:1:ffff::9")).unwrap_err();
    }

    #[test]
    fn a_host_is_an_address_or_a_64() {
        assert_eq!(host(at("192.0.2.7")), at("192.0.2.7"));
        assert_eq!(host(at("::ffff:192.0.2.7")), at("192.0.2.7"));
        assert_eq!(host(at("2001:db8:1:2:3::4")), at("2001:db8:1:2::"));
        assert_eq!(network(at("192.0.2.7")), at("192.0.2.0"));
        assert_eq!(network(at("2001:db8:1:2:3::4")), at("2001:db8:1::"));
        assert_eq!(network(at("127.1.2.3")), at("127.1.2.3"));
        assert_eq!(network(at("::1")), at("::1"));
    }

    #[test]
    fn the_own_machine_is_bounded_only_when_told() {
        for (told, second) in [(false, true), (true, false)] {
            let rate = one_each(Source::Host, told);
            rate.check(at("127.0.0.1")).unwrap();
            assert_eq!(rate.check(at("127.0.0.1")).is_ok(), second);
        }
    }

    #[test]
    fn no_rate_is_no_bound() {
        assert!(SourceRate::new(Source::Host, Rate { per_second: 0, burst: 1 }, true).is_none());
    }

    #[test]
    fn however_many_sources_there_are_the_table_has_an_end() {
        let rate = one_each(Source::Network, false);
        for network in 0..200_000_u32 {
            // Whether it fits is not the question here.
            let _fits = rate.check(IpAddr::V4((network << 8).into()));
        }
        assert!(rate.buckets.len() <= 1 << 16, "{}", rate.buckets.len());
    }
}
