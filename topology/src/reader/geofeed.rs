//! `geofeed`: self-published IP geolocation (RFC 8805): `prefix,country,region,city[,postal]`.
//!
//! Each prefix goes to the point of presence nearest to its city. Feeds are written by many hands,
//! so what is wrong with a row costs that row alone: byte order mark, comments, header line,
//! missing and extra columns and addresses without length pass; bad prefixes are skipped. What
//! separates the fields of the first row, a comma, a semicolon or a tab, does so in all.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use netmap::IpNet;

use crate::draft::{Draft, Precedence, PrefixRow};
use crate::gazetteer::{self, Gazetteer};
use crate::graph::{Graph, NodeIndex};
use crate::locate::{Locator, Place, Where};
use crate::placement::prefix::{self, PrefixFault};
use crate::progress::Progress;
use crate::reader::lines;
use crate::reader::open::{self, OpenError};
use crate::reader::rows::Fields;
use crate::refusal::LoadError;
use crate::report::{Report, code};
use crate::spot::Spot;

/// Longest line.
const LINE_BYTES_MAX: usize = 64 << 10;
/// Bad rows before a file without a good one counts as something else.
const BAD_ROWS_MAX: usize = 1_000;

// Columns (RFC 8805 §2.1.1).
const PREFIX: usize = 0;
const COUNTRY: usize = 1;
const REGION: usize = 2;
const CITY: usize = 3;

/// Why a file is no geofeed.
#[derive(Debug, thiserror::Error)]
enum GeofeedError {
    #[error("is empty; expected {EXPECTED}, or a comment where there are none")]
    Empty,
    #[error("is no geofeed (RFC 8805): no row starts with a prefix; expected {EXPECTED}")]
    NoRow,
    #[error("is no geofeed (RFC 8805): its header has a column `pop`; expected {EXPECTED}")]
    List,
    #[error("line is longer than {LINE_BYTES_MAX} bytes; expected {EXPECTED}")]
    TooLong,
    #[error("the list of cities in this program is damaged: {0}")]
    Gazetteer(#[source] std::io::Error),
}

const EXPECTED: &str = "rows `prefix,country,region,city,postal`";

/// Reads the file's prefixes and puts them on the nodes nearest to their places.
pub(crate) fn read(
    file: &Arc<Path>,
    graph: &Graph,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Draft, LoadError> {
    let list = gazetteer::unpack()
        .map_err(|error| LoadError::at(Spot::file(file), GeofeedError::Gazetteer(error)))?;
    let mut feed = Feed {
        locator: Locator::new(graph, Gazetteer::new(&list)),
        draft: Draft::new(file),
        fields: Fields::default(),
        pops: HashMap::new(),
        counts: Counts::default(),
        is_list: false,
    };
    feed.draft.prefixes.precedence = Precedence::Feed;
    let mut input = open::open(file, progress)?;
    let (mut bytes, mut line, mut blank) = (Vec::new(), 0, true);
    loop {
        bytes.clear();
        line += 1;
        let spot = Spot::line(file, line);
        let read = lines::read(&mut input, &mut bytes, LINE_BYTES_MAX);
        read.map_err(|error| LoadError::at(spot.clone(), OpenError::Read(error)))?;
        if bytes.is_empty() {
            break;
        }
        if bytes.len() == LINE_BYTES_MAX && !lines::is_whole(&bytes) {
            return Err(LoadError::at(spot, GeofeedError::TooLong));
        }
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                let message = "row is not UTF-8 text; read as ISO 8859-1";
                report.warn(code::NOT_UTF_8, &spot, message);
                Cow::Owned(open::latin1(&bytes))
            }
        };
        let text = text.trim_start_matches('\u{feff}').trim();
        blank &= text.is_empty();
        let text = without_comment(text);
        if !text.is_empty() {
            feed.line(graph, text, &spot, report);
        }
        if feed.is_list {
            return Err(LoadError::at(spot, GeofeedError::List));
        }
        if feed.counts.good == 0 && feed.counts.bad > BAD_ROWS_MAX {
            break;
        }
    }
    if blank {
        return Err(LoadError::at(Spot::file(file), GeofeedError::Empty));
    }
    if feed.counts.good == 0 && feed.counts.bad > 0 {
        return Err(LoadError::at(Spot::file(file), GeofeedError::NoRow));
    }
    feed.counts.note(file, report);
    Ok(feed.draft)
}

struct Feed<'a> {
    locator: Locator<'a>,
    draft: Draft,
    /// Of the row that is read.
    fields: Fields,
    pops: HashMap<NodeIndex, u32>,
    counts: Counts,
    /// Its header is that of a list of prefixes.
    is_list: bool,
}

#[derive(Default)]
struct Counts {
    /// Rows with a prefix.
    good: usize,
    bad: usize,
    placed: usize,
    without_place: usize,
    headers: usize,
}

impl Feed<'_> {
    fn line(&mut self, graph: &Graph, text: &str, spot: &Spot, report: &mut Report) {
        if self.counts.is_first() {
            self.fields.separated_as(text);
        }
        self.fields.clear();
        if self.fields.push_line(text).is_ok_and(|complete| complete) {
            self.row(graph, spot, report);
        } else {
            self.counts.bad += 1;
            report.warn(code::SKIPPED_PREFIX, spot, "row skipped: its quotes do not match");
        }
    }

    fn row(&mut self, graph: &Graph, spot: &Spot, report: &mut Report) {
        let fields = &self.fields;
        let text = fields.get(PREFIX).trim();
        let prefix = match read_prefix(text, spot, report) {
            Ok(prefix) => prefix,
            Err(_) if self.counts.is_first() && is_heading(text) => {
                self.counts.headers += 1;
                let columns = (COUNTRY..=CITY).map(|place| fields.get(place).trim());
                self.is_list = columns.into_iter().any(|name| name.eq_ignore_ascii_case("pop"));
                return;
            }
            Err(fault) => {
                let whole = matches!(fault, PrefixFault::Everything(_));
                self.counts.good += usize::from(whole);
                self.counts.bad += usize::from(!whole);
                report.warn(code::SKIPPED_PREFIX, spot, format!("row skipped: {fault}"));
                return;
            }
        };
        self.counts.good += 1;
        let place = Place::new(fields.get(COUNTRY), fields.get(REGION), fields.get(CITY));
        let unplaced = |why: &str| format!("{prefix} stays where it is: `{place}` {why}");
        match self.locator.find(&place) {
            Where::Node(node) => self.place(graph, prefix, node, spot),
            Where::Nowhere => {
                self.counts.without_place += 1;
                self.draft.prefixes.nowhere.push(prefix);
            }
            Where::UnknownCity => {
                let message = unplaced("is no place known here");
                report.warn(code::UNKNOWN_PLACE, spot, message);
            }
            Where::Vague => {
                let message = unplaced("names no city, and several nodes may be meant");
                report.warn(code::VAGUE_PLACE, spot, message);
            }
        }
    }

    fn place(&mut self, graph: &Graph, prefix: IpNet, node: NodeIndex, spot: &Spot) {
        self.counts.placed += 1;
        let prefixes = &mut self.draft.prefixes;
        let pop = *self.pops.entry(node).or_insert_with(|| {
            prefixes.pops.push(graph.node(node).key.clone());
            prefixes.pops.len() as u32 - 1
        });
        let line = spot.line_number().unwrap_or_default();
        prefixes.rows.push(PrefixRow { prefix, pop, origin_as: None, metric: None, line });
    }
}

impl Counts {
    fn is_first(&self) -> bool {
        self.good + self.bad + self.headers == 0
    }

    fn note(&self, file: &Path, report: &mut Report) {
        let Self { good, bad, placed, without_place, headers } = self;
        let file = file.display();
        report.note(format!(
            "{file}: rows {}, placed {placed}, without a place by intention {without_place}",
            good + bad
        ));
        if *headers > 0 {
            report.note(format!("{file}: the header line was passed over"));
        }
    }
}

/// What stands before a comment, which may follow on a row (RFC 8805 §2.1). In quotes a number sign
/// is one.
fn without_comment(text: &str) -> &str {
    let mut quoted = false;
    let begins = |character| {
        quoted ^= character == '"';
        character == '#' && !quoted
    };
    text.find(begins).map_or(text, |at| text[..at].trim_end())
}

/// A prefix, or an address alone (RFC 8805 §2.1.1.1).
fn read_prefix(text: &str, spot: &Spot, report: &mut Report) -> Result<IpNet, PrefixFault> {
    match text.parse::<IpAddr>() {
        Ok(address) => prefix::placeable(IpNet::from(address), spot, report),
        Err(_) => prefix::read(text, spot, report),
    }
}

/// Whether a text is the name of a column and not meant as a prefix.
fn is_heading(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(|c: char| matches!(c, '.' | ':' | '/') || c.is_control())
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
}
