//! What the process takes of the machine (RFC 7285 §16.2.5), read when it is asked for.
//!
//! The names are those of Prometheus's own client libraries, without prefix. Memory and descriptors
//! come from `/proc/self`; where there is none, they are left out.

use std::fmt;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Makes the use of processor, memory and descriptors visible. Call it once, at the start.
pub fn register(registry: &mut Registry) {
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    registry.register_collector(Box::new(Process { began: began.as_secs_f64() }));
}

/// This process.
#[derive(Debug)]
struct Process {
    /// Unix seconds.
    began: f64,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let cpu = ConstCounter::new(cpu_seconds());
        let help = "Processor time, user and system";
        let kind = prometheus_client::metrics::MetricType::Counter;
        cpu.encode(encoder.encode_descriptor("process_cpu", help, Some(&Unit::Seconds), kind)?)?;
        let mut gauge = |name: &str, help: &str, unit: Option<&Unit>, value: f64| {
            let gauge = ConstGauge::new(value);
            let kind = prometheus_client::metrics::MetricType::Gauge;
            gauge.encode(encoder.encode_descriptor(name, help, unit, kind)?)
        };
        gauge("process_start_time", "Start, Unix time", Some(&Unit::Seconds), self.began)?;
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        for (name, help, key) in [
            ("process_resident_memory", "Memory in use", "VmRSS:"),
            ("process_resident_memory_peak", "The most memory that was in use", "VmHWM:"),
            ("process_virtual_memory", "Address space", "VmSize:"),
        ] {
            if let Some(kib) = number(&status, key) {
                gauge(name, help, Some(&Unit::Bytes), kib * 1024.0)?;
            }
        }
        if let Some(threads) = number(&status, "Threads:") {
            gauge("process_threads", "Threads", None, threads)?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            gauge("process_open_fds", "Descriptors open", None, open.count() as f64)?;
        }
        if let Some(most) = getrlimit(Resource::Nofile).current {
            gauge("process_max_fds", "Descriptors that may be open", None, most as f64)?;
        }
        Ok(())
    }
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The number behind a key of `/proc/self/status`; of memory, KiB.
fn number(status: &str, key: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    fn scraped(registry: &Registry, name: &str) -> f64 {
        let mut text = String::new();
        encode(&mut text, registry).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }

    #[test]
    fn work_and_memory_are_seen() {
        let mut registry = Registry::default();
        register(&mut registry);
        let before = scraped(&registry, "process_resident_memory_bytes");
        let held = std::hint::black_box(vec![1_u8; 64 << 20]);
        let after = scraped(&registry, "process_resident_memory_bytes");
        assert!(after - before > f64::from(60 << 20), "{before} {after}");
        assert!(scraped(&registry, "process_resident_memory_peak_bytes") >= after);
        let begin = scraped(&registry, "process_cpu_seconds_total");
        let mut sum = 0_u64;
        while scraped(&registry, "process_cpu_seconds_total") < begin + 0.05 {
            sum += held.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        }
        assert!(sum > 0);
        let open = scraped(&registry, "process_open_fds");
        let files: Vec<_> = (0..10).map(|_| fs::File::open("/proc/self/status").unwrap()).collect();
        // Other tests of this process open and close theirs.
        assert!(scraped(&registry, "process_open_fds") > open - 100.0 + files.len() as f64);
        assert!(scraped(&registry, "process_max_fds") > 10.0);
    }
}
