//! `p2psp audit`: whether the audit trails of users, index, stops and expulsions are as they were
//! written.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use rusqlite::{Connection, OpenFlags};

use crate::audit;
use crate::cli::state::StateArguments;

/// Databases with a trail.
const DATABASES: [&str; 4] = ["users.db", "index.db", "stops.db", "expulsions.db"];

const EXAMPLES: &str = "\
Each database has a trail: users.db, index.db, stops.db, expulsions.db. A row that was changed,
taken out or put in breaks the chain of hashes there; rows cut off at the end are found out by a
line that was noted elsewhere.

Examples:
  p2psp audit verify --state-dir state                   prints FILE:ROWS:HASH for each trail
  p2psp audit verify --noted users.db:17:HASH --state-dir state";

/// Arguments of `p2psp audit`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Go through the trails; exit 0 whole, 1 broken. What is printed can be noted elsewhere, and
    /// shown with --noted later
    Verify {
        #[command(flatten)]
        state: StateArguments,
        /// A line that was printed before, repeatable: the trail has to hold it still
        #[arg(long, value_name = "FILE:ROWS:HASH")]
        noted: Vec<String>,
    },
}

/// What a trail was.
struct Noted<'a> {
    of: &'a str,
    rows: u64,
    head: &'a str,
}

impl<'a> Noted<'a> {
    fn of(line: &'a str) -> anyhow::Result<Self> {
        let mut parts = line.trim().splitn(3, ':');
        let (Some(of), Some(rows), Some(head)) = (parts.next(), parts.next(), parts.next()) else {
            bail!("--noted {line} is not of the form FILE:ROWS:HASH");
        };
        let rows = rows.parse().with_context(|| format!("--noted {line}"))?;
        Ok(Self { of, rows, head })
    }
}

/// Prints what it found, a line for each trail.
///
/// # Errors
/// There is no trail, or one cannot be read.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let What::Verify { state, noted } = &arguments.what;
    let folder = state.folder()?;
    let files = DATABASES.map(|name| (name, folder.join(name)));
    if files.iter().all(|(_, path)| !path.is_file()) {
        bail!("no database is in {}", folder.display());
    }
    let noted = noted.iter().map(|line| Noted::of(line)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut is_whole = true;
    for one in &noted {
        if !files.iter().any(|(name, path)| *name == one.of && path.is_file()) {
            is_whole = false;
            writeln!(out, "{}: noted, and not in {}", one.of, folder.display())?;
        }
    }
    for (name, path) in files.iter().filter(|(_, path)| path.is_file()) {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database =
            Connection::open_with_flags(path, flags).with_context(|| path.display().to_string())?;
        match audit::verify(&database) {
            Ok(chain) => writeln!(out, "{name}:{}:{}", chain.rows, chain.head)?,
            Err(audit::AuditError::Sqlite(error)) => {
                return Err(error).with_context(|| path.display().to_string());
            }
            Err(broken) => {
                is_whole = false;
                writeln!(out, "{name}: {broken}")?;
            }
        }
        for one in noted.iter().filter(|one| one.of == *name) {
            if !audit::has_been(&database, one.rows, one.head)? {
                is_whole = false;
                let rows = one.rows;
                writeln!(out, "{name}: what was noted after row {rows} is not in the trail")?;
            }
        }
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
