//! A name's text: a short one is kept in place, for stores hold millions of them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Bytes that are kept in place.
const PLACE_BYTES: usize = 22;

/// A text; 24 bytes where it is short, else as many and a piece of memory.
#[derive(Clone, Eq, PartialEq)]
pub(crate) enum Short {
    /// In place; zeros behind the text.
    Here { length: u8, bytes: [u8; PLACE_BYTES] },
    /// In memory of its own.
    There(Box<str>),
}

impl Short {
    pub(crate) fn new(text: &str) -> Self {
        let mut bytes = [0; PLACE_BYTES];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text.as_bytes());
                Self::Here { length, bytes }
            }
            _ => Self::There(text.into()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            // It was a text when it came in.
            Self::Here { length, bytes } => {
                std::str::from_utf8(&bytes[..usize::from(*length)]).unwrap_or_default()
            }
            Self::There(text) => text,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Here { length, bytes } => &bytes[..usize::from(*length)],
            Self::There(text) => text.as_bytes(),
        }
    }
}

/// As texts are, by their bytes.
impl Ord for Short {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl PartialOrd for Short {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Short {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

impl fmt::Debug for Short {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_length_is_itself() {
        for length in [0, 1, PLACE_BYTES - 1, PLACE_BYTES, PLACE_BYTES + 1, 64, 300] {
            let text = "ä".repeat(length / 2) + &"x".repeat(length % 2);
            let short = Short::new(&text);
            assert_eq!(short.as_str(), text);
            assert_eq!(short.clone(), short);
        }
        assert_eq!(size_of::<Option<Short>>(), 24);
        assert!(Short::new("b") > Short::new("ab") && Short::new("a") < Short::new("ab"));
    }
}
