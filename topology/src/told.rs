//! What operators' files say, as it may stand in a message: on one line, harmless to a terminal and
//! to a log, and not endless.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters of a message that are shown.
const MESSAGE_CHARS_MAX: usize = 2_000;
/// Digits in a row that are shown: of more, as of a number of 300, only the first.
const DIGITS_MAX: usize = 40;
const FIRST_DIGITS: usize = 20;

/// The message with control characters, separators of lines and marks of direction as their
/// escapes (`\n`, `\u{1b}`), and what is too long cut short.
pub(crate) fn told(message: &str) -> Cow<'_, str> {
    let digits = message.split(|character: char| !character.is_ascii_digit());
    let is_short = message.len() <= MESSAGE_CHARS_MAX
        && digits.map(str::len).all(|length| length <= DIGITS_MAX);
    if is_short && !message.chars().any(is_unprintable) {
        return Cow::Borrowed(message);
    }
    let mut out = String::new();
    let mut rest = message.chars().take(MESSAGE_CHARS_MAX).peekable();
    while let Some(character) = rest.next() {
        if is_unprintable(character) {
            out.extend(character.escape_default());
        } else if character.is_ascii_digit() {
            let mut digits = String::from(character);
            while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            push_digits(&mut out, &digits);
        } else {
            out.push(character);
        }
    }
    if message.chars().nth(MESSAGE_CHARS_MAX).is_some() {
        out.push('…');
    }
    Cow::Owned(out)
}

fn push_digits(out: &mut String, digits: &str) {
    if digits.len() <= DIGITS_MAX {
        return out.push_str(digits);
    }
    let (first, rest) = digits.split_at(FIRST_DIGITS);
    // Writing to a string does not fail.
    let _ = write!(out, "{first}…({} more digits)", rest.len());
}

fn is_unprintable(character: char) -> bool {
    let is_mark_of_direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    character.is_control() || is_mark_of_direction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_move_a_terminal_or_begin_a_line() {
        for (given, shown) in [
            ("Zürich `東京` 192.0.2.0/24", "Zürich `東京` 192.0.2.0/24"),
            ("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}31m\u{7f}\u{202e}x\u{2028}", "\\u{9b}31m\\u{7f}\\u{202e}x\\u{2028}"),
        ] {
            assert_eq!(told(given), shown);
        }
    }

    #[test]
    fn what_is_endless_is_cut_short() {
        assert_eq!(
            told(&format!("igp is -1{}; no", "0".repeat(299))),
            format!("igp is -1{}…(280 more digits); no", "0".repeat(19))
        );
        let digits = "1".repeat(DIGITS_MAX);
        assert_eq!(told(&digits), digits);
        let long = told(&"é".repeat(1 << 20)).into_owned();
        assert_eq!((long.chars().count(), long.chars().last()), (MESSAGE_CHARS_MAX + 1, Some('…')));
    }
}
