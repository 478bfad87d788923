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
        // utime and stime are fields 14 and 15 (proc(5)).
        all.cpu_s += seconds(&read("stat").unwrap_or_default(), 14);
        let status = read("status").unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
        all.peak_mib = all.peak_mib.max(kib.unwrap_or_default() / 1024.0);
    }
    all
}

/// CPU seconds of the programs that this one has started and waited for.
pub(crate) fn of_children_s() -> f64 {
    // cutime and cstime.
    seconds(&std::fs::read_to_string("/proc/self/stat").unwrap_or_default(), 16)
}

/// The sum of two fields of a stat file, the first of them counted from 1.
fn seconds(stat: &str, first: usize) -> f64 {
    // The name in brackets, field 2, may hold blanks.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = fields.split_whitespace().skip(first - 3).take(2);
    ticks.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
}
