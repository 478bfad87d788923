//! `unis check`: load as `serve` would, and say what would be served and what is wrong with the
//! files.

mod fewer;
mod partners;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use link::printable;
use serde_json::{Value, json};
use topology::Warning;

use crate::cli::{InputArguments, OutputFormat, print_json};
use crate::maps::network::ServedNetwork;
use crate::maps::version::{Version, VersionError};
use crate::progress::Bar;
use crate::settings::Settings;

/// Arguments of `unis check`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    inputs: InputArguments,
    /// How to print the report
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

const CLEAN: u8 = 0;
const WARNINGS: u8 = 1;
const REFUSED: u8 = 2;

/// Prints the report.
///
/// # Errors
/// The files are refused, and the report was asked for as text.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let inputs = arguments.inputs.inputs();
    let loaded = Settings::load(&inputs).map_err(VersionError::from).and_then(|settings| {
        let version = Version::load(&settings, &Bar::default())?;
        Ok((version, partners::warnings(&settings, inputs.file.as_deref())))
    });
    let (version, barred) = match (loaded, arguments.format) {
        (Ok(found), _) => found,
        (Err(error), OutputFormat::Text) => return Err(error.into()),
        (Err(error), OutputFormat::Json) => {
            let report = json!({"pids": [], "warnings": [], "error": error.to_string()});
            print_json(&report, out)?;
            eprintln!("unis: {}", printable(&error.to_string()));
            return Ok(ExitCode::from(REFUSED));
        }
    };
    match arguments.format {
        OutputFormat::Text => print_text(&version, &barred, out)?,
        OutputFormat::Json => print_json(&report(&version, &barred), out)?,
    }
    let mut networks = version.networks().iter();
    let clean =
        barred.is_empty() && networks.all(|network| network.topology().warnings().is_empty());
    Ok(ExitCode::from(if clean { CLEAN } else { WARNINGS }))
}

fn report(version: &Version, barred: &[Warning]) -> Value {
    let several = version.networks().len() > 1;
    let mut pids = Vec::new();
    let mut warnings = Vec::new();
    let mut fewer = Vec::new();
    for network in version.networks() {
        let named = |mut entry: Value| {
            if several {
                entry["network"] = json!(network.id("network-map"));
            }
            entry
        };
        let topology = network.topology();
        pids.extend(topology.pids().iter().map(|entry| {
            let mut pid = json!({
                "pid": entry.pid.as_str(),
                "node": entry.node,
                "kind": entry.kind.to_string(),
                "prefixes": entry.prefixes,
            });
            if topology.aggregation().is_some() {
                pid["nodes"] = json!(entry.nodes);
            }
            named(pid)
        }));
        let (aggregation, reduction) = fewer::json(topology);
        if !(aggregation.is_null() && reduction.is_null()) {
            fewer.push(named(json!({"aggregation": aggregation, "reduction": reduction})));
        }
        warnings.extend(topology.warnings().iter().map(|warning| named(entry(warning))));
    }
    warnings.extend(barred.iter().map(entry));
    let mut report = json!({"pids": pids, "warnings": warnings});
    if !fewer.is_empty() {
        report["fewer"] = json!(fewer);
    }
    report
}

fn entry(warning: &Warning) -> Value {
    json!({
        "file": warning.file.display().to_string(),
        "line": warning.line,
        "code": warning.code,
        "message": warning.message,
    })
}

fn print_text(version: &Version, barred: &[Warning], out: &mut dyn Write) -> io::Result<()> {
    for network in version.networks() {
        writeln!(out, "{}", network.id("network-map"))?;
        for note in network.topology().notes() {
            writeln!(out, "  {}", printable(note))?;
        }
        fewer::print(network.topology(), out)?;
        print_pids(network, out)?;
        print_warnings(network.topology().warnings(), out)?;
    }
    if !barred.is_empty() {
        writeln!(out, "partners")?;
        print_warnings(barred, out)?;
    }
    Ok(())
}

/// The warnings of what stands above them, and how many these are.
fn print_warnings(warnings: &[Warning], out: &mut dyn Write) -> io::Result<()> {
    for warning in warnings {
        writeln!(out, "  {}", printable(&warning.to_string()))?;
    }
    match warnings.len() {
        0 => writeln!(out, "  no warnings"),
        1 => writeln!(out, "  1 warning"),
        several => writeln!(out, "  {several} warnings"),
    }
}

fn print_pids(network: &ServedNetwork, out: &mut dyn Write) -> io::Result<()> {
    let pids = network.topology().pids();
    let width = pids.iter().map(|entry| entry.pid.as_str().len()).max().unwrap_or(0).max(3);
    writeln!(out, "  {:width$}  {:<9}  {:>8}  node", "PID", "kind", "prefixes")?;
    for entry in pids {
        let node = printable(entry.node.as_deref().unwrap_or("-"));
        writeln!(
            out,
            "  {:width$}  {:<9}  {:>8}  {node}",
            entry.pid,
            entry.kind.to_string(),
            entry.prefixes
        )?;
    }
    Ok(())
}
