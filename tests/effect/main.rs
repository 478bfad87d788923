//! What managed peer-to-peer does to a network, measured beside BitTorrent on the same network.
//!
//! ```text
//!  setting, case -> Internet (namespaces) -> ours, rival, ours, rival.. -> record -> table, SVG
//! ```
//!
//! Needs root, iproute2, nftables, iptables and a Python with libtorrent; takes minutes. Built with
//! `--release`, beside the release builds of `unis`, `p2psp` and `peer`.

mod bulk;
mod internet;
mod ours;
mod outcome;
mod race;
mod record;
mod rival;
mod setting;
mod svg;
mod table;
mod usage;
mod web;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Parser;
use system_tests::net;
use system_tests::swarm::film;

use crate::internet::Internet;
use crate::outcome::Outcome;
use crate::race::Race;
use crate::record::{Record, Side};
use crate::setting::{Case, SETTINGS, Setting};

/// Runs real swarms, ours and libtorrent's, in turns on one network of namespaces
#[derive(Parser)]
struct Arguments {
    /// S1, S2, S3 or smoke; several
    #[arg(default_values = ["smoke"])]
    settings: Vec<String>,
    /// plain, caches, overloaded or killed; several
    #[arg(long = "case", default_values = ["plain"])]
    cases: Vec<String>,
    /// Runs of each; 0 only shows what `--record` holds
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Only one side: ours or rival
    #[arg(long)]
    only: Option<String>,
    /// Settings of all our peers, as `--set` of `peer`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Keeps each run as a line of JSON here; those that are there count too
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Instead: moves one content of so many GiB between two peers on this machine
    #[arg(long, value_name = "GIB")]
    bulk: Option<u64>,
    /// … through a relay
    #[arg(long, requires = "bulk")]
    relayed: bool,
    /// The folder for that, on a disk with room for twice as much
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Draws the figures
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(gib) = arguments.bulk {
        return bulk::run(gib, arguments.relayed, &arguments.folder);
    }
    let mut record = Record::open(arguments.record.clone())?;
    if arguments.runs > 0 {
        if let Some(why) = net::missing() {
            println!("skipped: {why}");
            return Ok(());
        }
        run_all(&arguments, &mut record)?;
    }
    table::print(&record);
    if let Some(path) = &arguments.svg {
        std::fs::write(path, svg::draw(&record))?;
    }
    Ok(())
}

fn run_all(arguments: &Arguments, record: &mut Record) -> anyhow::Result<()> {
    let mut sides: Vec<Side> = Side::BOTH.to_vec();
    if let Some(only) = &arguments.only {
        sides.retain(|side| side.name() == only);
    }
    if rival::python().is_none() && sides.contains(&Side::Rival) {
        println!("skipped: the rival, since no Python here has libtorrent");
        sides.retain(|side| *side == Side::Ours);
    }
    for name in &arguments.settings {
        let known = SETTINGS.iter().find(|setting| setting.name == name);
        let setting = known.with_context(|| format!("no setting {name:?}: S1, S2, S3, smoke"))?;
        for case in &arguments.cases {
            let known = Case::ALL.into_iter().find(|known| known.name() == case);
            let case = known.with_context(|| format!("no case {case:?}"))?;
            let internet = Internet::build(setting, case.has_helper())?;
            for run in 0..arguments.runs {
                for side in &sides {
                    // What goes wrong is compared with ourselves.
                    if *side == Side::Rival && case.has_helper() {
                        continue;
                    }
                    let outcome = once(&internet, setting, (case, *side), arguments)?;
                    println!(
                        "{} {} {} {run}: {}",
                        setting.name,
                        case.name(),
                        side.name(),
                        outcome.json()
                    );
                    record.add(setting.name, case, *side, outcome)?;
                }
            }
        }
    }
    Ok(())
}

/// One run of one side.
fn once(
    internet: &Internet,
    setting: &Setting,
    (case, side): (Case, Side),
    arguments: &Arguments,
) -> anyhow::Result<Outcome> {
    let folder = tempfile::tempdir_in(fast_folder())?;
    let source = folder.path().join("source");
    film(&source, u64::from(std::process::id()), setting.bytes())?;
    let film = source.join("film.bin");
    let (tracker, race): (_, Race) = match side {
        Side::Ours => (None, ours::race(internet, setting, (folder.path(), case), &arguments.set)?),
        Side::Rival => {
            let rival = rival::Rival::start(internet)?;
            let race = rival.race(internet, setting, folder.path(), case == Case::Caches)?;
            (Some(rival), race)
        }
    };
    let outcome = race.run(internet, setting, &film)?;
    drop(tracker);
    if outcome.times().is_empty() {
        bail!("nobody of {} got the film", side.name());
    }
    Ok(outcome)
}

/// In memory where that is possible: the disk is not what is measured.
fn fast_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}
