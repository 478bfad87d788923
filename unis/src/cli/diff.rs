//! `unis diff`: what a change of the operator's files would change for clients, before a reload.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use netmap::{Diff, PairChange, Snapshot, changed_pairs};
use serde_json::{Value, json};

use crate::cli::{OutputFormat, number, print_json};
use crate::maps::version::Version;
use crate::progress::Bar;
use crate::settings::{Inputs, Settings};

const LEGEND: &str = "\
The first line counts: + came, - went, ~ moved or costs another amount. PIDs are told by their
names, so a renamed one went and came. Costs are listed for PIDs that stay, the largest moves
first.

Examples:
  unis diff --old-config unis.toml --new-config unis.toml.new
  unis diff --old inventory=network.toml --new inventory=network.new.toml --set routingcost.weight=hops";

/// Arguments of `unis diff`.
#[derive(Args, Debug)]
#[command(after_help = LEGEND)]
pub struct Arguments {
    /// Settings file of the old version
    #[arg(long, value_name = "FILE")]
    old_config: Option<PathBuf>,
    /// Settings file of the new version
    #[arg(long, value_name = "FILE")]
    new_config: Option<PathBuf>,
    /// An operator file of the old version
    #[arg(long = "old", value_name = "FORMAT=PATH")]
    old_sources: Vec<String>,
    /// An operator file of the new version
    #[arg(long = "new", value_name = "FORMAT=PATH")]
    new_sources: Vec<String>,
    /// One setting, for both versions
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How many changes of a kind to list
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    most: usize,
    /// How to print the changes
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// Prints what changes; exit 0 if nothing does, 1 if something does.
///
/// # Errors
/// One of the versions is refused.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let load = |file: &Option<PathBuf>, sources: &[String]| {
        let inputs = Inputs {
            file: file.clone(),
            sources: sources.to_vec(),
            set: arguments.set.clone(),
            ..Inputs::default()
        };
        anyhow::Ok(Version::load(&Settings::load(&inputs)?, &Bar::default())?)
    };
    let old = load(&arguments.old_config, &arguments.old_sources)
        .context("old version (--old FORMAT=PATH or --old-config FILE)")?;
    let new = load(&arguments.new_config, &arguments.new_sources)
        .context("new version (--new FORMAT=PATH or --new-config FILE)")?;
    let mut same = true;
    let mut reports = Vec::new();
    for network in new.networks() {
        let id = network.id("network-map");
        let before = old.networks().iter().find(|network| network.id("network-map") == id);
        let Some(before) = before else {
            reports.push(json!({"network": id, "new": true}));
            same = false;
            continue;
        };
        let change = Change::between(before.snapshot(), network.snapshot(), arguments.most);
        same &= change.diff.is_empty();
        match arguments.format {
            OutputFormat::Text => change.print(&id, out)?,
            OutputFormat::Json => reports.push(change.json(&id)),
        }
    }
    for network in old.networks() {
        let id = network.id("network-map");
        if !new.networks().iter().any(|network| network.id("network-map") == id) {
            reports.push(json!({"network": id, "removed": true}));
            same = false;
        }
    }
    match arguments.format {
        OutputFormat::Json => print_json(&Value::from(reports), out)?,
        OutputFormat::Text => {
            for report in &reports {
                let is_new = report.get("new").is_some();
                let network = report["network"].as_str().unwrap_or_default();
                writeln!(out, "{network}: {}", if is_new { "new network" } else { "gone" })?;
            }
        }
    }
    Ok(ExitCode::from(u8::from(!same)))
}

/// What changes in one network.
struct Change<'a> {
    diff: Diff,
    /// Per metric, the pairs of PIDs that stay whose cost moves most.
    costs: Vec<Moved<'a>>,
    most: usize,
}

/// The costs of one metric between PIDs that stay.
struct Moved<'a> {
    metric: String,
    /// The largest moves first.
    pairs: Vec<PairChange<'a>>,
    /// Of how many.
    all: usize,
}

impl<'a> Change<'a> {
    fn between(old: &'a Snapshot, new: &'a Snapshot, most: usize) -> Self {
        let diff = Diff::between(old, new);
        let moved = |change: &PairChange<'_>| match (change.old, change.new) {
            (Some(old), Some(new)) => (new.value() - old.value()).abs(),
            _ => f64::INFINITY,
        };
        // Where a PID came or went so did all its pairs: they would hide the others.
        let stays = |pid: &netmap::PidName| {
            old.pids().find(pid.as_str()).is_some() && new.pids().find(pid.as_str()).is_some()
        };
        let largest = |metric: &str| {
            let pairs = changed_pairs(old, new, metric);
            let mut pairs: Vec<PairChange<'a>> =
                pairs.filter(|pair| stays(pair.from) && stays(pair.to)).collect();
            pairs.sort_by(|a, b| moved(b).total_cmp(&moved(a)));
            let all = pairs.len();
            pairs.truncate(most);
            Moved { metric: metric.to_owned(), pairs, all }
        };
        let costs = diff.costs.iter().map(|cost| largest(&cost.metric)).collect();
        Self { diff, costs, most }
    }

    fn print(&self, id: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{id}: {}", self.diff)?;
        let mut list = |sign: char, lines: Vec<String>| {
            for line in lines.iter().take(self.most) {
                writeln!(out, "  {sign} {line}")?;
            }
            if lines.len() > self.most {
                writeln!(out, "  {sign} … and {} more", lines.len() - self.most)?;
            }
            io::Result::Ok(())
        };
        let diff = &self.diff;
        list('+', diff.pids_added.iter().map(|pid| format!("PID {pid}")).collect())?;
        list('-', diff.pids_removed.iter().map(|pid| format!("PID {pid}")).collect())?;
        list(
            '+',
            diff.prefixes_added.iter().map(|(net, pid)| format!("{net} in {pid}")).collect(),
        )?;
        list(
            '-',
            diff.prefixes_removed.iter().map(|(net, pid)| format!("{net} in {pid}")).collect(),
        )?;
        let moved = |change: &netmap::PrefixMove| {
            format!("{} from {} to {}", change.prefix, change.from, change.to)
        };
        list('~', diff.prefixes_moved.iter().map(moved).collect())?;
        for Moved { metric, pairs, all } in &self.costs {
            for PairChange { from, to, old, new } in pairs {
                let text = |cost: &Option<netmap::Cost>| {
                    cost.map_or_else(|| "none".to_owned(), |cost| cost.to_string())
                };
                writeln!(out, "  ~ {metric} {from} → {to}: {} → {}", text(old), text(new))?;
            }
            if *all > pairs.len() {
                writeln!(out, "  ~ … and {} more of {metric}", all - pairs.len())?;
            }
        }
        Ok(())
    }

    fn json(&self, id: &str) -> Value {
        let prefix = |(net, pid): &(netmap::IpNet, netmap::PidName)| json!({"prefix": net.to_string(), "pid": pid.as_str()});
        let moved = |change: &netmap::PrefixMove| {
            let (from, to) = (change.from.as_str(), change.to.as_str());
            json!({"prefix": change.prefix.to_string(), "from": from, "to": to})
        };
        let diff = &self.diff;
        let names =
            |pids: &[netmap::PidName]| -> Value { pids.iter().map(|pid| pid.as_str()).collect() };
        let pair = |pair: &PairChange<'_>| {
            let PairChange { from, to, old, new } = pair;
            json!({
                "from": from.as_str(),
                "to": to.as_str(),
                "old": old.map(number),
                "new": new.map(number),
            })
        };
        let costs = diff.costs.iter().zip(&self.costs);
        let costs = costs.map(|(cost, moved)| {
            json!({
                "metric": cost.metric,
                "changed": cost.changed,
                "appeared": cost.appeared,
                "vanished": cost.vanished,
                "largest": moved.pairs.iter().map(pair).collect::<Value>(),
            })
        });
        let costs: Value = costs.collect();
        json!({
            "network": id,
            "pids-added": names(&diff.pids_added),
            "pids-removed": names(&diff.pids_removed),
            "prefixes-added": diff.prefixes_added.iter().map(prefix).collect::<Value>(),
            "prefixes-removed": diff.prefixes_removed.iter().map(prefix).collect::<Value>(),
            "prefixes-moved": diff.prefixes_moved.iter().map(moved).collect::<Value>(),
            "costs": costs,
        })
    }
}
