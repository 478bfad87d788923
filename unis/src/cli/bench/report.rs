//! The figures: a table for people, JSON for programs.

use std::io::{self, Write};

use link::machine::Machine;
use serde_json::{Value, json};

use crate::cli::bench::case::Row;
use crate::cli::bench::workload::Facts;

/// All that is told.
pub(in crate::cli::bench) struct Report {
    pub(in crate::cli::bench) machine: Machine,
    pub(in crate::cli::bench) seed: u64,
    pub(in crate::cli::bench) facts: Facts,
    pub(in crate::cli::bench) rows: Vec<Row>,
}

impl Report {
    /// For programs.
    pub(in crate::cli::bench) fn json(&self) -> Value {
        let row = |row: &Row| {
            let [low, ratio, high] = row.outcome.ratio;
            json!({
                "name": row.name,
                "unit": row.unit,
                "candidates": row.candidates,
                "ns": row.outcome.ours_ns,
                "plain": row.plain,
                "plain-ns": row.outcome.plain_ns,
                "ratio": ratio,
                "ratio-lowest": low,
                "ratio-highest": high,
                "bytes-per-second": row.bytes_per_second(),
            })
        };
        json!({
            "machine": self.machine,
            "seed": self.seed,
            "workload": self.facts,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }

    /// For people.
    pub(in crate::cli::bench) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let Machine { cpu, cores, kernel, load, version, optimised } = &self.machine;
        writeln!(out, "{cpu}, {cores} cores, {kernel}, load {load}; unis {version}")?;
        if !optimised {
            writeln!(out, "built without optimisation: these figures say nothing")?;
        }
        let Facts { table, ipv4_prefixes, ipv6_prefixes, pids, checksum } = &self.facts;
        writeln!(
            out,
            "{table}: {ipv4_prefixes} IPv4 and {ipv6_prefixes} IPv6 prefixes, {pids} PIDs; seed {}, \
             checksum {checksum}\n",
            self.seed
        )?;
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
        writeln!(
            out,
            "{:width$}  {:>10}  {:>10}  {:>7}  {:<15}  {:<14}  plain way",
            "", "ours, ns", "plain, ns", "ratio", "lowest-highest", "a"
        )?;
        for row in &self.rows {
            let [low, ratio, high] = row.outcome.ratio;
            write!(
                out,
                "{:width$}  {:>10.1}  {:>10.1}  {ratio:>6.1}x  {:<15}  {:<14}  {}",
                row.name,
                row.outcome.ours_ns,
                row.outcome.plain_ns,
                format!("{low:.1}-{high:.1}"),
                row.unit,
                row.plain,
            )?;
            match row.bytes_per_second() {
                Some(bytes) => writeln!(out, "; ours {:.0} MB/s", bytes / 1e6)?,
                None => writeln!(out)?,
            }
        }
        Ok(())
    }
}
