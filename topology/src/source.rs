//! Which files make a network, written `FORMAT=PATH`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// One file and how to read it. Parsed from `FORMAT=PATH`, as in `graphml=garr.graphml`; gzip,
/// bzip2 and xz need no mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// How to read it.
    pub format: Format,
    /// Where it is.
    pub path: PathBuf,
}

impl Source {
    /// The file to read: the path, for `rfc8345` without `#NETWORK-ID`.
    pub fn file(&self) -> &Path {
        self.parts().0
    }

    /// The network that follows the path as `#NETWORK-ID`.
    pub(crate) fn network_id(&self) -> Option<&str> {
        self.parts().1.filter(|id| !id.is_empty())
    }

    /// A `#` may be part of the file's name, or of the network's: a file that is there decides.
    fn parts(&self) -> (&Path, Option<&str>) {
        let whole = (self.path.as_path(), None);
        let Some(text) = self.path.to_str().filter(|_| self.format == Format::Rfc8345) else {
            return whole;
        };
        if self.path.is_file() {
            return whole;
        }
        let split = |(at, _): (usize, _)| (Path::new(&text[..at]), Some(&text[at + 1..]));
        let mut splits = text.match_indices('#').map(split);
        let there = splits.clone().find(|(file, _)| file.is_file());
        there.or_else(|| splits.next()).unwrap_or(whole)
    }
}

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// TOML written by hand: pops, links, neighbours and prefixes in one file.
    Inventory,
    /// GraphML, with the attributes of the Internet Topology Zoo.
    Graphml,
    /// GML, the Graph Modelling Language.
    Gml,
    /// networkx's node-link JSON.
    Nodelink,
    /// SNDlib's XML.
    Sndlib,
    /// JSON of RFC 8345 and RFC 8346; `PATH#NETWORK-ID` picks one of its networks.
    Rfc8345,
    /// CSV: which prefix is at which node.
    Prefixes,
    /// CSV: which networks are met where, and what they are to the operator.
    Neighbours,
    /// CSV of RFC 8805: where prefixes are used.
    Geofeed,
    /// A routing table as MRT (RFC 6396).
    Mrt,
    /// A routing table as text, as `bgpdump -m` prints it.
    Bgpdump,
    /// Ready ALTO network and cost maps (RFC 7285 §11.2), taken as they are.
    Alto,
}

impl Format {
    /// Every format, in the order in which help texts list them.
    pub const ALL: [Self; 12] = [
        Self::Inventory,
        Self::Graphml,
        Self::Gml,
        Self::Nodelink,
        Self::Sndlib,
        Self::Rfc8345,
        Self::Prefixes,
        Self::Neighbours,
        Self::Geofeed,
        Self::Mrt,
        Self::Bgpdump,
        Self::Alto,
    ];

    /// The word before the `=`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inventory => "inventory",
            Self::Graphml => "graphml",
            Self::Gml => "gml",
            Self::Nodelink => "nodelink",
            Self::Sndlib => "sndlib",
            Self::Rfc8345 => "rfc8345",
            Self::Prefixes => "prefixes",
            Self::Neighbours => "neighbours",
            Self::Geofeed => "geofeed",
            Self::Mrt => "mrt",
            Self::Bgpdump => "bgpdump",
            Self::Alto => "alto",
        }
    }

    /// Whether such a file brings nodes and links.
    pub fn is_graph(self) -> bool {
        matches!(
            self,
            Self::Inventory
                | Self::Graphml
                | Self::Gml
                | Self::Nodelink
                | Self::Sndlib
                | Self::Rfc8345
        )
    }
}

/// Why a text names no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// There is no `=`.
    #[error("source `{0}` has no format; write FORMAT=PATH, FORMAT as {list}", list = list())]
    NoFormat(String),
    /// The word before the `=` is no format.
    #[error("unknown source format `{0}`; expected one of {list}", list = list())]
    UnknownFormat(String),
    /// Nothing follows the `=`.
    #[error("source `{0}` names no file; write FORMAT=PATH")]
    NoPath(String),
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.format, self.path.display())
    }
}

impl FromStr for Format {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|format| format.as_str() == text);
        known.ok_or_else(|| SourceError::UnknownFormat(text.to_owned()))
    }
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, path) =
            text.split_once('=').ok_or_else(|| SourceError::NoFormat(text.to_owned()))?;
        let format = format.parse()?;
        if path.is_empty() {
            return Err(SourceError::NoPath(text.to_owned()));
        }
        Ok(Self { format, path: PathBuf::from(path) })
    }
}

fn list() -> String {
    Format::ALL.map(Format::as_str).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_format_and_a_path_that_may_hold_an_equals_sign() {
        let source: Source = "graphml=maps/a=b.graphml".parse().unwrap();
        assert_eq!(source.format, Format::Graphml);
        assert_eq!(source.path, PathBuf::from("maps/a=b.graphml"));
        assert_eq!(source.to_string(), "graphml=maps/a=b.graphml");
    }

    #[test]
    fn a_wrong_source_is_told_the_formats() {
        let message = |text: &str| text.parse::<Source>().unwrap_err().to_string();
        assert!(message("a.graphml").contains("FORMAT=PATH"));
        assert!(message("grapml=a").contains("`grapml`; expected one of inventory, graphml"));
        assert!(message("alto=").contains("names no file"));
    }
}
