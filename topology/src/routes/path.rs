//! AS paths (RFC 4271 §4.3, RFC 5065 §3): who a route comes from, and through whom.

/// Most AS numbers of one path: several times what an attribute of 64 KiB can hold.
const ASNS_MAX: usize = 1 << 16;

/// A text that is no AS path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathFault {
    #[error("`{0}` does not belong into an AS path")]
    Character(char),
    #[error("`{0}` is no AS number")]
    Number(String),
    #[error("AS path has more than {ASNS_MAX} numbers")]
    TooLong,
}

/// What kind of group AS numbers of a path stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// In the order of the path, nearest first.
    Sequence,
    /// In no order: routes of all of these were aggregated.
    Set,
    /// Members of a confederation, which are one AS to the outside.
    Confederation,
}

/// A path, as segments over one list of AS numbers. Cleared and filled again route after route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AsPath {
    asns: Vec<u32>,
    /// Kind of each segment and where it ends in the list.
    segments: Vec<(Segment, usize)>,
}

impl AsPath {
    pub(crate) fn clear(&mut self) {
        self.asns.clear();
        self.segments.clear();
    }

    /// Appends one segment.
    pub(crate) fn push(&mut self, kind: Segment, asns: impl IntoIterator<Item = u32>) {
        self.asns.extend(asns);
        self.segments.push((kind, self.asns.len()));
    }

    /// Whether it names no AS, or members of the own confederation alone (RFC 5065 §5.1): the route
    /// is the own AS's.
    pub(crate) fn is_own(&self) -> bool {
        self.groups().all(|(kind, asns)| kind == Segment::Confederation || asns.is_empty())
    }

    /// The AS that the route comes from; none where its last segment is a set of several, or
    /// there is no segment but of confederations.
    pub(crate) fn origin(&self) -> Option<u32> {
        let outside =
            |(kind, asns): &(Segment, &[u32])| *kind != Segment::Confederation && !asns.is_empty();
        match self.groups().filter(outside).last()? {
            (Segment::Set, [only]) => Some(*only),
            (Segment::Set, several) => several.iter().min().copied().filter(|least| {
                // A set may name its one AS several times.
                several.iter().all(|asn| asn == least)
            }),
            (_, asns) => asns.last().copied(),
        }
    }

    /// The ASes that the route surely runs through, nearest first: no members of larger sets.
    pub(crate) fn hops(&self) -> impl Iterator<Item = u32> {
        let sure = |(kind, asns): &(Segment, &[u32])| match kind {
            Segment::Sequence => true,
            Segment::Set => asns.len() == 1,
            Segment::Confederation => false,
        };
        self.groups().filter(sure).flat_map(|(_, asns)| asns.iter().copied())
    }

    /// This path of 2-byte numbers, its end replaced by what AS4_PATH knows of it in 4 bytes
    /// (RFC 6793 §4.2.3).
    pub(crate) fn with_wide_end(&self, wide: &Self) -> Self {
        let Some(mut lead) = self.length().checked_sub(wide.length()) else {
            return self.clone();
        };
        let mut path = Self::default();
        for (kind, asns) in self.groups() {
            let counted = if kind == Segment::Sequence { asns.len() } else { Self::count(kind) };
            if lead == 0 && counted > 0 {
                break;
            }
            let taken = if kind == Segment::Sequence { counted.min(lead) } else { asns.len() };
            path.push(kind, asns[..taken].iter().copied());
            lead -= counted.min(lead);
        }
        for (kind, asns) in wide.groups().filter(|(kind, _)| *kind != Segment::Confederation) {
            path.push(kind, asns.iter().copied());
        }
        path
    }

    /// Reads the text of a path: numbers in a row, `{set}`, `(confederation)`,
    /// `[confederation set]`. Takes the place of what this path was.
    pub(crate) fn read(&mut self, text: &str) -> Result<(), PathFault> {
        self.clear();
        let mut kind = Segment::Sequence;
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if first.is_ascii_digit() {
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
                let (number, after) = rest.split_at(end.unwrap_or(rest.len()));
                if self.asns.len() == ASNS_MAX {
                    return Err(PathFault::TooLong);
                }
                self.asns.push(as_number(number)?);
                rest = after;
                continue;
            }
            let next = match first {
                ' ' | ',' => kind,
                '{' => Segment::Set,
                '(' | '[' => Segment::Confederation,
                '}' | ')' | ']' => Segment::Sequence,
                _ => return Err(PathFault::Character(first)),
            };
            if first != ' ' && first != ',' {
                self.end_segment(kind);
            }
            kind = next;
            rest = &rest[first.len_utf8()..];
        }
        self.end_segment(kind);
        Ok(())
    }

    fn end_segment(&mut self, kind: Segment) {
        let start = self.segments.last().map_or(0, |(_, end)| *end);
        if self.asns.len() > start {
            self.segments.push((kind, self.asns.len()));
        }
    }

    fn groups(&self) -> impl Iterator<Item = (Segment, &[u32])> {
        let starts = std::iter::once(0).chain(self.segments.iter().map(|(_, end)| *end));
        self.segments
            .iter()
            .zip(starts)
            .map(|((kind, end), start)| (*kind, &self.asns[start..*end]))
    }

    /// Its length as routers compare it (RFC 4271 §9.1.2.2, RFC 5065 §5.3).
    fn length(&self) -> usize {
        let count = |(kind, asns): (Segment, &[u32])| match kind {
            Segment::Sequence => asns.len(),
            _ => Self::count(kind),
        };
        self.groups().map(count).sum()
    }

    /// What a segment that is no sequence adds to the length.
    fn count(kind: Segment) -> usize {
        usize::from(kind == Segment::Set)
    }
}

/// An AS number as digits, or as two 16-bit halves with a dot (RFC 5396).
fn as_number(text: &str) -> Result<u32, PathFault> {
    let number = match text.split_once('.') {
        None => text.parse().ok(),
        Some((high, low)) => match (high.parse::<u16>(), low.parse::<u16>()) {
            (Ok(high), Ok(low)) => Some(u32::from(high) << 16 | u32::from(low)),
            _ => None,
        },
    };
    number.ok_or_else(|| PathFault::Number(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> AsPath {
        let mut path = AsPath::default();
        path.read(text).unwrap();
        path
    }

    fn hops(text: &str) -> Vec<u32> {
        path(text).hops().collect()
    }

    #[test]
    fn the_last_as_is_the_origin_and_a_set_of_one_counts() {
        assert_eq!(path("2497 3549 137 137 137").origin(), Some(137));
        assert_eq!(path("2497 {2561}").origin(), Some(2561));
        assert_eq!(path("2497 {2561,2561}").origin(), Some(2561));
        assert_eq!(path("2497 {2561,2562}").origin(), None);
        assert_eq!(path("2497 {1,2} 7018").origin(), Some(7018));
        assert_eq!(path("").origin(), None);
        assert_eq!(path("(65001 65002)").origin(), None);
        assert_eq!(path("(65001 65002) 680 [65003,65004]").origin(), Some(680));
        assert_eq!(path("1.10 4294967295").origin(), Some(u32::MAX));
    }

    #[test]
    fn a_path_without_outsiders_is_the_own_as_s() {
        for text in ["", "(65001 65002)", "(65001) [65002,65003]"] {
            assert!(path(text).is_own(), "{text}");
        }
        for text in ["1", "{1,2}", "(65001) 1", "1 (65001)"] {
            assert!(!path(text).is_own(), "{text}");
        }
    }

    #[test]
    fn hops_are_in_order_without_confederations_and_large_sets() {
        assert_eq!(hops("(65001) 1 2 2 {3} {4,5} 6"), [1, 2, 2, 3, 6]);
        assert_eq!(hops("1.10"), [65_546]);
    }

    #[test]
    fn what_is_no_path_is_named() {
        let fault = |text: &str| AsPath::default().read(text).unwrap_err().to_string();
        assert_eq!(fault("1 x"), "`x` does not belong into an AS path");
        assert_eq!(fault("1 4294967296"), "`4294967296` is no AS number");
        assert_eq!(fault("1.70000"), "`1.70000` is no AS number");
        assert!(fault(&"1 ".repeat(ASNS_MAX + 1)).contains("more than"));
    }

    #[test]
    fn four_byte_ends_replace_two_byte_ones() {
        let merged = |narrow: &str, wide: &str| path(narrow).with_wide_end(&path(wide));
        // RFC 6793 §4.2.3: the old speaker's part is kept in front.
        let one = merged("275 250 225 23456 23456 200 23456 175", "100000 100001 200 100002 175");
        assert_eq!(
            one.hops().collect::<Vec<_>>(),
            [275, 250, 225, 100_000, 100_001, 200, 100_002, 175]
        );
        // A longer AS4_PATH is ignored.
        assert_eq!(merged("1 23456", "7 8 9"), path("1 23456"));
        // A set counts as one.
        let set = merged("1 {2,3} 23456", "70000");
        assert_eq!((set.origin(), set.hops().collect::<Vec<_>>()), (Some(70_000), vec![1, 70_000]));
    }
}
