//! What a file looks like by its first bytes, for the error of who gave it under another format.

use std::io::Read;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use netmap::IpNet;

use crate::reader::open;
use crate::source::{Format, Source};

/// How much of a file is looked at, unpacked.
const HEAD_BYTES: u64 = 64 << 10;
/// Where the mark of a tar archive stands.
const TAR_MARK_AT: usize = 257;
/// Types of MRT records (RFC 6396 §4): tables, updates, IS-IS and OSPF with their kin.
const MRT_TYPES: [u16; 9] = [11, 12, 13, 16, 17, 32, 33, 48, 49];
const MRT_RECORD_BYTES_MAX: u32 = 16 << 20;
/// Tables of an inventory.
const INVENTORY_TABLES: [&str; 4] = ["[network]", "[[pop]]", "[[link]]", "[[neighbour]]"];
/// Fields of a geofeed's row that are there at least: prefix, country, region.
const GEOFEED_FIELDS_MIN: usize = 3;

/// What a file looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    /// One of the formats, described.
    Format(Format, &'static str),
    /// Nothing that is read, and what to do.
    Other(&'static str),
}

/// What to do about a file that cannot be read as the format given; `None` where it looks like that
/// format or like nothing known. Only a file is looked at again: a pipe has been read.
pub(crate) fn hint(given: Format, file: &Arc<Path>) -> Option<String> {
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return None;
    }
    let mut head = Vec::new();
    // What is damaged further on still has a beginning.
    let _cut = open::open_table(file, &()).ok()?.take(HEAD_BYTES).read_to_end(&mut head);
    match look(&head)? {
        Looks::Format(format, _) if format == given => None,
        Looks::Format(format, what) => {
            let source = Source { format, path: file.to_path_buf() };
            Some(format!("it looks like {what}; give it as `{source}`"))
        }
        Looks::Other(what) => Some(format!("it looks like {what}")),
    }
}

fn look(head: &[u8]) -> Option<Looks> {
    if head.get(TAR_MARK_AT..).is_some_and(|rest| rest.starts_with(b"ustar")) {
        return Some(Looks::Other("a tar archive; take out the file"));
    }
    if open::is_packed(head) {
        return Some(Looks::Other("a packed file that is packed again; unpack it once"));
    }
    if is_mrt(head) {
        return Some(Looks::Format(Format::Mrt, "MRT (RFC 6396)"));
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match text.chars().next()? {
        '<' => xml(text),
        '{' => json(text),
        _ => lines(text),
    }
}

fn is_mrt(head: &[u8]) -> bool {
    let Some([_, _, _, _, k0, k1, s0, _, length @ ..]) = head.first_chunk::<12>() else {
        return false;
    };
    let length = u32::from_be_bytes(*length);
    MRT_TYPES.contains(&u16::from_be_bytes([*k0, *k1]))
        && *s0 == 0
        && length <= MRT_RECORD_BYTES_MAX
}

/// By the root element.
fn xml(text: &str) -> Option<Looks> {
    let page = Some(Looks::Other("a web page, not the file that it should have been"));
    let mut rest = text;
    let name = loop {
        rest = &rest[rest.find('<')? + 1..];
        if rest.starts_with("!--") {
            rest = &rest[rest.find("-->")?..];
        } else if !rest.starts_with(['?', '!']) {
            let ends = |c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<');
            break rest.split(ends).next()?;
        } else if rest.get(..13).is_some_and(|tag| tag.eq_ignore_ascii_case("!doctype html")) {
            return page;
        }
    };
    match name.rsplit(':').next()?.to_ascii_lowercase().as_str() {
        "graphml" => Some(Looks::Format(Format::Graphml, "GraphML")),
        "network" => Some(Looks::Format(Format::Sndlib, "SNDlib's XML")),
        "html" => page,
        "networks" | "network-topology" => {
            let what = "a topology in XML, which has to be JSON (RFC 7951)";
            Some(Looks::Format(Format::Rfc8345, what))
        }
        _ => None,
    }
}

/// By the names of the outermost members.
fn json(text: &str) -> Option<Looks> {
    let names = members(text);
    let has = |wanted: &[&str]| {
        let local = |name: &String| name.rsplit(':').next().map(str::to_owned);
        names.iter().filter_map(local).any(|name| wanted.contains(&name.as_str()))
    };
    if has(&["network-map", "cost-map"]) {
        Some(Looks::Format(Format::Alto, "an ALTO map (RFC 7285)"))
    } else if has(&["networks", "network", "network-topology", "instance-data-set"]) {
        Some(Looks::Format(Format::Rfc8345, "a topology of RFC 8345"))
    } else if has(&["nodes", "links", "edges"]) {
        Some(Looks::Format(Format::Nodelink, "node-link JSON"))
    } else {
        None
    }
}

/// The names of the members of the outermost object, as far as the text goes.
fn members(text: &str) -> Vec<String> {
    let (mut names, mut depth, mut last) = (Vec::new(), 0_u32, None);
    let mut rest = text.char_indices();
    while let Some((at, character)) = rest.next() {
        match character {
            '"' => {
                while let Some((end, inner)) = rest.next() {
                    match inner {
                        '\\' => drop(rest.next()),
                        '"' => {
                            last = text.get(at + 1..end);
                            break;
                        }
                        _ => {}
                    }
                }
            }
            ':' if depth == 1 => names.extend(last.take().map(str::to_owned)),
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    names
}

/// By lines, past comments.
fn lines(text: &str) -> Option<Looks> {
    if text.starts_with("?SNDlib") {
        return Some(Looks::Format(Format::Sndlib, "SNDlib's native format"));
    }
    let mut lines = text.lines().map(str::trim);
    let first = lines.clone().find(|line| !line.is_empty() && !line.starts_with('#'))?;
    if ["TABLE_DUMP", "BGP4MP"].iter().any(|kind| first.starts_with(kind)) && first.contains('|') {
        return Some(Looks::Format(Format::Bgpdump, "the text of `bgpdump -m`"));
    }
    if first.starts_with("TIME: ") && lines.clone().any(|line| line.starts_with("TYPE: ")) {
        return Some(Looks::Other("what `bgpdump` prints without `-m`; print it with `-m`"));
    }
    let fields: Vec<String> = first
        .split([',', ';', '\t'])
        .map(|field| field.trim().trim_matches('"').to_ascii_lowercase())
        .collect();
    let has = |column: &str| fields.iter().any(|field| field == column);
    if has("prefix") && has("pop") {
        return Some(Looks::Format(Format::Prefixes, "a list `prefix,pop`"));
    }
    if has("as") && has("relation") {
        return Some(Looks::Format(Format::Neighbours, "a list of neighbours"));
    }
    if fields.len() >= GEOFEED_FIELDS_MIN && is_prefix(&fields[0]) {
        return Some(Looks::Format(Format::Geofeed, "a geofeed (RFC 8805)"));
    }
    if lines.any(|line| INVENTORY_TABLES.contains(&line)) {
        return Some(Looks::Format(Format::Inventory, "an inventory (TOML)"));
    }
    opens_graph(text).then_some(Looks::Format(Format::Gml, "GML"))
}

fn is_prefix(text: &str) -> bool {
    text.parse::<IpNet>().is_ok() || text.parse::<IpAddr>().is_ok()
}

/// `graph [`, with whatever blanks, past the pairs before it.
fn opens_graph(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut words = lower.match_indices("graph");
    words.any(|(at, word)| {
        let before = lower[..at].chars().next_back();
        before.is_none_or(char::is_whitespace)
            && lower[at + word.len()..].trim_start().starts_with('[')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format_of(head: impl AsRef<[u8]>) -> Option<Format> {
        match look(head.as_ref())? {
            Looks::Format(format, _) => Some(format),
            Looks::Other(_) => None,
        }
    }

    #[test]
    fn what_stands_before_the_first_word_does_not_hide_it() {
        for (head, format) in [
            ("\u{feff}<?xml version=\"1.0\"?>\n<!-- <graphml> --><network>", Format::Sndlib),
            ("<!DOCTYPE graphml SYSTEM \"x\">\n<g:graphml xmlns:g=\"y\">", Format::Graphml),
            ("Creator \"yEd\"\nVersion 2.2\nGraph\n[", Format::Gml),
            ("# of today\n\n[network]\nasn = 1\n", Format::Inventory),
            ("[[pop]]\n", Format::Inventory),
            ("# of today\nPOP;Prefix\n", Format::Prefixes),
            ("\"as\"\t\"relation\"\t\"pop\"\n", Format::Neighbours),
            ("# feed\n192.0.2.1,IT,,Milano,\n", Format::Geofeed),
            ("{\"a\": {\"network-map\": 1}, \"x:networks\": {", Format::Rfc8345),
            ("{\"directed\": false, \"graph\": {}, \"nodes\": [", Format::Nodelink),
            ("{\"\\\"meta\": {}, \"cost-map\": {", Format::Alto),
        ] {
            assert_eq!(format_of(head), Some(format), "{head}");
        }
    }

    #[test]
    fn what_is_ambiguous_is_not_named() {
        // A list without its header has two fields; a text may speak of graphs.
        for head in
            ["192.0.2.0/24,MI\n", "a graph of\n", "{\"a\": \"nodes\"}", "graphs [", "", "{", "<"]
        {
            assert_eq!(look(head.as_bytes()), None, "{head}");
        }
    }
}
