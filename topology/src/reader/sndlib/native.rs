//! SNDlib's own text format, in which its site has the same networks.
//!
//! ```text
//! ?SNDlib native format; type: network; version: 1.0
//! NODES ( ID ( X Y ) … )
//! LINKS ( ID ( SOURCE TARGET ) CAPACITY COST ROUTING-COST SETUP-COST ( CAPACITY COST … ) … )
//! ```
//!
//! Lines from `#` on are comments. Places are degrees, or where one of them cannot be, pixels.

use crate::draft::{Draft, DraftLink, DraftNode};
use crate::reader::number::{self, NumberError};

/// How a native file starts.
pub(crate) const MAGIC: &str = "?SNDlib native format";

/// Why a text is none in this format, and its line.
pub(crate) type Faulty = (u64, NativeError);

/// Why a text is none in this format.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NativeError {
    #[error("is no network: the first line says `{0}`")]
    Kind(String),
    #[error("expected {expected}, found `{found}`")]
    Expected { expected: &'static str, found: String },
    #[error("the file ends inside a section; is it complete?")]
    CutOff,
    #[error("has no section NODES")]
    NoNodes,
    #[error(transparent)]
    Number(#[from] NumberError),
}

/// What a file says beside nodes and links.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rest {
    /// Demands, paths and modules that could be installed.
    pub(crate) unused: usize,
    /// The unit of capacities.
    pub(crate) unit: Option<String>,
    /// Places are pixels and no coordinates.
    pub(crate) pixels: bool,
}

/// Reads nodes and links into `draft`.
pub(crate) fn read(text: &str, draft: &mut Draft) -> Result<Rest, Faulty> {
    let first = text.lines().next().unwrap_or_default();
    if !first.split(';').any(|part| part.trim().eq_ignore_ascii_case("type: network")) {
        return Err((1, NativeError::Kind(first.trim().to_owned())));
    }
    let mut tokens = Tokens::new(text);
    let (mut rest, mut has_nodes) = (Rest::default(), false);
    while let Some(section) = tokens.next() {
        tokens.expect("(")?;
        match section.to_ascii_uppercase().as_str() {
            "META" => rest.unit = meta(&mut tokens)?,
            "NODES" => {
                has_nodes = true;
                nodes(&mut tokens, draft, &mut rest)?;
            }
            "LINKS" => links(&mut tokens, draft, &mut rest)?,
            _ => rest.unused += tokens.skip_list()?.1,
        }
    }
    if has_nodes { Ok(rest) } else { Err((1, NativeError::NoNodes)) }
}

/// `name = value` each, free text with parentheses among them; the unit.
fn meta(tokens: &mut Tokens<'_>) -> Result<Option<String>, Faulty> {
    let (mut unit, mut before, mut depth) = (None, ["", ""], 1);
    loop {
        let token = tokens.within()?;
        match token {
            "(" => depth += 1,
            ")" if depth == 1 => return Ok(unit),
            ")" => depth -= 1,
            _ => {}
        }
        if before == ["unit", "="] {
            unit = Some(token.to_owned());
        }
        before = [before[1], token];
    }
}

fn nodes(tokens: &mut Tokens<'_>, draft: &mut Draft, rest: &mut Rest) -> Result<(), Faulty> {
    loop {
        let id = tokens.within()?;
        if id == ")" {
            break;
        }
        let line = tokens.line;
        let mut node =
            DraftNode { id: id.to_owned(), label: id.to_owned(), line, ..DraftNode::default() };
        if tokens.peek() == Some("(") {
            tokens.expect("(")?;
            node.longitude = tokens.number("x")?;
            node.latitude = tokens.number("y")?;
            tokens.expect(")")?;
        }
        draft.nodes.push(node);
    }
    let beyond = |value: Option<f64>, bound| value.is_some_and(|value: f64| value.abs() > bound);
    rest.pixels =
        draft.nodes.iter().any(|node| beyond(node.longitude, 180.0) || beyond(node.latitude, 90.0));
    if rest.pixels {
        draft.nodes.iter_mut().for_each(|node| (node.longitude, node.latitude) = (None, None));
    }
    Ok(())
}

fn links(tokens: &mut Tokens<'_>, draft: &mut Draft, rest: &mut Rest) -> Result<(), Faulty> {
    while tokens.within()? != ")" {
        let mut link = DraftLink { line: tokens.line, ..DraftLink::default() };
        tokens.expect("(")?;
        link.from = tokens.name("a source")?;
        link.to = tokens.name("a target")?;
        tokens.expect(")")?;
        // A capacity of 0 says that nothing is installed yet.
        link.metrics.capacity_mbps = tokens.number("capacity")?.filter(|value| *value > 0.0);
        tokens.number("cost")?;
        link.metrics.igp = tokens.number("routing cost")?;
        tokens.number("setup cost")?;
        tokens.expect("(")?;
        rest.unused += tokens.skip_list()?.0 / 2;
        draft.links.push(link);
    }
    Ok(())
}

/// Words and parentheses, with their lines.
struct Tokens<'a> {
    /// What is left of the line.
    here: &'a str,
    below: std::str::Lines<'a>,
    line: u64,
}

impl<'a> Tokens<'a> {
    /// Those behind the first line.
    fn new(text: &'a str) -> Self {
        let mut below = text.lines();
        below.next();
        Self { here: "", below, line: 1 }
    }

    fn peek(&mut self) -> Option<&'a str> {
        loop {
            self.here = self.here.trim_start();
            if !self.here.is_empty() && !self.here.starts_with('#') {
                let after_first = self.here.char_indices().skip(1);
                let mut ends = after_first.filter(|(_, c)| "()".contains(*c) || c.is_whitespace());
                let one = self.here.starts_with(['(', ')']);
                let end = if one { 1 } else { ends.next().map_or(self.here.len(), |(at, _)| at) };
                return Some(&self.here[..end]);
            }
            self.here = self.below.next()?;
            self.line += 1;
        }
    }

    fn next(&mut self) -> Option<&'a str> {
        let token = self.peek()?;
        self.here = &self.here[token.len()..];
        Some(token)
    }

    /// The next one of a section.
    fn within(&mut self) -> Result<&'a str, Faulty> {
        self.next().ok_or((self.line, NativeError::CutOff))
    }

    fn expect(&mut self, expected: &'static str) -> Result<(), Faulty> {
        let found = self.within()?;
        if found == expected { Ok(()) } else { Err(self.unexpected(expected, found)) }
    }

    fn name(&mut self, expected: &'static str) -> Result<String, Faulty> {
        let found = self.within()?;
        if "()".contains(found) {
            Err(self.unexpected(expected, found))
        } else {
            Ok(found.to_owned())
        }
    }

    /// A number, not below 0 unless it is a coordinate; commas may stand behind.
    fn number(&mut self, name: &'static str) -> Result<Option<f64>, Faulty> {
        let found = self.name("a number")?;
        let value = number::from_text(name, found.trim_end_matches(','));
        let checked = value.and_then(|value| match name {
            "x" | "y" => Ok(value),
            _ => value.map(|value| number::amount(name, value)).transpose(),
        });
        checked.map_err(|fault| (self.line, fault.into()))
    }

    /// Steps over a list to its end: how many words and how many lists stand right in it.
    fn skip_list(&mut self) -> Result<(usize, usize), Faulty> {
        let (mut depth, mut words, mut lists) = (1, 0, 0);
        while depth > 0 {
            match self.within()? {
                "(" => {
                    lists += usize::from(depth == 1);
                    depth += 1;
                }
                ")" => depth -= 1,
                _ => words += usize::from(depth == 1),
            }
        }
        Ok((words, lists))
    }

    fn unexpected(&self, expected: &'static str, found: &str) -> Faulty {
        (self.line, NativeError::Expected { expected, found: found.chars().take(60).collect() })
    }
}
