//! Content negotiation and conditional requests (RFC 9110 §12.5, §13.1.2).

use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};

use crate::maps::rendered::Coding;

/// Elements looked at in one list of preferences; a longer list is cut.
const MAX_ELEMENTS: usize = 64;

/// Whether the client takes an answer of `media_type`; one without `Accept` takes anything (RFC
/// 9110 §12.5.1).
#[must_use]
pub fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    if !headers.contains_key(ACCEPT) {
        return true;
    }
    let family = media_type.split('/').next().unwrap_or_default();
    let precedence = |range: &str| {
        if range.eq_ignore_ascii_case(media_type) {
            return Some(3);
        }
        match range.split_once('/') {
            Some(("*", "*")) => Some(1),
            Some((kind, "*")) if kind.eq_ignore_ascii_case(family) => Some(2),
            _ => None,
        }
    };
    // The most specific range that matches decides.
    preferences(headers, &ACCEPT)
        .filter_map(|(range, quality)| Some((precedence(range)?, quality)))
        .max_by_key(|(precedence, _)| *precedence)
        .is_some_and(|(_, quality)| quality > 0)
}

/// The coding that the client likes best; `None` if it takes none that there is (RFC 9110 §12.5.3).
#[must_use]
pub fn coding(headers: &HeaderMap) -> Option<Coding> {
    let asked: Vec<(&str, u16)> = preferences(headers, &ACCEPT_ENCODING).collect();
    let quality_of = |coding: Coding| {
        let named = |name: &str| {
            asked.iter().find(|(asked, _)| asked.eq_ignore_ascii_case(name)).map(|(_, q)| *q)
        };
        let alias = if coding == Coding::Gzip { named("x-gzip") } else { None };
        named(coding.name()).or(alias).or_else(|| named("*")).unwrap_or_else(|| {
            // What is not named is not acceptable, but identity is unless it is ruled out; last of
            // the acceptable.
            u16::from(coding == Coding::Identity)
        })
    };
    [Coding::Identity, Coding::Gzip, Coding::Brotli]
        .into_iter()
        .map(|coding| (quality_of(coding), coding))
        .filter(|(quality, _)| *quality > 0)
        .max_by_key(|(quality, _)| *quality)
        .map(|(_, coding)| coding)
}

/// The coding of an answer that is sent once: none, unless the client rules that out.
#[must_use]
pub fn coding_once(headers: &HeaderMap) -> Option<Coding> {
    let takes_identity = preferences(headers, &ACCEPT_ENCODING)
        .find(|(name, _)| name.eq_ignore_ascii_case("identity"))
        .or_else(|| preferences(headers, &ACCEPT_ENCODING).find(|(name, _)| *name == "*"))
        .is_none_or(|(_, quality)| quality > 0);
    if takes_identity { Some(Coding::Identity) } else { coding(headers) }
}

/// Whether `If-Match` lets this version through (RFC 9110 §13.1.1: strong comparison).
#[must_use]
pub fn may_match(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_MATCH);
    let mut tags = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|l| l.split(','));
    !headers.contains_key(IF_MATCH)
        || tags.by_ref().take(MAX_ELEMENTS).map(str::trim).any(|tag| tag == "*" || tag == etag)
}

/// Whether the client has this version already (RFC 9110 §13.1.2: weak comparison).
#[must_use]
pub fn has_current(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH);
    let tags =
        values.iter().filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
    tags.take(MAX_ELEMENTS)
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

/// The media type of a `Content-Type`, without its parameters.
#[must_use]
pub fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

/// Elements of a list with their quality in thousandths; a malformed quality counts as 0.
fn preferences<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = (&'a str, u16)> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).take(MAX_ELEMENTS).filter_map(|element| {
        let mut parts = element.split(';').map(str::trim);
        let range = parts.next().filter(|range| !range.is_empty())?;
        let quality =
            parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some((range, quality.map_or(1000, thousandths)))
    })
}

/// `1`, `0.5`, `0.123` (RFC 9110 §12.4.2) in thousandths.
fn thousandths(text: &str) -> u16 {
    let quality: f32 = text.parse().unwrap_or(0.0);
    if (0.0..=1.0).contains(&quality) { (quality * 1000.0).round() as u16 } else { 0 }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderName, IF_NONE_MATCH};

    use crate::http::negotiate::{accepts, coding, has_current};
    use crate::maps::rendered::Coding;

    const MAP: &str = "application/alto-costmap+json";

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a16_accept_is_matched_by_the_most_specific_range() {
        for (accept, taken) in [
            ("*/*", true),
            ("application/*", true),
            ("application/alto-costmap+json", true),
            ("application/alto-costmap+json,application/alto-error+json", true),
            ("Application/ALTO-CostMap+JSON;q=0.1", true),
            ("application/json", false),
            ("text/*", false),
            ("application/alto-costmap+json;q=0, */*", false),
            ("application/alto-costmap+json;q=0", false),
            ("*/*;q=0", false),
            ("text/html, */*;q=0.1", true),
        ] {
            assert_eq!(accepts(&headers(ACCEPT, accept), MAP), taken, "{accept}");
        }
        assert!(accepts(&HeaderMap::new(), MAP));
    }

    #[test]
    fn the_coding_with_the_highest_quality_is_taken() {
        for (accept, expected) in [
            ("gzip", Some(Coding::Gzip)),
            ("gzip, br", Some(Coding::Brotli)),
            ("gzip, br;q=0.5", Some(Coding::Gzip)),
            ("br;q=0, gzip;q=0", Some(Coding::Identity)),
            ("deflate", Some(Coding::Identity)),
            ("identity;q=0, deflate", None),
            ("*;q=0", None),
            ("identity", Some(Coding::Identity)),
            ("*", Some(Coding::Brotli)),
            ("", Some(Coding::Identity)),
        ] {
            assert_eq!(coding(&headers(ACCEPT_ENCODING, accept)), expected, "{accept}");
        }
        assert_eq!(coding(&HeaderMap::new()), Some(Coding::Identity));
    }

    #[test]
    fn an_answer_sent_once_is_coded_only_for_those_who_refuse_it_plain() {
        for (accept, expected) in [
            ("gzip, br", Some(Coding::Identity)),
            ("gzip, identity;q=0", Some(Coding::Gzip)),
            ("*;q=0, gzip", Some(Coding::Gzip)),
            ("*;q=0", None),
        ] {
            let asked = headers(ACCEPT_ENCODING, accept);
            assert_eq!(crate::http::negotiate::coding_once(&asked), expected, "{accept}");
        }
    }

    #[test]
    fn a_precondition_holds_for_the_very_version() {
        for (value, holds) in [("\"a\"", true), ("*", true), ("W/\"a\"", false), ("\"b\"", false)] {
            let asked = headers(http::header::IF_MATCH, value);
            assert_eq!(crate::http::negotiate::may_match(&asked, "\"a\""), holds, "{value}");
        }
        assert!(crate::http::negotiate::may_match(&HeaderMap::new(), "\"a\""));
    }

    #[test]
    fn a_known_entity_tag_is_found_in_a_list() {
        for (value, known) in [
            ("\"a\"", true),
            ("\"b\", \"a\"", true),
            ("W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
        ] {
            assert_eq!(has_current(&headers(IF_NONE_MATCH, value), "\"a\""), known, "{value}");
        }
    }
}
