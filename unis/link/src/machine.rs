//! What figures were measured on.

use serde::Serialize;

/// Processor, cores, kernel, load.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// As the processor calls itself.
    pub cpu: String,
    /// Logical ones that this process may use.
    pub cores: usize,
    /// Name and release.
    pub kernel: String,
    /// Mean number of running processes over the last minute, before the measurement.
    pub load: String,
    /// Of this program.
    pub version: &'static str,
    /// Whether it was built for speed.
    pub optimised: bool,
}

/// This machine, and the program of `version`; what it does not tell is `unknown`.
#[must_use]
pub fn described(version: &'static str) -> Machine {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model =
        cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let load = read("/proc/loadavg");
    let known = |text: Option<&str>| match text.map(str::trim) {
        None | Some("") => "unknown".to_owned(),
        Some(text) => text.to_owned(),
    };
    Machine {
        cpu: known(model),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        kernel: known(Some(&format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()))),
        load: known(load.split(' ').next()),
        version,
        optimised: !cfg!(debug_assertions),
    }
}
