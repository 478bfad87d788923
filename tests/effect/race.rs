//! All fetch at once; who had all when, and what it cost.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::internet::Internet;
use crate::outcome::Outcome;
use crate::setting::Setting;
use crate::usage;

/// Who is not through after so long has failed.
const LIMIT: Duration = Duration::from_secs(420);

/// Somebody who fetches.
pub(crate) trait Racer: Send {
    /// Off.
    fn begin(&mut self) -> anyhow::Result<()>;
    /// Waits until all is there.
    fn finish(&mut self) -> anyhow::Result<()>;
    /// The process that does it.
    fn process(&self) -> u32;
}

/// Racers that wait for the start.
pub(crate) struct Race {
    isps: usize,
    racers: Vec<Entry>,
    caches: Vec<Box<dyn Racer>>,
    /// The first of them is the seeder.
    seeders: Vec<Box<dyn Racer>>,
    /// Who is killed, and when.
    victim: Option<(u32, Duration)>,
    /// Goes when all is over.
    _scene: Box<dyn std::any::Any>,
}

struct Entry {
    isp: usize,
    racer: Box<dyn Racer>,
    file: PathBuf,
}

impl Race {
    /// Without racers; `scene` lives as long as the race.
    pub(crate) fn new(setting: &Setting, scene: Box<dyn std::any::Any>) -> Self {
        let (racers, caches, seeders) = (Vec::new(), Vec::new(), Vec::new());
        Self { isps: setting.isps, racers, caches, seeders, victim: None, _scene: scene }
    }

    /// Takes part: in which ISP, and where the file will be.
    pub(crate) fn enter(&mut self, isp: usize, racer: Box<dyn Racer>, file: PathBuf) {
        self.racers.push(Entry { isp, racer, file });
    }

    /// Fetches too, and is not counted; when its `begin` returns, it is there.
    pub(crate) fn cache(&mut self, racer: Box<dyn Racer>) {
        self.caches.push(racer);
    }

    /// Has all from the start.
    pub(crate) fn seeder(&mut self, racer: Box<dyn Racer>) {
        self.seeders.push(racer);
    }

    /// The last seeder is killed so long after the start.
    pub(crate) fn kill_after(&mut self, after: Duration) {
        self.victim = self.seeders.last().map(|seeder| (seeder.process(), after));
    }

    /// Runs it.
    ///
    /// # Errors
    /// Somebody cannot begin, or the network is gone.
    pub(crate) fn run(
        mut self,
        internet: &Internet,
        setting: &Setting,
        film: &Path,
    ) -> anyhow::Result<Outcome> {
        let seeder = internet.hosts.first().context("no hosts")?;
        let before = (internet.between_isps()?, seeder.sent()?);
        // They are there before the others begin.
        for cache in &mut self.caches {
            cache.begin()?;
        }
        let processes: Vec<u32> = self.processes().collect();
        let used = usage::of(&processes);
        let took = self.race()?;
        let after = (internet.between_isps()?, seeder.sent()?);
        let mut usage = usage::of(&processes);
        usage.cpu_s -= used.cpu_s;
        let film = std::fs::read(film)?;
        let mut outcome =
            Outcome { took: vec![Vec::new(); self.isps], usage, ..Outcome::default() };
        for (entry, took) in self.racers.iter().zip(took) {
            let whole = std::fs::read(&entry.file).is_ok_and(|got| got == film);
            match took.filter(|_| whole) {
                Some(took) => outcome.took[entry.isp].push(took.as_secs_f64()),
                None => outcome.failed += 1,
            }
        }
        let size = setting.bytes() as f64;
        outcome.copies = (after.0 - before.0) as f64 / size / setting.remote_isps() as f64;
        outcome.seeder = (after.1 - before.1) as f64 / size;
        Ok(outcome)
    }

    fn processes(&self) -> impl Iterator<Item = u32> {
        let racers = self.racers.iter().map(|entry| &entry.racer);
        racers.chain(&self.caches).chain(&self.seeders).map(|racer| racer.process())
    }

    /// How long each took; `None`: it failed.
    fn race(&mut self) -> anyhow::Result<Vec<Option<Duration>>> {
        let processes: Vec<u32> = self.racers.iter().map(|entry| entry.racer.process()).collect();
        let (told, heard) = mpsc::channel();
        let begun = Instant::now();
        let victim = self.victim;
        std::thread::scope(|scope| {
            for (place, entry) in self.racers.iter_mut().enumerate() {
                let told = told.clone();
                scope.spawn(move || {
                    let begun = Instant::now();
                    let whole = entry.racer.begin().and_then(|()| entry.racer.finish());
                    let took = begun.elapsed();
                    if let Err(error) = &whole {
                        eprintln!("one failed: {error:#}");
                    }
                    let _ = told.send((place, whole.is_ok().then_some(took)));
                });
            }
            let mut took = vec![None; processes.len()];
            let mut killed = victim.is_none();
            let mut open = processes.len();
            while open > 0 {
                if let Some((process, _)) =
                    victim.filter(|(_, at)| !killed && begun.elapsed() >= *at)
                {
                    killed = true;
                    kill(process);
                }
                if begun.elapsed() >= LIMIT {
                    processes.iter().copied().for_each(kill);
                }
                if let Ok((place, time)) = heard.recv_timeout(Duration::from_millis(100)) {
                    took[place] = time;
                    open -= 1;
                }
            }
            Ok(took)
        })
    }
}

fn kill(process: u32) {
    let mut command = std::process::Command::new("kill");
    let _ = command.args(["-KILL", &process.to_string()]).status();
}
