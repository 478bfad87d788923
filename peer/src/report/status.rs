//! The own status, measured (Req-Traffic-020): processor, interfaces, connections.

use std::fs;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mp2p::message::bound::{List, Text};
use mp2p::message::status::{PeerReport, PeerStatus, StaticStatus};

use crate::control::message::WayThere;
use crate::node::Node;
use crate::superpeer::{Waiting, Way};

/// Until the first report, and between tries until it was taken.
const FIRST: Duration = Duration::from_secs(2);

/// What stays is told again with every so many reports: PAMS keeps it in memory.
const FIXED_EVERY: u32 = 10;

/// What the kernel has counted.
#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    /// Ticks of the processors, busy and all.
    ticks: (u64, u64),
    /// Bytes in and out of the interfaces.
    bytes: (u64, u64),
}

/// What went on between two looks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Load {
    /// Part of the processors' time that was busy, 0 to 1.
    cpu: f32,
    /// Bits a second out of the interfaces.
    up_bps: u64,
    /// … and in.
    down_bps: u64,
}

/// Reports until shutdown, as often as the provider asks and whenever it wants to know.
pub(crate) async fn tell_until_shutdown(node: Arc<Node>) {
    let source = node.settings().source_address;
    let mut before = (Counters::read(source), Instant::now());
    let mut way = Way::default();
    // Reports since what stays was told.
    let mut told = None;
    loop {
        let wait = match told {
            None => FIRST,
            Some(_) => Duration::from_secs(node.reports.status_seconds.load(Ordering::Relaxed)),
        };
        let urgent = tokio::select! {
            () = tokio::time::sleep(wait) => false,
            () = node.reports.status_wanted.notified() => true,
            // Somebody else takes over: what it was told last may not have reached PAMS.
            () = way.lost() => true,
            () = node.shutdown.wait() => return,
        };
        let now = (Counters::read(source), Instant::now());
        let with_all = told.is_none_or(|reports| reports >= FIXED_EVERY);
        let report = report(&node, before, now, with_all);
        before = now;
        let taken = match &node.care {
            Some(desk) => {
                desk.put(Waiting { report, from: None }, urgent);
                Ok(())
            }
            None => way.tell(&node, report, urgent).await,
        };
        match taken {
            Ok(()) => told = Some(if with_all { 1 } else { told.unwrap_or_default() + 1 }),
            Err(error) => tracing::debug!(%error, "the status is not told"),
        }
    }
}

fn report(
    node: &Node,
    (before, from): (Counters, Instant),
    (after, to): (Counters, Instant),
    with_all: bool,
) -> PeerReport {
    let limits = node.limits();
    let seconds = to.saturating_duration_since(from).as_secs_f64().max(0.001);
    let load = after.since(before, seconds);
    let transfers = node.status().transfers;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let neighbours = || transfers.iter().flat_map(|one| &one.neighbours);
    let by = |way: WayThere| count(neighbours().filter(|one| one.path == way).count());
    let status = PeerStatus {
        cpu_load: load.cpu,
        up_bps: load.up_bps,
        max_up_bps: limits.up_kbps * 1000,
        down_bps: load.down_bps,
        connections: count(neighbours().count()),
        max_connections: count(node.settings().connections()),
        punched: by(WayThere::Punched),
        relayed: by(WayThere::Relay),
    };
    let fixed = StaticStatus {
        agent: Text::new(concat!("mp2p-peer/", env!("CARGO_PKG_VERSION"))).unwrap_or_default(),
        processors: std::thread::available_parallelism()
            .map_or(0, |count| u16::try_from(count.get()).unwrap_or(u16::MAX)),
        memory_bytes: memory_bytes(),
        up_limit_bps: limits.up_kbps * 1000,
        down_limit_bps: limits.down_kbps * 1000,
        sharing_policy: node.policy(),
    };
    let mut report = PeerReport::of(node.identity.peer.clone(), status);
    report.fixed = with_all.then_some(fixed);
    report.resources = node.cache_resource().and_then(|one| List::new(vec![one]).ok());
    report
}

impl Counters {
    /// Of the whole machine; where connections come from a loopback address, of that interface.
    fn read(source: Option<IpAddr>) -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let interfaces = fs::read_to_string("/proc/net/dev").unwrap_or_default();
        let is_loopback = source.is_some_and(|source| source.is_loopback());
        Self { ticks: ticks(&stat), bytes: bytes(&interfaces, is_loopback) }
    }

    /// What went on in the `seconds` after `before`.
    fn since(self, before: Self, seconds: f64) -> Load {
        let rate =
            |after: u64, before: u64| (after.saturating_sub(before) as f64 * 8.0 / seconds) as u64;
        let busy = self.ticks.0.saturating_sub(before.ticks.0) as f32;
        let all = self.ticks.1.saturating_sub(before.ticks.1).max(1) as f32;
        Load {
            cpu: (busy / all).clamp(0.0, 1.0),
            up_bps: rate(self.bytes.1, before.bytes.1),
            down_bps: rate(self.bytes.0, before.bytes.0),
        }
    }
}

/// Busy and all ticks of the line `cpu` (proc_stat(5)).
fn ticks(stat: &str) -> (u64, u64) {
    let line = stat.lines().find(|line| line.starts_with("cpu ")).unwrap_or_default();
    let numbers: Vec<u64> =
        line.split_whitespace().skip(1).filter_map(|text| text.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
    let all: u64 = numbers.iter().take(8).sum();
    let idle: u64 = numbers.iter().skip(3).take(2).sum();
    (all - idle, all)
}

/// Bytes in and out (proc_pid_net(5)).
fn bytes(interfaces: &str, is_loopback: bool) -> (u64, u64) {
    let mut sums = (0, 0);
    for line in interfaces.lines().skip(2) {
        let Some((name, counts)) = line.split_once(':') else { continue };
        if (name.trim() == "lo") != is_loopback {
            continue;
        }
        let counts: Vec<u64> =
            counts.split_whitespace().filter_map(|text| text.parse().ok()).collect();
        sums.0 += counts.first().copied().unwrap_or_default();
        sums.1 += counts.get(8).copied().unwrap_or_default();
    }
    sums
}

fn memory_bytes() -> u64 {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes = total.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_counters_are_read() {
        let stat = "cpu  100 20 30 800 50 0 0 0 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(ticks(stat), (150, 1000));
        let devices = "Inter-| Receive\n face |bytes\n    lo: 7 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n  \
            eth0: 1000 5 0 0 0 0 0 0 2000 6 0 0 0 0 0 0\n  eth1: 1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n";
        assert_eq!(bytes(devices, false), (1001, 2002));
        assert_eq!(bytes(devices, true), (7, 9));
        assert_eq!((ticks(""), bytes("", false)), ((0, 0), (0, 0)));
    }

    /// 50 of 100 ticks were busy, 1000 bytes came and 250 went in 2 s.
    #[test]
    fn what_comes_is_down_and_what_goes_is_up() {
        let before = Counters { ticks: (100, 1000), bytes: (1000, 5000) };
        let after = Counters { ticks: (150, 1100), bytes: (2000, 5250) };
        let load = after.since(before, 2.0);
        assert_eq!(load, Load { cpu: 0.5, up_bps: 1000, down_bps: 4000 });
        // Counters that began anew say nothing.
        assert_eq!(before.since(after, 2.0), Load { cpu: 0.0, up_bps: 0, down_bps: 0 });
    }
}
