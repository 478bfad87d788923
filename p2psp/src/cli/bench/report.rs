//! The figures: a table for people, JSON for programs.

use std::io::{self, Write};
use std::time::Duration;

use link::load::Measured;
use link::machine::Machine;
use serde_json::{Value, json};

/// One thing that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) count: usize,
    pub(crate) per_second: f64,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
    /// Further figures by their name.
    pub(crate) more: Vec<(&'static str, u64)>,
}

impl Row {
    /// Of the times of all rounds, one after the other.
    pub(crate) fn of(name: String, unit: &'static str, mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        let sum: f64 = times.iter().map(Duration::as_secs_f64).sum();
        let per_second = if sum > 0.0 { times.len() as f64 / sum } else { 0.0 };
        let (median, p99) = (at(50), at(99));
        Self { name, unit, count: times.len(), per_second, median, p99, more: Vec::new() }
    }
}

impl Row {
    /// A server and its rival that echoes. By work: the processor time of server and clients for an
    /// answer, the rival's by the server's.
    pub(crate) fn pair(name: &str, server: &Measured, rival: &Measured) -> Vec<Self> {
        let row = |what: &str, measured: &Measured| {
            let rounds = &measured.rounds;
            let times = rounds.iter().flat_map(|round| round.times.iter().copied()).collect();
            let mut row = Self::of(format!("{what}, {name}"), "answers/s", times);
            row.per_second = median(rounds.iter().map(|round| round.per_second));
            let each = measured.cpu.as_secs_f64() * 1e9 / row.count.max(1) as f64;
            row.more.push(("server-ns-per-answer", each as u64));
            row
        };
        let (mut lists, echoes) = (row("list of 50", server), row("echo of it", rival));
        let work = |measured: &Measured, row: &Self| {
            (measured.cpu + measured.client_cpu).as_secs_f64() / row.count.max(1) as f64
        };
        let share = 100.0 * work(rival, &echoes) / work(server, &lists);
        let pairs = server.rounds.iter().zip(&rival.rounds);
        let ratio = median(pairs.map(|(server, rival)| server.per_second / rival.per_second));
        lists.more.push(("percent-of-echo", (100.0 * ratio).round() as u64));
        lists.more.push(("percent-of-echo-by-work", share.round() as u64));
        vec![lists, echoes]
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// For programs.
pub(crate) fn json(machine: &Machine, seed: u64, rows: &[Row], absent: &[String]) -> Value {
    let row = |row: &Row| {
        let mut told = json!({
            "name": row.name, "unit": row.unit, "count": row.count, "per-second": row.per_second,
            "median-us": row.median.as_secs_f64() * 1e6, "p99-us": row.p99.as_secs_f64() * 1e6,
        });
        for (name, value) in &row.more {
            told[*name] = json!(value);
        }
        told
    };
    let rows: Vec<Value> = rows.iter().map(row).collect();
    json!({"machine": machine, "seed": seed, "rows": rows, "absent": absent})
}

/// For people.
pub(crate) fn print(
    machine: &Machine,
    seed: u64,
    rows: &[Row],
    absent: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    let Machine { cpu, cores, kernel, load, version, optimised } = machine;
    writeln!(out, "{cpu}, {cores} cores, {kernel}, load {load}; p2psp {version}; seed {seed}")?;
    if !optimised {
        writeln!(out, "built without optimisation: these figures say nothing")?;
    }
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    writeln!(out, "\n{:width$}  {:>10}  {:>11}  {:>11}", "", "a second", "median, us", "p99, us")?;
    for row in rows {
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        let (median, p99) = (us(row.median), us(row.p99));
        write!(out, "{:width$}  {:>10.0}  {median:>11.1}  {p99:>11.1}", row.name, row.per_second)?;
        for (name, value) in &row.more {
            write!(out, "  {name} {value}")?;
        }
        writeln!(out)?;
    }
    absent.iter().try_for_each(|reason| writeln!(out, "{reason}"))
}
