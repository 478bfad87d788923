//! From the command to the line `serving`, and the cost map of all pairs from it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use system_tests::unis::Unis;

use crate::row;
use crate::sample::Sample;
use link::load::cpu_time;

/// Longest pause within the map.
const PAUSE_MAX: Duration = Duration::from_secs(60);

pub(crate) fn run(sample: &Sample, starts: usize) -> anyhow::Result<()> {
    let mut figures = Vec::new();
    for _ in 0..starts {
        let begin = Instant::now();
        let unis = Unis::plain(&sample.sources(), &[])?;
        figures.push((begin.elapsed(), cpu_time(unis.id())?, peak_mb(unis.id())?));
    }
    let clock = figures.iter().map(|(clock, ..)| clock.as_secs_f64());
    let (from, to) = clock.fold((f64::MAX, 0.0_f64), |(low, high), s| (low.min(s), high.max(s)));
    let cpu = figures.iter().map(|(_, cpu, _)| *cpu).min().unwrap_or_default().as_secs_f64();
    let peak = figures.iter().map(|(.., peak)| *peak).max().unwrap_or_default();
    row("start", &format!("{from:.1} to {to:.1} s by the clock, {cpu:.1} s of processor"), "5 s");
    row("resident at most, after a start", &format!("{peak} MB"), "700 MB");

    let unis = Unis::plain(&sample.sources(), &[])?;
    let (before, begin) = (cpu_time(unis.id())?, Instant::now());
    let bytes = cost_map(&unis)? as f64 / 1e6;
    let (seconds, cpu) = (begin.elapsed().as_secs_f64(), cpu_time(unis.id())? - before);
    let figure = format!(
        "{:.0} MB/s by the clock, {:.0} MB in a second of its processor time ({bytes:.0} MB)",
        bytes / seconds,
        bytes / cpu.as_secs_f64()
    );
    row("cost map of all pairs, streamed", &figure, "100 MB/s");
    row("resident at most, after that", &format!("{} MB", peak_mb(unis.id())?), "700 MB");
    Ok(())
}

/// Takes the whole map: how many bytes.
fn cost_map(unis: &Unis) -> anyhow::Result<u64> {
    let mut stream = TcpStream::connect(unis.authority())?;
    stream.set_read_timeout(Some(PAUSE_MAX))?;
    let host = unis.authority();
    write!(
        stream,
        "GET /cost-map-routingcost-numerical HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let (mut buffer, mut bytes, mut head) = (vec![0; 1 << 18], 0, Vec::new());
    let mut tail: Vec<u8> = Vec::new();
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        if head.is_empty() {
            head = buffer[..read.min(12)].to_vec();
        }
        tail.extend_from_slice(&buffer[read.saturating_sub(5)..read]);
        tail.drain(..tail.len().saturating_sub(5));
        bytes += read as u64;
    }
    ensure!(head == b"HTTP/1.1 200", "no map");
    // Streamed, it ends with the last chunk; a small one is sent whole.
    ensure!(tail == b"0\r\n\r\n" || tail.ends_with(b"}}"), "the map broke off");
    Ok(bytes)
}

/// The most that a process held so far.
fn peak_mb(process: u32) -> anyhow::Result<u64> {
    Ok(status_kb(process, "VmHWM:")? / 1000)
}

/// A line of /proc/PID/status in kB.
pub(crate) fn status_kb(process: u32, name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
