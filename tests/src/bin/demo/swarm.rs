//! A swarm: a dozen `peer` daemons in four places, one shares a film, the others fetch it.

use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use serde_json::Value;
use system_tests::cities::Cities;
use system_tests::peer::PeerProgram;
use system_tests::swarm::film;

use crate::bill::{self, Took};

/// Where peers are, how many, and how their addresses begin; the first of all is the publisher.
pub(crate) const PLACES: [(&str, u8, &str); 4] = [
    ("Berlin", 4, "127.1.0."),
    ("Hamburg", 3, "127.2.0."),
    ("Muenchen", 3, "127.3.0."),
    ("AS3320", 2, "127.4.0."),
];

/// The last part of the first address in a place.
pub(crate) const FIRST_HOST: u8 = 100;
const MIB: usize = 8;
/// What a peer sends at most, Mbit/s, so that no peer can serve all alone.
const UPLINK: u32 = 24;
/// From one look at how far they are to the next.
const LOOK: Duration = Duration::from_millis(500);

/// A peer that runs, and where.
struct Member {
    program: PeerProgram,
    /// Place in [`PLACES`].
    place: usize,
    id: String,
}

/// Runs the swarm and prints who got what from where, at what cost.
///
/// # Errors
/// A peer does not start, or does not get the film whole.
pub(crate) fn run(cities: &Cities) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let film = film(&folder.path().join("source"), 1, MIB << 20)?;
    let members = enrol(cities, folder.path())?;
    let (publisher, others) = members.split_first().context("no peers")?;
    println!(
        "\nNow real peers: {} daemons, each with a key and an address of its own and {UPLINK}\n\
         Mbit/s to send. One in Berlin shares {MIB} MiB; the other {} fetch it at once, from\n\
         each other as soon as there is something to give:\n",
        members.len(),
        others.len()
    );
    let content = publisher.program.share(&folder.path().join("source/film.bin"))?;
    let begun = Instant::now();
    let told = fetch(others, &content, folder.path())?;
    let seconds = begun.elapsed().as_secs_f64();
    for member in others {
        let got = std::fs::read(folder.path().join(&member.id).join("film.bin"))?;
        ensure!(got == film, "what {} has is not the film", member.id);
    }
    let alone = (others.len() * MIB * 8) as f64 * 1.048_576 / f64::from(UPLINK);
    println!(
        "  All have all of it, compared, after {seconds:.1} s; from the publisher alone it would"
    );
    println!("  take {alone:.0} s or more.\n");
    let places: HashMap<&str, usize> =
        members.iter().map(|member| (member.id.as_str(), member.place)).collect();
    let took: Vec<Took> = others
        .iter()
        .zip(&told)
        .map(|(member, transfer)| Took::read(member.place, transfer, &places))
        .collect();
    bill::print(&took, &bill::costs(&cities.unis)?);
    Ok(())
}

/// Enrols all, one after the other, and starts all at once.
fn enrol(cities: &Cities, folder: &Path) -> anyhow::Result<Vec<Member>> {
    let mut programs = Vec::new();
    for (place, (_, peers, network)) in PLACES.into_iter().enumerate() {
        for host in 0..peers {
            let address = format!("{network}{}", FIRST_HOST + host);
            let user = format!("user-{}", programs.len());
            let program = PeerProgram::enrol(&cities.p2psp, &user, &address, folder)?;
            programs.push((place, program));
        }
    }
    let uplink = format!("limits.up-kbps={}", UPLINK * 1000);
    let start = |place: usize, mut program: PeerProgram| {
        program.serve(&["--set", &uplink])?;
        let status = program.status()?;
        let id = status["peer-id"].as_str().context("a peer without a name")?.to_owned();
        anyhow::Ok(Member { program, place, id })
    };
    let start = &start;
    std::thread::scope(|scope| {
        let starting: Vec<_> = programs
            .into_iter()
            .map(|(place, program)| scope.spawn(move || start(place, program)))
            .collect();
        starting.into_iter().map(|thread| thread.join().map_err(|_| died())?).collect()
    })
}

/// All fetch at once; what is told of each at the end.
fn fetch(others: &[Member], content: &str, folder: &Path) -> anyhow::Result<Vec<Value>> {
    std::thread::scope(|scope| {
        let fetching: Vec<_> = others
            .iter()
            .map(|member| {
                let target = folder.join(&member.id);
                scope.spawn(move || member.program.get(content, &target))
            })
            .collect();
        let mut shown = Progress::default();
        while !fetching.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            shown.show(others)?;
            std::thread::sleep(LOOK);
        }
        shown.clear()?;
        fetching.into_iter().map(|thread| thread.join().map_err(|_| died())?).collect()
    })
}

fn died() -> anyhow::Error {
    anyhow!("a thread of the demo ended early")
}

/// A line that is written over on a terminal; elsewhere a line for each quarter.
#[derive(Default)]
struct Progress {
    quarters: u64,
}

impl Progress {
    fn show(&mut self, others: &[Member]) -> anyhow::Result<()> {
        let mut sums = [(0, 0); PLACES.len()];
        for member in others {
            let status = member.program.status()?;
            let transfer = &status["transfers"][0];
            let sum = &mut sums[member.place];
            sum.0 += transfer["have"].as_u64().unwrap_or_default();
            sum.1 += (MIB << 20) as u64;
        }
        let have: u64 = sums.iter().map(|sum| sum.0).sum();
        let all: u64 = sums.iter().map(|sum| sum.1).sum();
        let percent = |(have, all): (u64, u64)| have * 100 / all.max(1);
        let parts = PLACES
            .iter()
            .zip(sums)
            .map(|((name, ..), sum)| format!("{name} {:>3} %", percent(sum)));
        let line = parts.collect::<Vec<_>>().join("   ");
        let mut out = std::io::stdout();
        if out.is_terminal() {
            write!(out, "\r  {line}")?;
        } else if percent((have, all)) / 25 > self.quarters {
            self.quarters = percent((have, all)) / 25;
            writeln!(out, "  {line}")?;
        }
        Ok(out.flush()?)
    }

    fn clear(&self) -> anyhow::Result<()> {
        let mut out = std::io::stdout();
        if out.is_terminal() {
            write!(out, "\r{:78}\r", "")?;
        }
        Ok(out.flush()?)
    }
}
