//! The figures: a table for people, JSON for programs.

use std::io::{self, Write};
use std::time::Duration;

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

/// For programs.
pub(crate) fn json(machine: &Machine, seed: u64, rows: &[Row]) -> Value {
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
    json!({"machine": machine, "seed": seed, "rows": rows.iter().map(row).collect::<Vec<_>>()})
}

/// For people.
pub(crate) fn print(
    machine: &Machine,
    seed: u64,
    rows: &[Row],
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
    Ok(())
}
