//! The rival: BitTorrent by libtorrent, with a plain tracker.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use anyhow::{Context, ensure};
use system_tests::net::Space;

use crate::internet::{Host, Internet, SERVICE};
use crate::race::{Race, Racer};
use crate::setting::Setting;

const PEER: &str = include_str!("rival/peer.py");
const TRACKER: &str = include_str!("rival/tracker.py");
const TRACKER_PORT: &str = "6969";

/// The Python that has libtorrent, if there is one.
pub(crate) fn python() -> Option<&'static str> {
    let has = |python: &&str| {
        let mut command = std::process::Command::new(python);
        command.args(["-c", "import libtorrent"]).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    ["python3", "/usr/bin/python3"].into_iter().find(has)
}

/// A tracker, and peers that have not begun.
pub(crate) struct Rival {
    python: &'static str,
    _tracker: Running,
}

/// A process; killed when dropped.
struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(space: &Space, program: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = space.command(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let mut running = Self { child, lines };
        ensure!(running.line()? == "ready", "the rival does not become ready");
        Ok(running)
    }

    fn line(&mut self) -> anyhow::Result<String> {
        Ok(self.lines.next().context("the rival ended")??)
    }

    /// Waits until it says so.
    fn says(&mut self, word: &str) -> anyhow::Result<()> {
        while self.line()? != word {}
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Racer for Running {
    fn begin(&mut self) -> anyhow::Result<()> {
        Ok(self.child.stdin.as_mut().context("no standard input")?.write_all(b"go\n")?)
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        self.says("done").context("the rival failed")
    }

    fn process(&self) -> u32 {
        self.child.id()
    }
}

/// A cache server has begun when it has met somebody.
struct Cache(Running);

impl Racer for Cache {
    fn begin(&mut self) -> anyhow::Result<()> {
        self.0.begin()?;
        self.0.says("begun")
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        self.0.finish()
    }

    fn process(&self) -> u32 {
        self.0.process()
    }
}

impl Rival {
    /// Starts a tracker.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn start(internet: &Internet) -> anyhow::Result<Self> {
        let python = python().context("no Python with libtorrent: install python3-libtorrent")?;
        let arguments = ["-c", TRACKER, SERVICE, TRACKER_PORT];
        let tracker = Running::start(&internet.service, python, &arguments)?;
        Ok(Self { python, _tracker: tracker })
    }

    /// Makes the torrent and starts the seeder and all others, who wait.
    ///
    /// # Errors
    /// One does not start.
    pub(crate) fn race(
        &self,
        internet: &Internet,
        setting: &Setting,
        folder: &Path,
        caches: bool,
    ) -> anyhow::Result<Race> {
        let source = folder.join("source");
        let tracker = format!("http://{SERVICE}:{TRACKER_PORT}/announce");
        let (at, piece) = (source.display().to_string(), (setting.piece_kib << 10).to_string());
        let make = ["-c", PEER, "make", &at, &tracker, &piece];
        internet.service.run(self.python, &make)?;
        let torrent = source.join("film.torrent").display().to_string();
        let start = |host: &Host, what: &str, place: &Path| -> anyhow::Result<Running> {
            std::fs::create_dir_all(place)?;
            let place = place.display().to_string();
            let arguments = ["-c", PEER, what, &torrent, &place, &host.address];
            Running::start(&host.space, self.python, &arguments)
        };
        let (seeder, others) = internet.hosts.split_first().context("no hosts")?;
        let mut seeder = start(seeder, "seed", &source)?;
        seeder.begin()?;
        // The tracker knows it before others ask.
        seeder.says("begun")?;
        let mut race = Race::new(setting, Box::new(()));
        for host in others {
            let place = folder.join(host.space.name());
            let racer = Box::new(start(host, "get", &place)?);
            race.enter(host.isp, racer, place.join("film.bin"));
        }
        if caches {
            for host in internet.servers.iter().skip(1) {
                let cache = start(host, "get", &folder.join(host.space.name()))?;
                race.cache(Box::new(Cache(cache)));
            }
        }
        race.seeder(Box::new(seeder));
        Ok(race)
    }
}
