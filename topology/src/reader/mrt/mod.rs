//! `mrt`: a routing table as MRT (RFC 6396), TABLE_DUMP and TABLE_DUMP_V2 with or without
//! ADD-PATH (RFC 8050).
//!
//! Read by hand: of each route only prefix and AS path are wanted, everything else is stepped
//! over unread; every route that is damaged has to be counted; and no byte may bring the reader
//! down. A file of updates (BGP4MP) is no table and refused; updates beside a table are skipped.
//! A file that is cut off keeps what it has up to there.
//!
//! The crate bgpkit-parser (0.23) was tried in its place. It survives hostile files, but ends a
//! record at the first damaged route and attributes at the first that is too long with no more than
//! a log line, so that routes are lost uncounted and paths turn up empty, which here means the own
//! AS; it refuses RIB_GENERIC and TABLE_DUMP with 4-byte numbers; and as it takes in every
//! attribute it reads 0.5 million routes a second where this reads 10 to 15 million.

// A file's records.
mod frame;
// A record's routes.
mod dump;
mod wire;

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::draft::Draft;
use crate::graph::Graph;
use crate::progress::Progress;
use crate::reader::mrt::dump::{Content, Found};
use crate::reader::mrt::frame::{Cut, Frames, Record};
use crate::reader::mrt::wire::WireFault;
use crate::reader::open;
use crate::refusal::LoadError;
use crate::report::{Report, code};
use crate::routes::{AsPath, Homes, OnlyUpdates, Table, TooManyPrefixes, warn_updates};
use crate::spot::Spot;

/// Records of unknown type before a file without any other counts as something else.
const STRANGE_RECORDS_MAX: u64 = 10_000;

/// Why a file is no routing table.
#[derive(Debug, thiserror::Error)]
enum MrtError {
    #[error("is empty")]
    Empty,
    #[error("holds no routing table as MRT (RFC 6396): record {number}: {cut}")]
    Cut { number: u64, cut: Cut },
    #[error("holds no routing table as MRT (RFC 6396); none of its {0} records is one")]
    NoTable(u64),
    #[error("holds no routing table as MRT (RFC 6396); its first {0} records are of unknown type")]
    Strange(u64),
    #[error("record {number}: {cut}")]
    Endless { number: u64, cut: Cut },
}

/// What a record may fail with: a fault to count, or too much of everything.
enum Failure {
    Fault(WireFault),
    TooMany(TooManyPrefixes),
}

impl From<WireFault> for Failure {
    fn from(fault: WireFault) -> Self {
        Self::Fault(fault)
    }
}

/// Reads the file's prefixes and puts them on nodes.
pub(crate) fn read(
    file: &Arc<Path>,
    (graph, homes): (&Graph, &Homes),
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Draft, LoadError> {
    let mut input = open::open_table(file, progress)?;
    let mut frames = Frames::default();
    let mut reading = Reading { table: Table::new(homes), counts: Counts::default(), report, file };
    let mut path = AsPath::default();
    let refuse = |error: MrtError| LoadError::at(Spot::file(file), error);
    let cut = loop {
        match frames.next(&mut input) {
            Ok(Some(record)) => reading
                .record(&record, &mut path)
                .map_err(|error| LoadError::at(Spot::file(file), error))?,
            Ok(None) => break None,
            Err(cut) => break Some(cut),
        }
        let Counts { records, unknown, .. } = reading.counts;
        if unknown == records && unknown > STRANGE_RECORDS_MAX {
            return Err(refuse(MrtError::Strange(unknown)));
        }
    };
    let Reading { table, counts, report, .. } = reading;
    match cut {
        Some(Cut::Read(error)) if error.kind() == ErrorKind::FileTooLarge => {
            let (number, cut) = (counts.records + 1, Cut::Read(error));
            return Err(refuse(MrtError::Endless { number, cut }));
        }
        Some(cut) if counts.tables + counts.updates == 0 => {
            return Err(refuse(MrtError::Cut { number: counts.records + 1, cut }));
        }
        None if counts.records == 0 => return Err(refuse(MrtError::Empty)),
        _ if counts.tables == 0 && counts.updates > 0 => {
            return Err(LoadError::at(Spot::file(file), OnlyUpdates(counts.updates)));
        }
        _ if counts.tables == 0 => return Err(refuse(MrtError::NoTable(counts.records))),
        Some(cut) => {
            let message =
                format!("record {} is damaged: {cut}; those before it count", counts.records + 1);
            report.warn(code::TRUNCATED_TABLE, &Spot::file(file), message);
        }
        None => {}
    }
    counts.warn(file, report);
    Ok(table.settle(graph, file, report))
}

struct Reading<'a> {
    table: Table<'a>,
    counts: Counts,
    report: &'a mut Report,
    file: &'a Arc<Path>,
}

/// How many records there are, and how many of them are of no use.
#[derive(Default)]
struct Counts {
    records: u64,
    tables: u64,
    other_tables: u64,
    updates: u64,
    unknown: u64,
    damaged: u64,
    first_damage: Option<(u64, WireFault)>,
}

impl Reading<'_> {
    fn record(&mut self, record: &Record<'_>, path: &mut AsPath) -> Result<(), TooManyPrefixes> {
        self.counts.records += 1;
        let content = Content::of(record);
        let read = match content {
            Content::Entries(family, width) => {
                self.counts.tables += 1;
                dump::entries(record, (family, width), path, |found| self.route(found))
            }
            Content::Rib { family, add_path } => {
                let read = dump::rib(record, family, add_path, path, |found| self.route(found));
                let is_table = !matches!(read, Ok(false));
                self.counts.tables += u64::from(is_table);
                self.counts.other_tables += u64::from(!is_table);
                read.map(|_| ())
            }
            Content::Peers => return Ok(()),
            Content::OtherTable => {
                self.counts.other_tables += 1;
                return Ok(());
            }
            Content::Update => {
                self.counts.updates += 1;
                return Ok(());
            }
            Content::Unknown => {
                self.counts.unknown += 1;
                return Ok(());
            }
        };
        match read {
            Ok(()) => Ok(()),
            Err(Failure::Fault(fault)) => {
                self.counts.damage(fault);
                Ok(())
            }
            Err(Failure::TooMany(error)) => Err(error),
        }
    }

    fn route(&mut self, found: Found<'_>) -> Result<(), Failure> {
        let (prefix, path) = match found {
            Ok(route) => route,
            Err(fault) => {
                self.counts.damage(fault);
                return Ok(());
            }
        };
        let (record, spot) = (self.counts.records, Spot::file(self.file));
        self.table.take((prefix, path), record, &spot, self.report).map_err(Failure::TooMany)
    }
}

impl Counts {
    fn damage(&mut self, fault: WireFault) {
        self.damaged += 1;
        self.first_damage.get_or_insert((self.records, fault));
    }

    fn warn(&self, file: &Arc<Path>, report: &mut Report) {
        let spot = Spot::file(file);
        warn_updates(self.updates, &spot, report);
        for (count, what) in [
            (self.other_tables, "records of tables other than IP unicast"),
            (self.unknown, "records of unknown type"),
        ] {
            if count > 0 {
                report.warn(code::SKIPPED_RECORD, &spot, format!("skipped {count} {what}"));
            }
        }
        if let Some((number, fault)) = self.first_damage {
            let message = format!(
                "routes or ends of records that are damaged and were skipped: {}; the first in \
                 record {number}: {fault}",
                self.damaged
            );
            report.warn(code::DAMAGED_ROUTE, &spot, message);
        }
    }
}
