//! What the figures were measured on.

use serde::Serialize;

/// Processor, cores, kernel, load.
#[derive(Clone, Debug, Serialize)]
pub(in crate::cli::bench) struct Machine {
    /// As the processor calls itself.
    pub(in crate::cli::bench) cpu: String,
    /// Logical ones that this process may use.
    pub(in crate::cli::bench) cores: usize,
    /// Name and release.
    pub(in crate::cli::bench) kernel: String,
    /// Mean number of running processes over the last minute, before the measurement.
    pub(in crate::cli::bench) load: String,
    /// Of this program.
    pub(in crate::cli::bench) version: &'static str,
    /// Whether it was built for speed.
    pub(in crate::cli::bench) optimised: bool,
}

/// This machine; what it does not tell is `unknown`.
pub(in crate::cli::bench) fn described() -> Machine {
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
        version: env!("CARGO_PKG_VERSION"),
        optimised: !cfg!(debug_assertions),
    }
}
