//! One large content from one peer to another on this machine: CPU seconds and memory.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use system_tests::cities::{BERLIN, BERLIN_TOO, Cities, HAMBURG, MUENCHEN};
use system_tests::peer::PeerProgram;
use system_tests::wait::until;

use crate::{usage, web};

/// A peer believes what it knows of a file that was written to longer ago than that.
const SETTLED: Duration = Duration::from_secs(3);

/// Moves `gib` of bytes that nobody can compress, through a relay where that is wanted; prints what
/// it took.
///
/// # Errors
/// It does not arrive.
pub(crate) fn run(gib: u64, relayed: bool, folder: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(folder)?;
    let source = folder.path().join("film.bin");
    write(&source, gib << 30)?;
    let cp = touch(&source, folder.path())?;
    let rival = if relayed { None } else { web::move_one(&source, folder.path())? };
    // As most files are: older than what may be written to again without its time showing it.
    until(|| old_enough(&source))?;
    let quiet = ["--set", "log.level=error,p2psp::isp=info"];
    // Peers are not believed, and a relay may be as fast as it can.
    let probing = ["--set", "overlay.probe=true", "--set", "reservation.relay-bps=10000000000"];
    let more = if relayed { &probing[..] } else { &[] };
    let cities = Cities::start(&[&quiet, more].concat())?;
    let enrol =
        |user: &str, address: &str| PeerProgram::enrol(&cities.p2psp, user, address, folder.path());
    let (mut giver, mut taker) = (enrol("anna", BERLIN)?, enrol("ben", BERLIN_TOO)?);
    let relay = if relayed { Some(relay(&cities, enrol("rita", HAMBURG)?)?) } else { None };
    // What a router shows that lets nobody in.
    let door = format!("announce-port={}", closed_port(BERLIN)?);
    let closed = ["--set", &door];
    giver.serve(if relayed { &closed } else { &[] })?;
    taker.serve(&[])?;
    let content = giver.share(&source)?;
    let all: Vec<(&str, u32)> =
        [("giver", Some(&giver)), ("taker", Some(&taker)), ("relay", relay.as_ref())]
            .into_iter()
            .filter_map(|(name, peer)| Some((name, peer?.process()?)))
            .collect();
    let now = || all.iter().map(|(_, process)| usage::of(&[*process])).collect::<Vec<_>>();
    let (before, begun) = (now(), Instant::now());
    let got = taker.get(&content, &folder.path().join("got"))?;
    let (seconds, after) = (begun.elapsed().as_secs_f64(), now());
    let through = got["neighbours"][0]["relayed"] == true;
    ensure!(through == relayed, "it came another way: {got}");
    let same = same(&source, &folder.path().join("got/film.bin"))?;
    ensure!(same, "what arrived is not what was shared");
    let cpu: Vec<f64> = before.iter().zip(&after).map(|(b, a)| a.cpu_s - b.cpu_s).collect();
    let whole = cpu.iter().sum::<f64>() / gib as f64;
    println!("{gib} GiB in {seconds:.1} s: {whole:.2} CPU seconds a GiB, all ends");
    println!("  cp, beside it: {:.2} CPU seconds a GiB", cp / gib as f64);
    if let Some(rival) = rival.map(|cpu_s| cpu_s / gib as f64) {
        let ratio = whole / rival;
        println!("  nginx to curl, mutual TLS: {rival:.2} CPU seconds a GiB; ratio {ratio:.2}");
    }
    for (((name, _), cpu), usage) in all.iter().zip(cpu).zip(after) {
        let (cpu, peak) = (cpu / gib as f64, usage.peak_mib);
        println!("  {name}: {cpu:.2} CPU seconds a GiB, at most {peak:.0} MiB of memory");
    }
    Ok(())
}

/// Copies the file and deletes the copy: memory that a virtual machine has not used lately is given
/// to it by its host page by page when it is written to, and that work looks like ours. What `cp`
/// takes for the second of two copies, CPU seconds.
fn touch(source: &Path, folder: &Path) -> anyhow::Result<f64> {
    let copy = folder.join("copy.bin");
    let mut took = 0.0;
    for _ in 0..2 {
        let before = usage::of_children_s();
        let status = Command::new("cp").arg("--reflink=never").arg(source).arg(&copy).status()?;
        ensure!(status.success(), "`cp` failed: {status}");
        took = usage::of_children_s() - before;
        std::fs::remove_file(&copy)?;
    }
    Ok(took)
}

/// Whether a file was not written to lately.
fn old_enough(path: &Path) -> anyhow::Result<()> {
    let age = std::fs::metadata(path)?.modified()?.elapsed()?;
    ensure!(age >= SETTLED, "it was written {age:?} ago");
    Ok(())
}

/// A relay, once the provider knows it.
fn relay(cities: &Cities, mut relay: PeerProgram) -> anyhow::Result<PeerProgram> {
    let listen = format!("relay.listen={HAMBURG}:0");
    let settings = ["role=[\"peer\",\"relay\"]", &listen, "relay.bandwidth-kbps=100000000"];
    relay.serve(&settings.map(|setting| ["--set", setting]).concat())?;
    let operator = cities.p2psp.operator(MUENCHEN);
    until(|| {
        let servers = operator.ask("GET", "/oms/servers", None).json().to_string();
        if servers.contains("\"rs\"") { Ok(()) } else { Err(anyhow!("no relay in {servers}")) }
    })?;
    Ok(relay)
}

/// A port on which nobody listens any more.
fn closed_port(address: &str) -> anyhow::Result<u16> {
    Ok(TcpListener::bind((address, 0))?.local_addr()?.port())
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
