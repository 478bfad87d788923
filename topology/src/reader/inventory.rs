//! `inventory`: a small network written by hand in TOML. Keys it does not know are refused.
//!
//! ```toml
//! [network]
//! asn = 64500
//!
//! [[pop]]
//! name = "MI"
//! latitude = 45.464
//! longitude = 9.190
//! prefixes = ["192.0.2.0/24"]
//!
//! [[link]]
//! from = "MI"
//! to = "RM"
//! igp = 10
//! delay-us = 4800
//! capacity-mbps = 10000
//!
//! [[neighbour]]
//! as = 64510
//! relation = "transit"
//! at = ["MI"]
//! prefixes = ["203.0.113.0/24"]
//! ```

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use crate::draft::{Draft, DraftLink, DraftNode, LinkMetrics, NeighbourRow, PrefixRow};
use crate::placement::prefix;
use crate::progress::Progress;
use crate::reader::number::{self, NumberError};
use crate::reader::open;
use crate::refusal::LoadError;
use crate::relation::UnknownRelation;
use crate::report::{Report, code};
use crate::spot::{LineCursor, Spot};

/// Why a document is no inventory.
#[derive(Debug, thiserror::Error)]
enum InventoryError {
    #[error("{0}")]
    Toml(String),
    #[error("pop has no name")]
    NoName,
    #[error("pop `{name}` is also that of line {first_line}")]
    SamePop { name: String, first_line: u64 },
    #[error("AS number is 0; expected 1 to 4294967295")]
    ZeroAs,
    #[error("neighbour as{0} is at no pop; `at` needs one or more")]
    NoMeetingPoint(u32),
    #[error(transparent)]
    Relation(#[from] UnknownRelation),
    #[error(transparent)]
    Number(#[from] NumberError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Inventory {
    network: Option<NetworkTable>,
    #[serde(default)]
    pop: Vec<Spanned<PopTable>>,
    #[serde(default)]
    link: Vec<Spanned<LinkTable>>,
    #[serde(default)]
    neighbour: Vec<Spanned<NeighbourTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkTable {
    asn: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PopTable {
    name: Spanned<String>,
    latitude: Option<Spanned<f64>>,
    longitude: Option<Spanned<f64>>,
    #[serde(default)]
    prefixes: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LinkTable {
    from: String,
    to: String,
    igp: Option<Spanned<f64>>,
    delay_us: Option<Spanned<f64>>,
    capacity_mbps: Option<Spanned<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeighbourTable {
    #[serde(rename = "as")]
    asn: Spanned<u32>,
    #[serde(default)]
    name: String,
    relation: Spanned<String>,
    at: Vec<Spanned<String>>,
    #[serde(default)]
    prefixes: Vec<Spanned<String>>,
}

/// Reads the file. Links and neighbours may name nodes of other graph files too.
pub(crate) fn read(
    file: &Arc<Path>,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Draft, LoadError> {
    let text = open::read_text(file, progress)?;
    let mut draft = Draft::new(file);
    draft.links_by_key = true;
    let lines = LineCursor::new(&text);
    let mut parser = Parser { draft, lines, pop_lines: HashMap::new(), report };
    let inventory: Inventory = toml::from_str(&text).map_err(|error| {
        let at = error.span().unwrap_or(0..0);
        parser.refused(&at, InventoryError::Toml(error.message().to_owned()))
    })?;
    if let Some(asn) = inventory.network.and_then(|network| network.asn) {
        let asn_line = parser.line(&asn.span());
        parser.draft.asn = Some((parser.as_number(&asn)?, asn_line));
    }
    for pop in inventory.pop {
        parser.pop(pop)?;
    }
    for link in inventory.link {
        parser.link(link)?;
    }
    for neighbour in inventory.neighbour {
        parser.neighbour(neighbour)?;
    }
    let Draft { nodes, links, prefixes, .. } = &parser.draft;
    let (nodes, links, prefixes) = (nodes.len(), links.len(), prefixes.rows.len());
    let file = file.display();
    parser.report.note(format!("{file}: nodes {nodes}, links {links}, prefixes {prefixes}"));
    Ok(parser.draft)
}

struct Parser<'a> {
    draft: Draft,
    lines: LineCursor<'a>,
    /// Where each pop is named.
    pop_lines: HashMap<String, u64>,
    report: &'a mut Report,
}

impl Parser<'_> {
    fn pop(&mut self, table: Spanned<PopTable>) -> Result<(), LoadError> {
        let table = table.into_inner();
        let name = table.name.get_ref().trim().to_owned();
        if name.is_empty() {
            return Err(self.refused(&table.name.span(), InventoryError::NoName));
        }
        let line = self.line(&table.name.span());
        if let Some(first_line) = self.pop_lines.insert(name.clone(), line) {
            let fault = InventoryError::SamePop { name, first_line };
            return Err(self.refused(&table.name.span(), fault));
        }
        let latitude = self.number("latitude", table.latitude, number::latitude)?;
        let longitude = self.number("longitude", table.longitude, number::longitude)?;
        self.prefixes(&name, table.prefixes);
        let (id, label) = (name.clone(), name);
        self.draft.nodes.push(DraftNode {
            id,
            label,
            latitude,
            longitude,
            line,
            ..DraftNode::default()
        });
        Ok(())
    }

    fn link(&mut self, table: Spanned<LinkTable>) -> Result<(), LoadError> {
        let line = self.line(&table.span());
        let table = table.into_inner();
        let metrics = LinkMetrics {
            igp: self.number("igp", table.igp, number::amount)?,
            delay_us: self.number("delay-us", table.delay_us, number::amount)?,
            capacity_mbps: self.number("capacity-mbps", table.capacity_mbps, number::amount)?,
        };
        let (from, to) = (table.from.trim().to_owned(), table.to.trim().to_owned());
        self.draft.links.push(DraftLink { from, to, directed: false, metrics, line });
        Ok(())
    }

    fn neighbour(&mut self, table: Spanned<NeighbourTable>) -> Result<(), LoadError> {
        let at = table.span();
        let table = table.into_inner();
        let asn = self.as_number(&table.asn)?;
        let relation = table.relation.get_ref().trim().parse();
        let relation = relation
            .map_err(|fault: UnknownRelation| self.refused(&table.relation.span(), fault.into()))?;
        if table.at.is_empty() {
            return Err(self.refused(&at, InventoryError::NoMeetingPoint(asn)));
        }
        for pop in table.at {
            let spot = self.spot(&pop.span());
            let (name, pop) = (table.name.trim().to_owned(), pop.get_ref().trim().to_owned());
            let external_node = String::new();
            let row = NeighbourRow { asn, name, relation, pop, external_node, spot };
            self.draft.neighbours.push(row);
        }
        self.prefixes(&format!("as{asn}"), table.prefixes);
        Ok(())
    }

    fn prefixes(&mut self, key: &str, texts: Vec<Spanned<String>>) {
        if texts.is_empty() {
            return;
        }
        let pop = self.draft.prefixes.pops.len() as u32;
        self.draft.prefixes.pops.push(key.to_owned());
        for text in texts {
            let line = self.line(&text.span());
            let spot = self.draft.spot(line);
            match prefix::read(text.get_ref(), &spot, self.report) {
                Ok(prefix) => {
                    let row = PrefixRow { prefix, pop, origin_as: None, metric: None, line };
                    self.draft.prefixes.rows.push(row);
                }
                Err(fault) => {
                    let message = format!("prefix of {key} skipped: {fault}");
                    self.report.warn(code::SKIPPED_PREFIX, &spot, message);
                }
            }
        }
    }

    fn number(
        &mut self,
        name: &str,
        value: Option<Spanned<f64>>,
        check: fn(&str, f64) -> Result<f64, NumberError>,
    ) -> Result<Option<f64>, LoadError> {
        let Some(value) = value else { return Ok(None) };
        let checked = check(name, *value.get_ref());
        checked.map(Some).map_err(|fault| self.refused(&value.span(), fault.into()))
    }

    fn as_number(&mut self, asn: &Spanned<u32>) -> Result<u32, LoadError> {
        match *asn.get_ref() {
            0 => Err(self.refused(&asn.span(), InventoryError::ZeroAs)),
            asn => Ok(asn),
        }
    }

    fn line(&mut self, at: &Range<usize>) -> u64 {
        self.lines.line_at(at.start)
    }

    fn spot(&mut self, at: &Range<usize>) -> Spot {
        let line = self.line(at);
        self.draft.spot(line)
    }

    fn refused(&mut self, at: &Range<usize>, fault: InventoryError) -> LoadError {
        LoadError::at(self.spot(at), fault)
    }
}
