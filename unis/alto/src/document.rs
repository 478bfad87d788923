//! Reading a whole JSON document of this crate's types, with the place of what is wrong in it.

use serde::de::DeserializeOwned;

/// A document that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct DocumentError {
    /// Line of the error, from 1.
    pub line: usize,
    /// Column of the error in bytes, from 1; 0 at the start of a line.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl From<serde_json::Error> for DocumentError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let place = format!(" at line {line} column {column}");
        let message = text.strip_suffix(&place).unwrap_or(&text).to_owned();
        Self { line, column, message }
    }
}

/// Reads a document to its end, as a stream: no tree is built on the way.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, DocumentError> {
    Ok(serde_json::from_str(text)?)
}
