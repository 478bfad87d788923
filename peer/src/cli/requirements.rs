//! What a publisher asks of the overlay of a content (TR 20002 §7.4, §8.3.6).

use clap::Args;
use mp2p::message::overlay::Requirements;

/// Options of `peer share`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct RequirementArguments {
    /// Have caches of the provider keep all of it, from the beginning and for good
    #[arg(long)]
    pub(crate) keep_cached: bool,
    /// Have so much of relays reserved for peers that cannot be dialled, kbit/s
    #[arg(long, value_name = "KBPS", default_value_t = 0)]
    relay_kbps: u64,
    /// What each consumer needs, kbit/s
    #[arg(long, value_name = "KBPS", default_value_t = 0)]
    bandwidth_kbps: u64,
    /// Between two members at most, ms
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u32,
    /// Copies that are to stay reachable, those of caches included
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    copies: u16,
}

impl RequirementArguments {
    /// As OMS takes them; how long the content is is not known here.
    pub(crate) fn requirements(&self) -> Requirements {
        Requirements {
            bandwidth_bps: self.bandwidth_kbps.saturating_mul(1000),
            latency_ms: self.latency_ms,
            reliability: self.copies,
            cache_bytes: 0,
            relay_bps: self.relay_kbps.saturating_mul(1000),
        }
    }
}
