//! A routing table: each prefix once, on the node that most of its routes speak for.
//!
//! The memory goes by the prefix, not by the route: of all routes of a prefix only the origins,
//! counted, and the first neighbour on a path are kept.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use netmap::IpNet;

use crate::draft::{Draft, Precedence, PrefixRow, PrefixRows};
use crate::graph::{Graph, NodeIndex};
use crate::placement::prefix;
use crate::report::{Report, code};
use crate::routes::homes::Homes;
use crate::routes::path::AsPath;
use crate::spot::Spot;

/// Most prefixes of one table: several times the Internet's.
const PREFIXES_MAX: usize = 8_000_000;
/// Origins of one prefix that are counted; there are rarely more than two.
const ORIGINS_MAX: usize = 16;

/// A file of messages, not of a table.
#[derive(Debug, thiserror::Error)]
#[error("holds {0} updates and no routing table; expected a dump of a RIB, not of messages")]
pub(crate) struct OnlyUpdates(pub(crate) u64);

/// What is said of updates beside a table.
pub(crate) fn warn_updates(updates: u64, spot: &Spot, report: &mut Report) {
    if updates > 0 {
        let message = format!("skipped {updates} updates; only tables are read");
        report.warn(code::SKIPPED_RECORD, spot, message);
    }
}

/// There is no end to the prefixes.
#[derive(Debug, thiserror::Error)]
#[error("has more than {PREFIXES_MAX} prefixes")]
pub(crate) struct TooManyPrefixes;

/// Takes the routes of one file, in their order.
pub(crate) struct Table<'a> {
    homes: &'a Homes,
    known: HashMap<IpNet, u32>,
    prefixes: Vec<Seen>,
    routes: u64,
    default_routes: u64,
}

/// What the routes of one prefix say.
struct Seen {
    prefix: IpNet,
    /// The origin of the first route that has one.
    first: Option<Votes>,
    /// The others, in the order of their first routes.
    others: Vec<Votes>,
    /// The node of the first neighbour on the first path that has one.
    neighbour: Option<NodeIndex>,
    line: u64,
}

#[derive(Clone, Copy)]
struct Votes {
    origin: u32,
    routes: u32,
}

/// Where the prefixes went.
#[derive(Default)]
struct Tally {
    at_origin: u64,
    by_path: u64,
    own: u64,
    nobodys: u64,
}

impl<'a> Table<'a> {
    pub(crate) fn new(homes: &'a Homes) -> Self {
        Self { homes, known: HashMap::new(), prefixes: Vec::new(), routes: 0, default_routes: 0 }
    }

    /// How many routes it has.
    pub(crate) fn routes(&self) -> u64 {
        self.routes
    }

    /// Takes one route as it is written; `line` is where the file has it. One to everywhere is
    /// only counted: the default PID has that already.
    pub(crate) fn take(
        &mut self,
        (written, path): (IpNet, &AsPath),
        line: u64,
        spot: &Spot,
        report: &mut Report,
    ) -> Result<(), TooManyPrefixes> {
        match prefix::placeable(written, spot, report) {
            Ok(prefix) => self.add(prefix, path, line),
            Err(_) => {
                self.routes += 1;
                self.default_routes += 1;
                Ok(())
            }
        }
    }

    fn add(&mut self, prefix: IpNet, path: &AsPath, line: u64) -> Result<(), TooManyPrefixes> {
        self.routes += 1;
        let index = self.index(prefix, line)?;
        let seen = &mut self.prefixes[index];
        if seen.neighbour.is_none() {
            seen.neighbour = path.hops().find_map(|asn| self.homes.node(asn));
        }
        let own = self.homes.own.filter(|_| path.is_own());
        if let Some(origin) = path.origin().or(own) {
            seen.vote(origin);
        }
        Ok(())
    }

    /// Routes of a prefix mostly follow each other, so the last one is tried first.
    fn index(&mut self, prefix: IpNet, line: u64) -> Result<usize, TooManyPrefixes> {
        let next = self.prefixes.len();
        if self.prefixes.last().is_some_and(|last| last.prefix == prefix) {
            return Ok(next - 1);
        }
        if let Some(index) = self.known.get(&prefix) {
            return Ok(*index as usize);
        }
        if next == PREFIXES_MAX {
            return Err(TooManyPrefixes);
        }
        self.known.insert(prefix, next as u32);
        self.prefixes.push(Seen { prefix, first: None, others: Vec::new(), neighbour: None, line });
        Ok(next)
    }

    /// The prefixes, those that have a node ascending; all are counted.
    pub(crate) fn settle(self, graph: &Graph, file: &Arc<Path>, report: &mut Report) -> Draft {
        let mut rows = PrefixRows { precedence: Precedence::Table, ..PrefixRows::default() };
        let mut pops = HashMap::<NodeIndex, u32>::new();
        let mut tally = Tally::default();
        let total = self.prefixes.len();
        for seen in self.prefixes {
            let origin_as = seen.origin();
            let Some(node) = tally.count(&seen, origin_as, self.homes) else {
                rows.nowhere.push(seen.prefix);
                continue;
            };
            let pop = *pops.entry(node).or_insert_with(|| {
                rows.pops.push(graph.node(node).key.clone());
                rows.pops.len() as u32 - 1
            });
            let (prefix, line) = (seen.prefix, seen.line);
            rows.rows.push(PrefixRow { prefix, pop, origin_as, metric: None, line });
        }
        rows.rows.sort_unstable_by_key(|row| row.prefix);
        let Tally { at_origin, by_path, own, nobodys } = tally;
        report.note(format!(
            "{}: routes {}, prefixes {total}: at their origin {at_origin}, at a neighbour on the \
             path {by_path}, of the own AS {own}, of nobody known {nobodys}; default routes {}",
            file.display(),
            self.routes,
            self.default_routes
        ));
        Draft { prefixes: rows, ..Draft::new(file) }
    }
}

impl Seen {
    fn vote(&mut self, origin: u32) {
        let Some(first) = &mut self.first else {
            self.first = Some(Votes { origin, routes: 1 });
            return;
        };
        let mut all = std::iter::once(first).chain(&mut self.others);
        if let Some(votes) = all.find(|votes| votes.origin == origin) {
            votes.routes = votes.routes.saturating_add(1);
        } else if self.others.len() + 1 < ORIGINS_MAX {
            self.others.push(Votes { origin, routes: 1 });
        }
    }

    /// The origin that most routes name; of equals the one named first.
    fn origin(&self) -> Option<u32> {
        let mut best = self.first?;
        for votes in &self.others {
            if votes.routes > best.routes {
                best = *votes;
            }
        }
        Some(best.origin)
    }
}

impl Tally {
    /// The node of a prefix, if it has one.
    fn count(&mut self, seen: &Seen, origin: Option<u32>, homes: &Homes) -> Option<NodeIndex> {
        if origin.is_some() && origin == homes.own {
            self.own += 1;
            return None;
        }
        if let Some(node) = origin.and_then(|asn| homes.node(asn)) {
            self.at_origin += 1;
            return Some(node);
        }
        let counter = if seen.neighbour.is_some() { &mut self.by_path } else { &mut self.nobodys };
        *counter += 1;
        seen.neighbour
    }
}
