//! Namespaces of ours are removed: at the end, and where a killed test left some behind.

use std::time::{Duration, Instant};

use crate::net::tools::{feed, run};

/// How all names of ours begin; then comes the process.
pub(crate) const MARK: &str = "mp2p-";
/// Processes that were told to end have so long.
const END_WITHIN: Duration = Duration::from_secs(10);

/// Removes what processes that are gone left behind.
pub(crate) fn sweep() -> anyhow::Result<()> {
    let left = |name: &str| {
        let process = name.strip_prefix(MARK)?.split('-').next()?;
        let gone = !std::path::Path::new("/proc").join(process).exists();
        gone.then(|| name.to_owned())
    };
    let listed = run("ip", &["netns", "list"])?;
    let names = listed.lines().filter_map(|line| left(line.split_whitespace().next()?));
    remove(&names.collect::<Vec<_>>());
    Ok(())
}

/// Kills what runs in namespaces and removes them, as far as it goes.
pub(crate) fn remove(names: &[String]) {
    let since = Instant::now();
    while since.elapsed() < END_WITHIN && names.iter().any(|name| kill(name)) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let lines: Vec<String> = names.iter().map(|name| format!("netns del {name}\n")).collect();
    // `-force`: the others too, where one is not there.
    let _ = feed("ip", &["-force", "-batch", "-"], &lines.concat());
}

/// Kills what runs in a namespace; whether something did.
fn kill(name: &str) -> bool {
    let found = run("ip", &["netns", "pids", name]).unwrap_or_default();
    for process in found.split_whitespace() {
        let _ = run("kill", &["-KILL", process]);
    }
    !found.trim().is_empty()
}
