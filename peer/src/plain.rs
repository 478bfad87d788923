//! What strangers write, shown on a terminal or a page: it commands nothing there, takes one line,
//! and is read in the order in which it is written.

/// A text in which whatever is not shown as itself stands as its number, `\u{202e}`.
#[must_use]
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match is_shown(char) {
            true => shown.push(char),
            false => shown.extend(char.escape_unicode()),
        }
    }
    shown
}

/// Neither a control character, nor the end of a line or paragraph, nor one that turns others round
/// (Unicode Standard Annex 9, §2).
fn is_shown(char: char) -> bool {
    let turns = matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || ('\u{202a}'..='\u{202e}').contains(&char)
        || ('\u{2066}'..='\u{2069}').contains(&char);
    !char.is_control() && !matches!(char, '\u{2028}' | '\u{2029}') && !turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_commands_a_terminal_and_names_are_as_they_are_written() {
        assert_eq!(plain("a\u{1b}[31mb\u{7}\nc\u{9b}"), r"a\u{1b}[31mb\u{7}\u{a}c\u{9b}");
        assert_eq!(plain("photo\u{202e}gnp.exe"), r"photo\u{202e}gnp.exe");
        assert_eq!(
            plain("\u{2067}a\u{2069}\u{200f}\u{2028}"),
            r"\u{2067}a\u{2069}\u{200f}\u{2028}"
        );
        for good in
            ["Übung <b>", "日本語の長い名前.mkv", "שלום.mp4", "family 👨\u{200d}👩\u{200d}👧"]
        {
            assert_eq!(plain(good), good);
        }
    }
}
