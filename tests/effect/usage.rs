//! What processes used of the machine.

/// CPU seconds and memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// In user space and in the kernel.
    pub(crate) cpu_s: f64,
    /// The most that one of them had, MiB.
    pub(crate) peak_mib: f64,
}

/// Ticks a second in `/proc` (USER_HZ).
const TICKS: f64 = 100.0;

/// Of processes that run still.
pub(crate) fn of(processes: &[u32]) -> Usage {
    let mut all = Usage::default();
    for process in processes {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}"));
        let stat = read("stat").unwrap_or_default();
        // The name in brackets may hold blanks; utime and stime are fields 14 and 15 (proc(5)).
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = fields.split_whitespace().skip(11).take(2);
        all.cpu_s += ticks.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS;
        let status = read("status").unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
        all.peak_mib = all.peak_mib.max(kib.unwrap_or_default() / 1024.0);
    }
    all
}
