//! The rival: a real tracker, `aquatic_udp` with its load test, which answers over UDP without
//! certificates, and names members of a swarm in no order.

use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use link::load::cpu_time;

use crate::cli::bench::report::Row;

const TRACKER: &str = "aquatic_udp";
const LOAD: &str = "aquatic_udp_load_test";
/// To listen.
const STARTS_WITHIN: Duration = Duration::from_secs(1);

/// Where the two programs are: in the folder given, else on PATH; which is missing otherwise.
pub(crate) fn found(folder: Option<&Path>) -> Result<(PathBuf, PathBuf), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = match folder {
        Some(folder) => vec![folder.to_owned()],
        None => std::env::split_paths(&path).collect(),
    };
    let program = |name: &str| {
        let all = folders.iter().map(|folder| folder.join(name));
        all.into_iter().find(|path| path.is_file()).ok_or_else(|| {
            format!(
                "no {name} (`cargo install {name}`, or --rival FOLDER), so no tracker beside it"
            )
        })
    };
    Ok((program(TRACKER)?, program(LOAD)?))
}

/// A tracker that is killed when it is dropped.
struct Tracker(Child);

impl Drop for Tracker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Answers with 50 members of a swarm of 100,000, all from one worker.
pub(crate) fn measured(
    (tracker, load): &(PathBuf, PathBuf),
    folder: &Path,
    time: Duration,
) -> anyhow::Result<Row> {
    let address = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
    let (served, asked) = (folder.join("tracker.toml"), folder.join("load.toml"));
    let settings = format!(
        "socket_workers = 1\n[network]\naddress = \"{address}\"\n\
         [protocol]\nmax_response_peers = 50\n"
    );
    fs::write(&served, settings)?;
    let seconds = time.as_secs().max(1);
    let settings = format!(
        "server_address = \"{address}\"\nworkers = 1\nduration = {seconds}\n[requests]\n\
         number_of_torrents = 100\nnumber_of_peers = 100000\nannounce_peers_wanted = 50\n\
         weight_connect = 1\nweight_announce = 99\nweight_scrape = 0\n"
    );
    fs::write(&asked, settings)?;
    let mut command = Command::new(tracker);
    command.arg("-c").arg(&served).stdout(Stdio::null()).stdin(Stdio::null());
    let running = Tracker(command.spawn().context("the tracker cannot be started")?);
    std::thread::sleep(STARTS_WITHIN);
    let before = cpu_time(running.0.id())?;
    let output = Command::new(load).arg("-c").arg(&asked).stdin(Stdio::null()).output()?;
    let used = cpu_time(running.0.id())?.saturating_sub(before);
    ensure!(output.status.success(), "{LOAD}: {}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8_lossy(&output.stdout);
    let per_second = announces(&told).context("the tracker's load test tells no rate")?;
    let (count, ran) = (per_second * seconds as f64, used.as_secs_f64());
    let name = format!("{TRACKER}, 50 of 100,000 members, no order, over UDP");
    let mut row = Row::of(name, "answers/s", Vec::new());
    row.count = count as usize;
    row.per_second = per_second;
    row.more.push(("server-ns-per-answer", (ran * 1e9 / count.max(1.0)) as u64));
    Ok(row)
}

/// The rate of announce responses over the whole run, which is the last that is told.
fn announces(told: &str) -> Option<f64> {
    let line = told.lines().rfind(|line| line.contains("Announce responses:"))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_of_the_whole_run_is_read() {
        let told = "  - Announce responses: 1.0\n# aquatic load test report\n\
             Average responses per second: 19608.98\n  - Connect responses:  199.51\n  \
             - Announce responses: 19409.47\n  - Scrape responses:   0.00\n";
        assert_eq!(announces(told), Some(19_409.47));
        assert_eq!(announces("nothing"), None);
    }

    #[test]
    fn an_absent_tracker_is_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = found(Some(folder.path())).unwrap_err();
        assert!(error.contains("no aquatic_udp "), "{error}");
    }
}
