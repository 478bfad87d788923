//! Names of PIDs, checked once when parsed (RFC 7285 §10.1).

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// The longest PID name, in characters (RFC 7285 §10.1).
pub const MAX_PID_NAME_CHARS: usize = 64;

/// The name of a PID: 1 to 64 characters of `[0-9A-Za-z:@_-]` (RFC 7285 §10.1).
///
/// The full stop, which the RFC reserves, is refused. A clone shares the text.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct PidName(Arc<str>);

/// Why a text is no PID name.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum PidNameError {
    /// No character at all.
    #[error("a PID name is empty")]
    Empty,
    /// More than [`MAX_PID_NAME_CHARS`] characters.
    #[error("PID name {name:?} has {chars} characters, at most {MAX_PID_NAME_CHARS} are allowed")]
    TooLong {
        /// The text as given.
        name: String,
        /// Its length in characters.
        chars: usize,
    },
    /// A character outside `[0-9A-Za-z:@_-]`; the full stop is reserved.
    #[error("PID name {name:?} has the character {character:?} at position {position}")]
    Character {
        /// The text as given.
        name: String,
        /// The first character that is not allowed.
        character: char,
        /// Where it stands, counted in characters from 1.
        position: usize,
    },
}

impl PidName {
    /// Checks a text against RFC 7285 §10.1.
    ///
    /// # Errors
    /// Tells which rule the text breaks, and where.
    pub fn parse(text: &str) -> Result<Self, PidNameError> {
        if text.is_empty() {
            return Err(PidNameError::Empty);
        }
        if let Some((at, character)) = text.chars().enumerate().find(|(_, c)| !is_allowed(*c)) {
            let name = text.to_owned();
            return Err(PidNameError::Character { name, character, position: at + 1 });
        }
        let chars = text.len();
        if chars > MAX_PID_NAME_CHARS {
            return Err(PidNameError::TooLong { name: text.to_owned(), chars });
        }
        Ok(Self(Arc::from(text)))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, ':' | '@' | '_' | '-')
}

impl fmt::Display for PidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Borrow<str> for PidName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for PidName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_allowed_kind_of_character_is_taken() {
        assert_eq!(PidName::parse("PID1:a@B_c-9").unwrap().as_str(), "PID1:a@B_c-9");
        assert!(PidName::parse(&"x".repeat(64)).is_ok());
    }

    #[test]
    fn the_reserved_full_stop_is_refused_with_its_place() {
        let error = PidName::parse("pid.1").unwrap_err();
        assert_eq!(error.to_string(), "PID name \"pid.1\" has the character '.' at position 4");
    }

    #[test]
    fn empty_long_and_foreign_names_are_refused() {
        assert_eq!(PidName::parse(""), Err(PidNameError::Empty));
        let long = PidName::parse(&"x".repeat(65)).unwrap_err();
        assert!(matches!(long, PidNameError::TooLong { chars: 65, .. }));
        for bad in ["Köln", "a b", "a/b", "a\0", "a\n"] {
            assert!(matches!(PidName::parse(bad), Err(PidNameError::Character { .. })), "{bad:?}");
        }
    }
}
