//! Rows of a CSV file (RFC 4180) whose header line names the columns, in any order. Where the
//! header has no comma, semicolons or tabs in it separate the columns, as spreadsheets write them;
//! lines before it that begin with `#` are comments.
//!
//! Read by hand because every row must know its line (quoted line breaks and all), a ragged row
//! or an open quote must be an error, and one row must not fill the memory.

use std::io::{self, BufRead};
use std::path::Path;
use std::sync::Arc;

use crate::reader::lines;
use crate::refusal::LoadError;
use crate::spot::Spot;

/// Longest row, in bytes.
const ROW_BYTES_MAX: usize = 1 << 20;
/// What may stand between fields.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// Why a file is no table of the columns wanted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RowError {
    #[error("cannot read: {0}")]
    Read(#[source] io::Error),
    #[error("is empty; expected a header line `{0}`")]
    Empty(String),
    #[error("header has no column `{column}`; expected `{expected}`")]
    NoColumn { column: &'static str, expected: String },
    #[error("header has the column `{0}` twice")]
    TwiceColumn(&'static str),
    #[error("row has {found} fields; the header has {expected}")]
    Ragged { found: usize, expected: usize },
    #[error("quote is never closed")]
    OpenQuote,
    #[error("text follows a closing quote; a quote inside quotes is written twice")]
    AfterQuote,
    #[error("row is longer than {ROW_BYTES_MAX} bytes")]
    TooLong,
    #[error("is not UTF-8 text")]
    NotText,
}

/// Reads row after row.
pub(crate) struct Rows<R> {
    input: R,
    file: Arc<Path>,
    /// Line read last, from 1.
    line: u64,
    fields: Fields,
    /// For each column wanted, its place in the file; `None` for an optional one that is missing.
    places: Vec<Option<usize>>,
    columns_in_file: usize,
}

/// One row.
pub(crate) struct Row<'a> {
    fields: &'a Fields,
    places: &'a [Option<usize>],
    /// Line on which it starts, from 1.
    pub(crate) line: u64,
}

impl Row<'_> {
    /// The field of the `wanted`-th column, blanks cut off; empty where the column is missing.
    pub(crate) fn field(&self, wanted: usize) -> &str {
        let place = self.places.get(wanted).copied().flatten();
        place.map_or("", |place| self.fields.get(place)).trim()
    }
}

impl<R: BufRead> Rows<R> {
    /// Reads the header. Columns wanted are `required`, then `optional`; others are ignored.
    pub(crate) fn open(
        input: R,
        file: &Arc<Path>,
        required: &[&'static str],
        optional: &[&'static str],
    ) -> Result<Self, LoadError> {
        let mut rows = Self {
            input,
            file: Arc::clone(file),
            line: 0,
            fields: Fields::default(),
            places: Vec::new(),
            columns_in_file: 0,
        };
        let expected = required.join(",");
        let Some(line) = rows.advance()? else {
            return Err(LoadError::at(Spot::file(file), RowError::Empty(expected)));
        };
        let header: Vec<&str> = rows.fields.iter().map(str::trim).collect();
        let mut places = Vec::new();
        for &column in required.iter().chain(optional) {
            let found = header.iter().enumerate();
            let mut found = found.filter(|(_, name)| name.eq_ignore_ascii_case(column));
            let place = found.next().map(|(place, _)| place);
            let fault = if found.next().is_some() {
                Some(RowError::TwiceColumn(column))
            } else if place.is_none() && required.contains(&column) {
                Some(RowError::NoColumn { column, expected: expected.clone() })
            } else {
                None
            };
            if let Some(fault) = fault {
                return Err(rows.refused(line, fault));
            }
            places.push(place);
        }
        rows.columns_in_file = header.len();
        rows.places = places;
        Ok(rows)
    }

    /// The next row that is not blank; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>, LoadError> {
        let Some(line) = self.advance()? else { return Ok(None) };
        let (found, expected) = (self.fields.ends.len(), self.columns_in_file);
        if found != expected {
            return Err(self.refused(line, RowError::Ragged { found, expected }));
        }
        Ok(Some(Row { fields: &self.fields, places: &self.places, line }))
    }

    /// Reads the fields of the next row that is not blank; returns the line on which it starts.
    fn advance(&mut self) -> Result<Option<u64>, LoadError> {
        self.fields.clear();
        let mut bytes = Vec::new();
        let mut start = None;
        let mut row_bytes = 0;
        loop {
            bytes.clear();
            let at = start.unwrap_or(self.line + 1);
            let left = ROW_BYTES_MAX - row_bytes + 1;
            let read = lines::read(&mut self.input, &mut bytes, left);
            row_bytes += read.map_err(|error| self.refused(at, RowError::Read(error)))?;
            if row_bytes > ROW_BYTES_MAX {
                return Err(self.refused(at, RowError::TooLong));
            }
            if bytes.is_empty() {
                let open = start.map(|start| self.refused(start, RowError::OpenQuote));
                return open.map_or(Ok(None), Err);
            }
            self.line += 1;
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| self.refused(self.line, RowError::NotText))?;
            let text = if self.line == 1 { text.trim_start_matches('\u{feff}') } else { text };
            if start.is_none() && text.trim().is_empty() {
                row_bytes = 0;
                continue;
            }
            let is_header = self.columns_in_file == 0;
            if is_header && start.is_none() {
                if text.starts_with('#') {
                    row_bytes = 0;
                    continue;
                }
                self.fields.separator = separator_of(text);
            }
            let complete = self.fields.push_line(text);
            if complete.map_err(|fault| self.refused(self.line, fault))? {
                return Ok(Some(at));
            }
            start = Some(at);
        }
    }

    fn refused(&self, line: u64, fault: RowError) -> LoadError {
        LoadError::at(Spot::line(&self.file, line), fault)
    }
}

fn separator_of(header: &str) -> char {
    SEPARATORS.into_iter().find(|separator| header.contains(*separator)).unwrap_or(',')
}

/// The fields of one row, unquoted, in one text.
pub(crate) struct Fields {
    text: String,
    ends: Vec<usize>,
    quoted: bool,
    separator: char,
}

impl Default for Fields {
    fn default() -> Self {
        Self { text: String::new(), ends: Vec::new(), quoted: false, separator: ',' }
    }
}

impl Fields {
    /// Takes what stands between fields from a line whose first field has no such character: a
    /// comma, a semicolon or a tab.
    pub(crate) fn separated_as(&mut self, line: &str) {
        self.separator = line.chars().find(|c| SEPARATORS.contains(c)).unwrap_or(',');
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.quoted = false;
    }

    /// The field at a place, from 0; empty where the row is too short.
    pub(crate) fn get(&self, place: usize) -> &str {
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(place).copied().unwrap_or(0);
        self.text.get(start.unwrap_or(0)..end).unwrap_or("")
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|place| self.get(place))
    }

    /// Takes one line, or what is left of the row after a quoted line break; true where the row
    /// ends with it.
    pub(crate) fn push_line(&mut self, line: &str) -> Result<bool, RowError> {
        let mut rest = line;
        loop {
            if !self.quoted {
                let Some(quoted) = rest.trim_start_matches(' ').strip_prefix('"') else {
                    let end = rest.find([self.separator, '\r', '\n']).unwrap_or(rest.len());
                    self.text.push_str(&rest[..end]);
                    self.ends.push(self.text.len());
                    match rest[end..].strip_prefix(self.separator) {
                        Some(after) => rest = after,
                        None => return Ok(true),
                    }
                    continue;
                };
                (rest, self.quoted) = (quoted, true);
            }
            let Some(quote) = rest.find('"') else {
                self.text.push_str(rest);
                return Ok(false);
            };
            self.text.push_str(&rest[..quote]);
            rest = &rest[quote + 1..];
            if let Some(after) = rest.strip_prefix('"') {
                self.text.push('"');
                rest = after;
                continue;
            }
            self.quoted = false;
            self.ends.push(self.text.len());
            rest = rest.trim_start_matches(' ');
            if let Some(after) = rest.strip_prefix(self.separator) {
                rest = after;
            } else if rest.trim_end_matches(['\r', '\n']).is_empty() {
                return Ok(true);
            } else {
                return Err(RowError::AfterQuote);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Vec<(u64, String, String)>, String> {
        let file: Arc<Path> = Arc::from(Path::new("t.csv"));
        let read = || -> Result<_, LoadError> {
            let mut rows = Rows::open(text.as_bytes(), &file, &["a", "b"], &["c"])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push((row.line, row.field(0).to_owned(), row.field(1).to_owned()));
            }
            Ok(all)
        };
        read().map_err(|error| error.to_string())
    }

    fn row(line: u64, a: &str, b: &str) -> (u64, String, String) {
        (line, a.to_owned(), b.to_owned())
    }

    #[test]
    fn columns_come_in_any_order_and_others_are_ignored() {
        assert_eq!(table("b,x,a\n1,2,3\n").unwrap(), [row(2, "3", "1")]);
    }

    #[test]
    fn byte_order_mark_blank_lines_crlf_and_a_missing_last_line_break_are_fine() {
        let text = "\u{feff}a,b\r\n\r\n1, 2 \r\n   \r\n3,4";
        assert_eq!(table(text).unwrap(), [row(3, "1", "2"), row(5, "3", "4")]);
    }

    #[test]
    fn carriage_returns_alone_end_rows_too() {
        let text = "# of today\ra,b\r1,2\r\r\"3\r4\",5\r";
        assert_eq!(table(text).unwrap(), [row(3, "1", "2"), row(5, "3\r4", "5")]);
        assert_eq!(table("a,b\r1\r").unwrap_err(), "t.csv:2: row has 1 fields; the header has 2");
    }

    #[test]
    fn a_header_without_commas_says_what_separates() {
        let rows = [row(2, "1", "2,5"), row(3, "3;\t3", "4")];
        assert_eq!(table("a;b\n1;2,5\n\"3;\t3\"; 4\n").unwrap(), rows);
        assert_eq!(table("\"a\"\t\"b\"\r\n1\t2,5\r\n\"3;\t3\"\t4\r\n").unwrap(), rows);
        // With a comma in the header, commas do.
        assert_eq!(table("a,b;c,b\n1,2,3;\n").unwrap(), [row(2, "1", "3;")]);
    }

    #[test]
    fn comments_stand_before_the_header_alone() {
        let text = "# of today\n\n# a,b\na,b\n#1,2\n";
        assert_eq!(table(text).unwrap(), [row(5, "#1", "2")]);
    }

    #[test]
    fn quotes_hold_commas_quotes_and_line_breaks_and_lines_still_count() {
        let text = "A,b\n\"x, \"\"y\"\"\",\"1\n2\"\nz,\n,\"\"\r\n \"p\" , \"q\" \n";
        let rows = [row(2, "x, \"y\"", "1\n2"), row(4, "z", ""), row(5, "", ""), row(6, "p", "q")];
        assert_eq!(table(text).unwrap(), rows);
    }

    #[test]
    fn what_is_malformed_is_refused_with_its_line() {
        let fault = |text: &str| table(text).unwrap_err();
        assert_eq!(fault(""), "t.csv: is empty; expected a header line `a,b`");
        assert_eq!(fault("\na\n1\n"), "t.csv:2: header has no column `b`; expected `a,b`");
        assert_eq!(fault("a,b,a\n"), "t.csv:1: header has the column `a` twice");
        assert_eq!(fault("a,b\n1,2\n1\n"), "t.csv:3: row has 1 fields; the header has 2");
        assert_eq!(fault("a,b\n\n\"1,2\n\n"), "t.csv:3: quote is never closed");
        assert!(fault("a,b\n\"1\"2,3\n").starts_with("t.csv:2: text follows"));
        let long = format!("a,b\n1,{}\n", "x".repeat(ROW_BYTES_MAX));
        assert_eq!(fault(&long), "t.csv:2: row is longer than 1048576 bytes");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let file: Arc<Path> = Arc::from(Path::new("t.csv"));
        let opened = Rows::open(&b"a,b\n\xff,1\n"[..], &file, &["a", "b"], &[]);
        let fault = opened.ok().unwrap().next().err().unwrap();
        assert_eq!(fault.to_string(), "t.csv:2: is not UTF-8 text");
    }
}
