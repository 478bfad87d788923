//! From bytes to a [`Json`] tree, by recursive descent of bounded depth.

use std::borrow::Cow;

use crate::distinct::repeats;
use crate::fault::Fault;
use crate::json::tree::Json;
use crate::number;

/// Deepest nesting of arrays and objects that is read.
pub const MAX_DEPTH: usize = 64;

/// Reads a whole body; what is wrong becomes an `E_SYNTAX` fault with line and column, both
/// counted from 1, the column in characters.
pub fn parse(body: &[u8]) -> Result<Json, Fault> {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            let valid = String::from_utf8_lossy(body.get(..error.valid_up_to()).unwrap_or(body));
            return Err(fault_after(&valid, "invalid UTF-8"));
        }
    };
    let mut parser = Parser { text, at: 0 };
    let outcome = parser.document();
    outcome.map_err(|stop| fault_after(text.get(..stop.at).unwrap_or(text), &stop.what))
}

/// Refuses a body that nests deeper than so many levels, whatever else may be wrong with it; for
/// bounds below [`MAX_DEPTH`].
///
/// # Errors
/// The `E_SYNTAX` fault of [`parse`] at the bracket that is too much.
pub fn check_depth(body: &[u8], most: usize) -> Result<(), Fault> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in body.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > most {
            let before = String::from_utf8_lossy(body.get(..at).unwrap_or(body));
            return Err(fault_after(&before, "nested too deeply"));
        }
    }
    Ok(())
}

/// The fault of what stands right after the text `before`.
fn fault_after(before: &str, what: &str) -> Fault {
    let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
    let column = 1 + before.chars().rev().take_while(|c| *c != '\n').count();
    Fault::syntax(format!("line {line}, column {column}: {what}"))
}

/// Why reading stopped, and at which byte.
struct Stop {
    at: usize,
    what: Cow<'static, str>,
}

struct Parser<'a> {
    text: &'a str,
    /// Byte offset of what is read next.
    at: usize,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<Json, Stop> {
        if self.text.starts_with('\u{feff}') {
            return self.stop("byte order mark before the value");
        }
        let value = self.value(0)?;
        self.skip_blanks();
        match self.peek() {
            None => Ok(value),
            Some(_) => self.stop("more text after the value"),
        }
    }

    /// Reads a value that lies inside `depth` arrays and objects.
    fn value(&mut self, depth: usize) -> Result<Json, Stop> {
        self.skip_blanks();
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => self.stop("nested too deeply"),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => self.unexpected("a value"),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, Stop> {
        self.at += 1;
        let (mut members, mut starts) = (Vec::new(), Vec::new());
        self.skip_blanks();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_blanks();
            starts.push(self.at);
            if self.peek() != Some(b'"') {
                return self.unexpected("a member name");
            }
            let name = self.string()?;
            self.skip_blanks();
            if !self.take(b':') {
                return self.unexpected("':' after the member name");
            }
            members.push((name, self.value(depth)?));
            self.skip_blanks();
            if self.take(b'}') {
                return unique(members, &starts);
            }
            if !self.take(b',') {
                return self.unexpected("',' or '}' after the member");
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, Stop> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_blanks();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_blanks();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return self.unexpected("',' or ']' after the element");
            }
        }
    }

    /// Reads a string from its opening quote to its closing one.
    fn string(&mut self) -> Result<String, Stop> {
        self.at += 1;
        let mut read = String::new();
        loop {
            let rest = self.rest();
            let plain = rest
                .bytes()
                .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
                .unwrap_or(rest.len());
            read.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(read);
                }
                Some(b'\\') => read.push(self.escape()?),
                Some(_) => return self.stop("control character in a string"),
                None => return self.unexpected("the end of the string"),
            }
        }
    }

    /// Reads an escape from its backslash on, or two that make one character (RFC 8259 §7).
    fn escape(&mut self) -> Result<char, Stop> {
        let start = self.at;
        self.at += 2;
        let character = match self.text.as_bytes().get(start + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            _ => return Err(Stop { at: start, what: "invalid escape in a string".into() }),
        };
        Ok(character)
    }

    /// Reads the rest of a `\u` escape that began at `start`.
    fn unicode_escape(&mut self, start: usize) -> Result<char, Stop> {
        let invalid = || Stop { at: start, what: "invalid \\u escape in a string".into() };
        let first = self.hex().ok_or_else(invalid)?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or_else(invalid);
        }
        if !self.rest().starts_with("\\u") {
            return Err(invalid());
        }
        self.at += 2;
        let second = self.hex().filter(|unit| (0xdc00..0xe000).contains(unit));
        let low = second.ok_or_else(invalid)? - 0xdc00;
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + low).ok_or_else(invalid)
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4).filter(|text| text.bytes().all(is_hex))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) -> Result<Json, Stop> {
        let rest = self.rest();
        match number::scan(rest.as_bytes()) {
            Ok(length) => {
                self.at += length;
                Ok(Json::Number(rest.get(..length).unwrap_or(rest).to_owned()))
            }
            Err(offset) => {
                self.at += offset;
                self.unexpected("a digit")
            }
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Stop> {
        if !self.rest().starts_with(word) {
            return self.unexpected("a value");
        }
        self.at += word.len();
        Ok(value)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn unexpected<T>(&self, expected: &str) -> Result<T, Stop> {
        let found = if self.peek().is_none() { "end of the text, " } else { "" };
        Err(Stop { at: self.at, what: format!("{found}expected {expected}").into() })
    }

    fn stop<T>(&self, what: &'static str) -> Result<T, Stop> {
        Err(Stop { at: self.at, what: what.into() })
    }
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

/// An object whose names all differ; `starts` says where each name begins.
fn unique(members: Vec<(String, Json)>, starts: &[usize]) -> Result<Json, Stop> {
    let repeated = repeats(members.iter().map(|(name, _)| name.as_str()));
    let Some(first) = repeated.first() else {
        return Ok(Json::Object(members));
    };
    let name = members.get(*first).map_or("", |(name, _)| name.as_str());
    let at = starts.get(*first).copied().unwrap_or_default();
    Err(Stop { at, what: format!("duplicate member {name:?}").into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(body: &[u8]) -> String {
        let fault = parse(body).unwrap_err();
        assert_eq!(fault.code, crate::fault::Code::Syntax);
        fault.syntax_error.unwrap()
    }

    #[test]
    fn values_keep_order_and_number_text() {
        let text = r#" {"b": [1.50, -0, 2E+3, 1e400], "a": {"t": true, "f": false, "n": null}} "#;
        let json = parse(text.as_bytes()).unwrap();
        assert_eq!(
            json.to_string(),
            r#"{"b":[1.50,-0,2E+3,1e400],"a":{"t":true,"f":false,"n":null}}"#
        );
    }

    #[test]
    fn escapes_are_resolved() {
        let json = parse(br#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#).unwrap();
        assert_eq!(json, Json::String("\"\\/\u{8}\u{c}\n\r\té😀".to_owned()));
    }

    #[test]
    fn b4_complaints_say_line_and_column() {
        for (body, expected) in [
            ("", "line 1, column 1: end of the text, expected a value"),
            (" ", "line 1, column 2: end of the text, expected a value"),
            ("{\n  \"é\": x}", "line 2, column 8: expected a value"),
            ("[1", "line 1, column 3: end of the text, expected ',' or ']' after the element"),
            ("[1 2]", "line 1, column 4: expected ',' or ']' after the element"),
            ("[1,]", "line 1, column 4: expected a value"),
            ("{\"a\"", "line 1, column 5: end of the text, expected ':' after the member name"),
            ("{\"a\":1", "line 1, column 7: end of the text, expected ',' or '}' after the member"),
            ("{\"a\":1,}", "line 1, column 8: expected a member name"),
            ("{a:1}", "line 1, column 2: expected a member name"),
            ("\"ab", "line 1, column 4: end of the text, expected the end of the string"),
            ("\"a\nb\"", "line 1, column 3: control character in a string"),
            ("\"\\x\"", "line 1, column 2: invalid escape in a string"),
            ("\"\\", "line 1, column 2: invalid escape in a string"),
            ("\"\\ud800\"", "line 1, column 2: invalid \\u escape in a string"),
            ("\"\\ud800\\u0041\"", "line 1, column 2: invalid \\u escape in a string"),
            ("\"\\udc00\"", "line 1, column 2: invalid \\u escape in a string"),
            ("\"\\u+123\"", "line 1, column 2: invalid \\u escape in a string"),
            ("-", "line 1, column 2: end of the text, expected a digit"),
            ("01", "line 1, column 2: more text after the value"),
            ("1.x", "line 1, column 3: expected a digit"),
            ("NaN", "line 1, column 1: expected a value"),
            ("nul", "line 1, column 1: expected a value"),
            ("{} {}", "line 1, column 4: more text after the value"),
            ("\u{feff}{}", "line 1, column 1: byte order mark before the value"),
            ("{\"a\":1,\n\"a\":2}", "line 2, column 1: duplicate member \"a\""),
            ("{\"x\":{\"a\":1,\"\\u0061\":2}}", "line 1, column 13: duplicate member \"a\""),
        ] {
            assert_eq!(complaint(body.as_bytes()), expected, "{body}");
        }
        assert_eq!(complaint(b"[\n \"\xff\"]"), "line 2, column 3: invalid UTF-8");
    }

    #[test]
    fn nesting_has_a_bound() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        let complaint_of_one_more = complaint(&nested(MAX_DEPTH + 1));
        assert_eq!(complaint_of_one_more, "line 1, column 65: nested too deeply");
        assert_eq!(complaint(&vec![b'['; 1 << 20]), complaint_of_one_more);
    }

    #[test]
    fn a_lower_bound_counts_brackets_outside_of_texts() {
        let body = br#"{"a": ["[[[", "\"[[", {"b": []}], "c": [[[]]]}"#;
        assert_eq!(check_depth(body, 4), Ok(()));
        let refused = check_depth(body, 3).unwrap_err();
        assert_eq!(refused, Fault::syntax("line 1, column 29: nested too deeply"));
        let most = [vec![b'['; MAX_DEPTH], vec![b']'; MAX_DEPTH]].concat();
        assert_eq!(check_depth(&most, MAX_DEPTH), Ok(()));
    }
}
