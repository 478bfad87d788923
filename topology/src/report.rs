//! What the operator is told about a network that was accepted: warnings and notes.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use crate::spot::Spot;
use crate::told::told;

/// Warnings of one code that are kept; of the rest only the number is.
const WARNINGS_PER_CODE_MAX: usize = 1_000;
/// Warnings of one code for which it is worth searching what may have been meant, or where.
const SEARCHES_PER_CODE_MAX: usize = 20;

/// The codes of all warnings. They are part of what scripts rely on: none changes its meaning.
pub mod code {
    /// Several nodes of a graph have this label; each was renamed `label#id`.
    pub const DUPLICATE_LABEL: &str = "duplicate-label";
    /// A node has no label; it was named `#id`.
    pub const EMPTY_LABEL: &str = "empty-label";
    /// A link names a node that is not there; it was skipped.
    pub const DANGLING_LINK: &str = "dangling-link";
    /// A link leads from a node to itself; it was skipped.
    pub const SELF_LOOP: &str = "self-loop";
    /// A link leads one way and none leads back; so do paths.
    pub const ONE_WAY_LINK: &str = "one-way-link";
    /// A file that should be UTF-8 is not; it was read as ISO 8859-1.
    pub const NOT_UTF_8: &str = "not-utf-8";
    /// An element of a graph file that has no meaning here; it was skipped.
    pub const SKIPPED_ELEMENT: &str = "skipped-element";
    /// Two files place the same node differently; the first stands.
    pub const CONTRADICTING_COORDINATES: &str = "contradicting-coordinates";
    /// A node is internal in one file and external in another; it counts as external.
    pub const CONTRADICTING_KIND: &str = "contradicting-kind";
    /// Two places give the operator different AS numbers; the first stands.
    pub const CONTRADICTING_ASN: &str = "contradicting-asn";
    /// Internal nodes that no path connects with the rest.
    pub const ISLAND: &str = "island";
    /// An external node or neighbour without a link to an internal node.
    pub const UNATTACHED_END: &str = "unattached-end";
    /// Pairs without a path although the graph hangs together: links of one direction only.
    pub const UNREACHABLE_PAIRS: &str = "unreachable-pairs";
    /// A node has no coordinates, and distance is the weight: its links cost 0.
    pub const MISSING_COORDINATES: &str = "missing-coordinates";
    /// A node has a latitude or a longitude, but not both: it counts as without.
    pub const HALF_COORDINATES: &str = "half-coordinates";
    /// A link has no metric, and igp is the weight: it costs 1.
    pub const MISSING_IGP: &str = "missing-igp";
    /// A link has no capacity, and inverse-capacity is the weight: the default capacity counts.
    pub const MISSING_CAPACITY: &str = "missing-capacity";
    /// A neighbour row names a node that is not there; it was skipped.
    pub const DANGLING_NEIGHBOUR: &str = "dangling-neighbour";
    /// One AS has several relations.
    pub const CONTRADICTING_RELATIONS: &str = "contradicting-relations";
    /// One AS has several names; the first stands.
    pub const CONTRADICTING_NAMES: &str = "contradicting-names";
    /// A prefix has bits beyond its length; they were cut off.
    pub const HOST_BITS: &str = "host-bits";
    /// An IPv4 prefix written as an IPv6 one (`::ffff:…`); it was taken as IPv4. In a ready map it
    /// stays as it is and matches no address.
    pub const MAPPED_PREFIX: &str = "mapped-prefix";
    /// A prefix inside a larger document cannot be used; it was skipped.
    pub const SKIPPED_PREFIX: &str = "skipped-prefix";
    /// A graph puts the same prefix on several nodes; the lowest metric, then key, keeps it. Or a
    /// geofeed has it several times; the first row keeps it.
    pub const DUPLICATE_PREFIX: &str = "duplicate-prefix";
    /// A geofeed names a city that is not known, or that no node can be found for; the prefix
    /// stays where other sources have it.
    pub const UNKNOWN_PLACE: &str = "unknown-place";
    /// A geofeed names a country or a region alone, where several nodes are; the prefix stays
    /// where other sources have it.
    pub const VAGUE_PLACE: &str = "vague-place";
    /// A routing table breaks off; what was read before counts.
    pub const TRUNCATED_TABLE: &str = "truncated-table";
    /// Routes of a routing table are damaged; they were skipped.
    pub const DAMAGED_ROUTE: &str = "damaged-route";
    /// Records of a routing table's file that are none of unicast routes; they were skipped.
    pub const SKIPPED_RECORD: &str = "skipped-record";
    /// There is a routing table, but the own AS is not known: its prefixes count as others'.
    pub const MISSING_ASN: &str = "missing-asn";
    /// No node has a prefix: every address is in the default PID.
    pub const NO_PREFIXES: &str = "no-prefixes";
    /// An address type other than `ipv4` and `ipv6`; its addresses were skipped.
    pub const SKIPPED_ADDRESS_TYPE: &str = "skipped-address-type";
    /// A cost map depends on another version of the network map.
    pub const VTAG_MISMATCH: &str = "vtag-mismatch";
    /// A metric has only ordinal costs; they are taken as costs.
    pub const ORDINAL_ONLY: &str = "ordinal-only";
    /// No cost map has the metric `routingcost`.
    pub const NO_ROUTINGCOST: &str = "no-routingcost";
}

/// Something skipped, repaired or missing. Displays as `FILE:LINE: message [code]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file at fault, as its path was given.
    pub file: PathBuf,
    /// The line at fault, counted from 1, where one is known.
    pub line: Option<u64>,
    /// What kind of thing it is: one of [`code`].
    pub code: &'static str,
    /// What was found and what was made of it: one line that any terminal may show.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&told(&self.file.display().to_string()))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {} [{}]", self.message, self.code)
    }
}

/// Collects warnings and notes while a network is made.
#[derive(Default)]
pub(crate) struct Report {
    warnings: Vec<Warning>,
    notes: Vec<String>,
    tallies: HashMap<&'static str, Tally>,
}

struct Tally {
    seen: usize,
    last_file: PathBuf,
}

impl Report {
    /// Something was skipped, repaired or missing at `spot`.
    pub(crate) fn warn(&mut self, code: &'static str, spot: &Spot, message: impl Into<String>) {
        let file = spot.path().to_owned();
        let tally =
            self.tallies.entry(code).or_insert_with(|| Tally { seen: 0, last_file: file.clone() });
        tally.seen += 1;
        if tally.seen > WARNINGS_PER_CODE_MAX {
            tally.last_file = file;
            return;
        }
        let (line, message) = (spot.line_number(), told(&message.into()).into_owned());
        self.warnings.push(Warning { file, line, code, message });
    }

    /// A plain fact.
    pub(crate) fn note(&mut self, fact: impl Into<String>) {
        self.notes.push(told(&fact.into()).into_owned());
    }

    /// How many warnings of this code there were, kept or not.
    pub(crate) fn count(&self, code: &str) -> usize {
        self.tallies.get(code).map_or(0, |tally| tally.seen)
    }

    /// Whether the next warning of this code may still cost a search through all there is.
    pub(crate) fn may_search(&self, code: &str) -> bool {
        self.count(code) < SEARCHES_PER_CODE_MAX
    }

    /// Warnings and notes, with one more warning for each code of which some were not kept.
    pub(crate) fn finish(mut self) -> (Vec<Warning>, Vec<String>) {
        let mut crowded: Vec<_> = self.tallies.into_iter().collect();
        crowded.retain(|(_, tally)| tally.seen > WARNINGS_PER_CODE_MAX);
        crowded.sort_by_key(|(code, _)| *code);
        for (code, Tally { seen, last_file }) in crowded {
            let more = seen - WARNINGS_PER_CODE_MAX;
            let message = format!("{more} more of these, {seen} in all");
            self.warnings.push(Warning { file: last_file, line: None, code, message });
        }
        (self.warnings, self.notes)
    }
}

/// The first few of many names, for a message: `a, b, c and 9 more`.
pub(crate) fn some_of<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 5;
    let total = names.len();
    let shown = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    match total.checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn beyond_a_thousand_warnings_of_a_code_only_the_number_is_kept() {
        let file: Arc<Path> = Arc::from(Path::new("links.json"));
        let mut report = Report::default();
        for line in 1..=1_234 {
            report.warn(code::DANGLING_LINK, &Spot::line(&file, line), "skipped");
        }
        report.warn(code::ISLAND, &Spot::file(&file), "alone");
        assert_eq!(report.count(code::DANGLING_LINK), 1_234);
        let (warnings, _) = report.finish();
        assert_eq!(warnings.len(), 1_002);
        let last = warnings.last().unwrap();
        assert_eq!(last.message, "234 more of these, 1234 in all");
        assert_eq!((last.code, last.line), (code::DANGLING_LINK, None));
        assert_eq!(warnings[0].to_string(), "links.json:1: skipped [dangling-link]");
    }

    #[test]
    fn a_long_list_of_names_is_cut() {
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        assert_eq!(some_of(names.into_iter()), "a, b, c, d, e and 2 more");
        assert_eq!(some_of(names[..2].iter().copied()), "a, b");
    }
}
