//! One large content from one peer to another on this machine: CPU seconds and memory.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use system_tests::cities::{BERLIN, BERLIN_TOO, Cities};
use system_tests::peer::PeerProgram;

use crate::usage;

/// Moves `gib` of bytes that nobody can compress; prints what it took.
///
/// # Errors
/// It does not arrive.
pub(crate) fn run(gib: u64, folder: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(folder)?;
    let source = folder.path().join("film.bin");
    write(&source, gib << 30)?;
    let cities = Cities::start(&["--set", "log.level=error,p2psp::isp=info"])?;
    let enrol =
        |user: &str, address: &str| PeerProgram::enrol(&cities.p2psp, user, address, folder.path());
    let (mut giver, mut taker) = (enrol("anna", BERLIN)?, enrol("ben", BERLIN_TOO)?);
    giver.serve(&[])?;
    taker.serve(&[])?;
    let content = giver.share(&source)?;
    let processes = [&giver, &taker].map(|peer| peer.process().unwrap_or_default());
    let (before, begun) = (usage::of(&processes), Instant::now());
    taker.get(&content, &folder.path().join("got"))?;
    let (seconds, after) = (begun.elapsed().as_secs_f64(), usage::of(&processes));
    let same = same(&source, &folder.path().join("got/film.bin"))?;
    ensure!(same, "what arrived is not what was shared");
    println!(
        "{gib} GiB in {seconds:.1} s: {:.2} CPU seconds a GiB, both ends; the larger peer had at \
         most {:.0} MiB of memory (giver {:.0}, taker {:.0})",
        (after.cpu_s - before.cpu_s) / gib as f64,
        after.peak_mib,
        usage::of(&processes[..1]).peak_mib,
        usage::of(&processes[1..]).peak_mib,
    );
    Ok(())
}

fn write(path: &Path, bytes: u64) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut state = 1_u64;
    for _ in 0..bytes / 8 {
        // As in the films of tests: Knuth's generator.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        out.write_all(&state.to_le_bytes())?;
    }
    Ok(out.into_inner().context("the disk refuses")?.sync_all()?)
}

/// Whether two files hold the same; read in parts.
fn same(a: &Path, b: &Path) -> anyhow::Result<bool> {
    use std::io::Read;
    let (mut a, mut b) = (File::open(a)?, File::open(b)?);
    let (mut of_a, mut of_b) = (vec![0; 1 << 20], Vec::new());
    loop {
        let read = a.read(&mut of_a)?;
        of_b.resize(read, 0);
        if b.read_exact(&mut of_b).is_err() || of_a[..read] != of_b {
            return Ok(false);
        }
        if read == 0 {
            return Ok(b.read(&mut [0])? == 0);
        }
    }
}
