//! Entities in GML texts: the format is ASCII, every other character is `&name;` or `&#number;`,
//! with the names of ISO 8859-1 as in HTML.

use std::borrow::Cow;

/// Longest entity looked for, in bytes from `&` to `;`.
const ENTITY_BYTES_MAX: usize = 12;

/// The characters that GML and XML have names for.
const MARKUP: [(&str, char); 5] =
    [("amp", '&'), ("quot", '"'), ("lt", '<'), ("gt", '>'), ("apos", '\'')];

/// The character of the first of the names below; the others follow it.
const LATIN1_FIRST: u32 = 0xa0;
const LATIN1: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf",
    "laquo", "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
    "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute",
    "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute",
    "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
    "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml",
];

/// The text with its entities resolved. What is no entity stays: many exporters write a plain `&`.
pub(crate) fn resolve(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let mut resolved = text[..first].to_owned();
    let mut rest = &text[first..];
    while let Some(at) = rest.find('&') {
        resolved.push_str(&rest[..at]);
        rest = &rest[at..];
        match entity(rest) {
            Some((character, bytes)) => {
                resolved.push(character);
                rest = &rest[bytes..];
            }
            None => {
                resolved.push('&');
                rest = &rest[1..];
            }
        }
    }
    resolved.push_str(rest);
    Cow::Owned(resolved)
}

/// The entity with which a text starts, and its length in bytes.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(ENTITY_BYTES_MAX).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let character = match name.strip_prefix('#') {
        Some(number) => char::from_u32(code_point(number)?)?,
        None => named(name)?,
    };
    Some((character, end + 1))
}

fn code_point(number: &str) -> Option<u32> {
    match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => number.parse().ok(),
    }
}

fn named(name: &str) -> Option<char> {
    let markup = MARKUP.iter().find(|(known, _)| *known == name).map(|(_, character)| *character);
    let latin1 = || {
        let (code_point, _) = (LATIN1_FIRST..).zip(LATIN1).find(|(_, known)| *known == name)?;
        char::from_u32(code_point)
    };
    markup.or_else(latin1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_become_characters() {
        assert_eq!(resolve("M&#252;nchen &amp; K&ouml;ln"), "München & Köln");
        assert_eq!(resolve("&quot;A&quot; &#x4E2D; &yuml;&nbsp;"), "\"A\" 中 ÿ\u{a0}");
        assert!(matches!(resolve("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn what_is_no_entity_stays() {
        for text in ["AT&T", "&", "a && b;", "&nosuch;", "&#xD800;", "&#99999999;", "&#;", "é&é;"]
        {
            assert_eq!(resolve(text), text);
        }
    }
}
