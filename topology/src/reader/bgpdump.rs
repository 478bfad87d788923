//! `bgpdump`: a routing table as text, a route a line, as `bgpdump -m` prints it:
//! `TABLE_DUMP2|time|B|peer address|peer AS|prefix|AS path|…`.
//!
//! With ADD-PATH the first field is `TABLE_DUMP2_AP` and the identifier of the path comes before
//! the path. Lines of updates (`BGP4MP`) are skipped; a file of nothing else is refused.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use netmap::IpNet;

use crate::draft::Draft;
use crate::graph::Graph;
use crate::placement::prefix::{self, PrefixFault};
use crate::progress::Progress;
use crate::reader::lines;
use crate::reader::open::{self, OpenError};
use crate::refusal::LoadError;
use crate::report::{Report, code};
use crate::routes::{AsPath, Homes, OnlyUpdates, PathFault, Table, warn_updates};
use crate::spot::Spot;

/// Longest line: many times what a route with all its communities takes.
const LINE_BYTES_MAX: usize = 4 << 20;
/// Lines that are none before a file without a route counts as something else.
const STRANGE_LINES_MAX: u64 = 1_000;

const EXPECTED: &str =
    "TABLE_DUMP2|time|B|peer|peer AS|prefix|AS path|…, as `bgpdump -m` prints it";

/// Why a file is no routing table.
#[derive(Debug, thiserror::Error)]
enum BgpdumpError {
    #[error("line is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    #[error("has no routes; expected lines {EXPECTED}")]
    NoTable,
}

/// Why a line is no route.
#[derive(Debug, thiserror::Error)]
enum LineFault {
    #[error("expected {EXPECTED}")]
    NoRoute,
    #[error(transparent)]
    Prefix(#[from] PrefixFault),
    #[error(transparent)]
    Path(#[from] PathFault),
}

/// What a line is.
enum Line {
    Route(IpNet),
    Update,
}

/// Reads the file's prefixes and puts them on nodes.
pub(crate) fn read(
    file: &Arc<Path>,
    (graph, homes): (&Graph, &Homes),
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Draft, LoadError> {
    let mut input = open::open_table(file, progress)?;
    let (mut table, mut path) = (Table::new(homes), AsPath::default());
    let (mut bytes, mut line, mut updates, mut strange) = (Vec::new(), 0, 0, 0);
    loop {
        bytes.clear();
        let spot = Spot::line(file, line + 1);
        let read = lines::read(&mut input, &mut bytes, LINE_BYTES_MAX);
        if let Err(error) = read {
            if error.kind() == ErrorKind::FileTooLarge || table.routes() == 0 {
                return Err(LoadError::at(spot, OpenError::Read(error)));
            }
            let message = format!("cannot read on: {error}; the lines before this one count");
            report.warn(code::TRUNCATED_TABLE, &spot, message);
            break;
        }
        if bytes.is_empty() {
            break;
        }
        if bytes.len() == LINE_BYTES_MAX && !lines::is_whole(&bytes) {
            return Err(LoadError::at(spot, BgpdumpError::TooLong));
        }
        line += 1;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match route(text, &mut path) {
            Ok(Line::Update) => updates += 1,
            Ok(Line::Route(prefix)) => table
                .take((prefix, &path), line, &spot, report)
                .map_err(|error| LoadError::at(Spot::file(file), error))?,
            Err(fault) => {
                strange += 1;
                if table.routes() == 0 && strange > STRANGE_LINES_MAX {
                    break;
                }
                report.warn(code::DAMAGED_ROUTE, &spot, format!("line skipped: {fault}"));
            }
        }
    }
    let spot = Spot::file(file);
    match (table.routes(), updates) {
        (0, 0) => return Err(LoadError::at(spot, BgpdumpError::NoTable)),
        (0, _) => return Err(LoadError::at(spot, OnlyUpdates(updates))),
        _ => warn_updates(updates, &spot, report),
    }
    Ok(table.settle(graph, file, report))
}

/// Takes a line apart.
fn route(text: &str, path: &mut AsPath) -> Result<Line, LineFault> {
    let mut fields = text.split('|');
    let has_identifier = match fields.next() {
        Some("TABLE_DUMP" | "TABLE_DUMP2") => false,
        Some("TABLE_DUMP_AP" | "TABLE_DUMP2_AP") => true,
        Some(kind) if kind.starts_with("BGP4MP") || kind == "BGP" => return Ok(Line::Update),
        _ => return Err(LineFault::NoRoute),
    };
    // The number of the packet if asked for (`-p`), time, `B`, address and AS of the peer, prefix,
    // identifier of the path.
    if fields.nth(1) != Some("B") && fields.next() != Some("B") {
        return Err(LineFault::NoRoute);
    }
    let prefix = prefix::parse(fields.nth(2).ok_or(LineFault::NoRoute)?.trim())?;
    path.read(fields.nth(usize::from(has_identifier)).ok_or(LineFault::NoRoute)?)?;
    Ok(Line::Route(prefix))
}
