//! Text that others wrote, as it may go to a terminal or into a line of a log.
//!
//! A name in a file can hold escape sequences that recolour a terminal, or a line feed that fakes a
//! line of a log; marks of direction can make a line read as what it is not. All of them are shown
//! as their escapes instead.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with its control characters (C0, DEL, C1), line and paragraph separators and marks of
/// direction as escapes: `\n`, `\u{1b}`.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match is_unprintable(character) {
            true => out.extend(escaped(character)),
            false => out.push(character),
        }
    }
    Cow::Owned(out)
}

/// The same for text that is JSON already, where only `\uXXXX` is an escape. What stands outside of
/// strings has no such characters but line feeds, which stay.
#[must_use]
pub fn printable_json(text: &str) -> Cow<'_, str> {
    let is_bad = |character: char| character != '\n' && is_unprintable(character);
    if !text.chars().any(is_bad) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_bad(character) {
            // All of them lie in the plane of four digits; writing to a string does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

fn escaped(character: char) -> impl Iterator<Item = char> {
    let short = matches!(character, '\n' | '\r' | '\t').then(|| character.escape_default());
    let long = short.is_none().then(|| character.escape_unicode());
    short.into_iter().flatten().chain(long.into_iter().flatten())
}

fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_a_terminal_is_shown_instead() {
        for (given, shown) in [
            ("Zürich 東京 🇨🇭", "Zürich 東京 🇨🇭"),
            ("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            ("user\u{202e}nimda", "user\\u{202e}nimda"),
            ("\u{2028}\u{2066}\u{200f}\u{0}", "\\u{2028}\\u{2066}\\u{200f}\\u{0}"),
        ] {
            assert_eq!(printable(given), shown);
        }
        assert!(matches!(printable("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn json_stays_json_and_says_the_same() {
        let given = "x\u{9b}31m\u{202e}\u{7f}y";
        let text = serde_json::to_string(&serde_json::json!({ "name": given })).unwrap() + "\n";
        let shown = printable_json(&text);
        assert_eq!(shown, "{\"name\":\"x\\u009b31m\\u202e\\u007fy\"}\n");
        let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(read["name"], given);
    }
}
