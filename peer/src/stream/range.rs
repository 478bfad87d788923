//! Which bytes a request asks for (RFC 9110 §14).

use std::ops::Range;

/// What is to be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// All of it: no range is asked for, or none that is understood.
    Whole,
    /// One range, answered with 206.
    Part(Range<u64>),
    /// Nothing of it is there: 416.
    Nothing,
}

/// Reads a `Range` field for a file of `size` bytes. Several ranges, other units and what is
/// malformed are ignored, as RFC 9110 §14.2 allows.
pub(crate) fn wanted(field: Option<&str>, size: u64) -> Wanted {
    match field.and_then(one) {
        None => Wanted::Whole,
        Some((None, Some(last))) => {
            let length = last.min(size);
            if length == 0 { Wanted::Nothing } else { Wanted::Part(size - length..size) }
        }
        Some((Some(from), to)) if from < size => {
            let end = to.map_or(size, |to| to.saturating_add(1).min(size));
            Wanted::Part(from..end)
        }
        Some(_) => Wanted::Nothing,
    }
}

/// `bytes=FROM-TO`, `bytes=FROM-` or `bytes=-LAST`.
fn one(field: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = field.split_once('=')?;
    let (from, to) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let number = |text: &str| match text {
        "" => Some(None),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            // More digits than a length can have mean one beyond every end.
            Some(Some(digits.parse().unwrap_or(u64::MAX)))
        }
        _ => None,
    };
    match (number(from)?, number(to)?) {
        (None, None) => None,
        (Some(from), Some(to)) if to < from => None,
        range => Some(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 9110 §14.1.2: a representation of 10000 bytes.
    #[test]
    fn the_examples_of_the_standard() {
        let of = |field: &str| wanted(Some(field), 10_000);
        assert_eq!(of("bytes=0-499"), Wanted::Part(0..500));
        assert_eq!(of("bytes=500-999"), Wanted::Part(500..1000));
        assert_eq!(of("bytes=-500"), Wanted::Part(9500..10_000));
        assert_eq!(of("bytes=9500-"), Wanted::Part(9500..10_000));
    }

    #[test]
    fn ends_beyond_the_end_are_cut_and_starts_beyond_it_are_nothing() {
        let of = |field: &str| wanted(Some(field), 10);
        assert_eq!(of("bytes=5-99999999999999999999999"), Wanted::Part(5..10));
        assert_eq!(of("Bytes=-99"), Wanted::Part(0..10));
        assert_eq!(of("bytes=9-9"), Wanted::Part(9..10));
        for nothing in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(of(nothing), Wanted::Nothing, "{nothing}");
        }
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Nothing);
    }

    #[test]
    fn what_is_not_understood_is_ignored() {
        for field in
            ["bytes=0-1,4-5", "lines=0-1", "bytes=5-1", "bytes=-", "bytes=a-b", "bytes", ""]
        {
            assert_eq!(wanted(Some(field), 10), Wanted::Whole, "{field}");
        }
        assert_eq!(wanted(None, 10), Wanted::Whole);
    }
}
