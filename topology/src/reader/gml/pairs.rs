//! GML as what it is: keys and values, values being numbers, texts and lists of more of them.
//!
//! ```text
//! list  = { key value }           key   = letter { letter | digit | … }
//! value = number | text | "[" list "]"      a comment runs from # to the end of its line
//! ```

use crate::reader::gml::entity;

/// How deep lists may nest.
const DEPTH_MAX: usize = 64;
/// How much of a wrong word a message shows.
const SHOWN_CHARS: usize = 60;

/// Why a text is no GML, and the line (from 1) on which that shows.
pub(crate) type Faulty = (u64, SyntaxError);

/// Why a text is no GML.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyntaxError {
    #[error("is no GML: expected a key, which starts with a letter, found `{0}`")]
    NoKey(String),
    #[error("`{key}` is `{word}`; expected a number, a text in quotes or a list in [ ]")]
    NoValue { key: String, word: String },
    #[error("`]` closes no list")]
    Unopened,
    #[error("lists nest more than {DEPTH_MAX} deep")]
    TooDeep,
    #[error("a text in quotes starts here and never ends; is the file complete?")]
    OpenText,
    #[error("the file ends inside a list or behind a key; is it complete?")]
    CutOff,
}

/// A key and its value.
pub(crate) struct Pair<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: Value<'a>,
    /// Of the key, from 1.
    pub(crate) line: u64,
}

/// What a key has.
pub(crate) enum Value<'a> {
    /// As it is written; also `NaN`, infinities, `true` and `false`, which exporters write.
    Number(&'a str),
    /// Entities resolved.
    Text(String),
    /// The pairs inside come next, up to a `None`.
    List,
}

/// Walks through a document.
pub(crate) struct Pairs<'a> {
    rest: &'a str,
    line: u64,
    depth: usize,
}

impl<'a> Pairs<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1, depth: 0 }
    }

    /// The next pair of the current list; `None` at its end (or the document's).
    pub(crate) fn next(&mut self) -> Result<Option<Pair<'a>>, Faulty> {
        self.pass_blanks();
        let line = self.line;
        if let Some(rest) = self.rest.strip_prefix(']') {
            self.rest = rest;
            self.depth = self.depth.checked_sub(1).ok_or((line, SyntaxError::Unopened))?;
            return Ok(None);
        }
        if self.rest.is_empty() {
            let complete = self.depth == 0;
            return if complete { Ok(None) } else { Err((line, SyntaxError::CutOff)) };
        }
        let key = self.word();
        if !key.starts_with(|first: char| first.is_alphabetic() || first == '_') {
            let found = if key.is_empty() { self.rest } else { key };
            return Err((line, SyntaxError::NoKey(shown(found))));
        }
        let value = self.value(key)?;
        Ok(Some(Pair { key, value, line }))
    }

    /// Passes over the rest of the current list.
    pub(crate) fn skip(&mut self) -> Result<(), Faulty> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    fn value(&mut self, key: &str) -> Result<Value<'a>, Faulty> {
        self.pass_blanks();
        if let Some(rest) = self.rest.strip_prefix('[') {
            self.rest = rest;
            self.depth += 1;
            let deep = self.depth > DEPTH_MAX;
            return if deep { Err((self.line, SyntaxError::TooDeep)) } else { Ok(Value::List) };
        }
        if let Some(rest) = self.rest.strip_prefix('"') {
            let (end, escaped) = end_of_text(rest).ok_or((self.line, SyntaxError::OpenText))?;
            let text = &rest[..end];
            self.rest = &rest[end + 1..];
            self.line += newlines(text);
            let text = entity::resolve(text).into_owned();
            return Ok(Value::Text(if escaped { text.replace("\\\"", "\"") } else { text }));
        }
        let word = self.word();
        if word.parse::<f64>().is_ok() || ["true", "false"].iter().any(|flag| is(word, flag)) {
            return Ok(Value::Number(word));
        }
        let word = if word.is_empty() { self.rest } else { word };
        if word.is_empty() {
            return Err((self.line, SyntaxError::CutOff));
        }
        let (key, word) = (shown(key), shown(word));
        Err((self.line, SyntaxError::NoValue { key, word }))
    }

    /// Passes over blanks, line ends and comments.
    fn pass_blanks(&mut self) {
        loop {
            let rest = self.rest.trim_start();
            self.line += newlines(&self.rest[..self.rest.len() - rest.len()]);
            self.rest = rest;
            if !rest.starts_with('#') {
                return;
            }
            self.rest = &rest[rest.find(['\r', '\n']).unwrap_or(rest.len())..];
        }
    }

    fn word(&mut self) -> &'a str {
        let ends = |c: char| c.is_whitespace() || matches!(c, '[' | ']' | '"' | '#');
        let (word, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }
}

/// Where a text ends, and whether there are quotes in it that are escaped by a backslash, as some
/// programs write them. Such a quote stands before more of the text, an end before a blank or `]`: a
/// text may well end in a backslash.
fn end_of_text(rest: &str) -> Option<(usize, bool)> {
    let mut escaped = false;
    for (at, _) in rest.match_indices('"') {
        let after = rest[at + 1..].chars().next();
        let ends = after.is_none_or(|next| next.is_whitespace() || matches!(next, ']' | '#'));
        if ends || !rest[..at].ends_with('\\') {
            return Some((at, escaped));
        }
        escaped = true;
    }
    None
}

/// Keys and words are the same in any case.
pub(crate) fn is(word: &str, known: &str) -> bool {
    word.eq_ignore_ascii_case(known)
}

/// How many lines end in a text: by line feeds, or by carriage returns where these stand alone.
fn newlines(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let ends = |at: usize| match bytes[at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    (0..bytes.len()).filter(|at| ends(*at)).count() as u64
}

/// The start of what was found.
fn shown(found: &str) -> String {
    found.lines().next().unwrap_or_default().chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All pairs, flat: `key=value@line`, lists as `key[` … `]`.
    fn flat(text: &str) -> Result<Vec<String>, String> {
        let mut pairs = Pairs::new(text);
        let mut flat = Vec::new();
        let mut depth = 0;
        loop {
            match pairs.next().map_err(|(line, error)| format!("{line}: {error}"))? {
                None if depth == 0 => return Ok(flat),
                None => {
                    depth -= 1;
                    flat.push("]".to_owned());
                }
                Some(Pair { key, value, line }) => flat.push(match value {
                    Value::Number(number) => format!("{key}={number}@{line}"),
                    Value::Text(text) => format!("{key}={text:?}@{line}"),
                    Value::List => {
                        depth += 1;
                        format!("{key}[@{line}")
                    }
                }),
            }
        }
    }

    #[test]
    fn numbers_texts_lists_and_comments() {
        let text = "# made by hand\nCreator \"me &amp; you\"\r\ngraph[id -1 x +.5E+3 # no\n\
            a \"two\nlines\" b[]]y NAN z 1.";
        let expected = [
            "Creator=\"me & you\"@2",
            "graph[@3",
            "id=-1@3",
            "x=+.5E+3@3",
            "a=\"two\\nlines\"@4",
            "b[@5",
            "]",
            "]",
            "y=NAN@5",
            "z=1.@5",
        ];
        assert_eq!(flat(text).unwrap(), expected);
    }

    #[test]
    fn carriage_returns_alone_end_comments_and_count_as_lines() {
        let text = "# made by hand\ra 1 # one\r\rb \"x\ry\"\r\nc 2";
        assert_eq!(flat(text).unwrap(), ["a=1@2", r#"b="x\ry"@4"#, "c=2@6"]);
    }

    #[test]
    fn quotes_may_be_escaped_and_a_text_may_end_in_a_backslash() {
        let text = r#"a "say \"hi\"" b "C:\" c "\"" d["\"]"#.replace("d[", "d [ e ");
        let expected =
            [r#"a="say \"hi\""@1"#, r#"b="C:\\"@1"#, r#"c="\""@1"#, "d[@1", r#"e="\\"@1"#, "]"];
        assert_eq!(flat(&text).unwrap(), expected);
        assert!(flat(r#"a "b\"c"#).unwrap_err().starts_with("1: a text in quotes starts here"));
    }

    #[test]
    fn what_is_malformed_is_refused_with_its_line() {
        let fault = |text: &str| flat(text).unwrap_err();
        assert_eq!(fault("a 1\n]"), "2: `]` closes no list");
        let cut = "the file ends inside a list or behind a key; is it complete?";
        assert_eq!(fault("a [\nb 1\n"), format!("3: {cut}"));
        assert_eq!(fault("a"), format!("1: {cut}"));
        assert!(fault("a 1\nb \"x\n\n").starts_with("2: a text in quotes starts here"));
        assert!(fault("{\"nodes\": []}").starts_with("1: is no GML: expected a key"));
        assert!(fault("a 1 2").contains("found `2`"));
        assert_eq!(
            fault("Creator yFiles"),
            "1: `Creator` is `yFiles`; expected a number, a text in quotes or a list in [ ]"
        );
        assert!(fault("a ]").contains("`a` is `]`"));
        assert!(fault("\u{0}\u{9f}").contains("found `\u{0}\u{9f}`"));
        assert!(fault(&"a [".repeat(65)).contains("nest more than 64 deep"));
    }
}
