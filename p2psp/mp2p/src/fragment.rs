//! Fragments of a content (TR 20002 §7.8.3; "chunks" of RFC 7574), and the tree that their hashes
//! are leaves of.
//!
//! ```text
//!              content id = BLAKE3 of the whole, what `b3sum` prints
//!            /                    \
//!           ·                      \
//!       /       \                   \
//!  fragment 0   fragment 1     fragment 2 (shorter)      hash: the chaining value of its subtree
//! ```
//!
//! A fragment is a power of two long and so a subtree of BLAKE3 ("BLAKE3: one function, fast
//! everywhere", §2.1): each is checked as it comes, and the flat list of hashes folds to the name of
//! the content without any of its bytes.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{ContentId, IdError};

/// Shortest fragments, bytes.
pub const MIN_FRAGMENT_BYTES: u32 = 16 << 10;
/// Longest fragments, bytes.
pub const MAX_FRAGMENT_BYTES: u32 = 16 << 20;
/// Most fragments of a content: their hashes fit into a signed object. With the longest fragments
/// that is 1 TiB.
pub const MAX_FRAGMENTS: u32 = 1 << 16;
/// Below 64 MiB, fragments of 128 KiB: what a link between networks brings can be passed on the
/// sooner.
const SMALL: (u64, u32) = (64 << 20, 128 << 10);
/// Above 8 GiB, fragments of 4 MiB.
const LARGE: (u64, u32) = (8 << 30, 4 << 20);
/// Else fragments of 1 MiB.
const MEDIUM_FRAGMENT: u32 = 1 << 20;

/// How a content is cut.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Cut {
    size: u64,
    fragment_size: u32,
}

/// A content cannot be cut so.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CutError {
    /// No bytes, no fragments.
    #[error("a content of no bytes has no fragments")]
    Empty,
    /// Not a power of two from 16 KiB to 16 MiB.
    #[error("{0} bytes are no fragment size: a power of two from 16 KiB to 16 MiB is")]
    FragmentSize(u32),
    /// More than [`MAX_FRAGMENTS`].
    #[error("{size} bytes in fragments of {fragment_size} are more than {MAX_FRAGMENTS} fragments")]
    TooMany {
        /// Of the content, bytes.
        size: u64,
        /// Of a fragment, bytes.
        fragment_size: u32,
    },
}

impl Cut {
    /// `size` bytes in fragments of `fragment_size`.
    ///
    /// # Errors
    /// [`CutError`].
    pub fn new(size: u64, fragment_size: u32) -> Result<Self, CutError> {
        let range = MIN_FRAGMENT_BYTES..=MAX_FRAGMENT_BYTES;
        if !fragment_size.is_power_of_two() || !range.contains(&fragment_size) {
            return Err(CutError::FragmentSize(fragment_size));
        }
        match size.div_ceil(fragment_size.into()) {
            0 => Err(CutError::Empty),
            count if count > u64::from(MAX_FRAGMENTS) => {
                Err(CutError::TooMany { size, fragment_size })
            }
            _ => Ok(Self { size, fragment_size }),
        }
    }

    /// `size` bytes in fragments as long as is usual for such a size.
    ///
    /// # Errors
    /// There are none, or too many.
    pub fn usual(size: u64) -> Result<Self, CutError> {
        let usual = match size {
            size if size < SMALL.0 => SMALL.1,
            size if size > LARGE.0 => LARGE.1,
            _ => MEDIUM_FRAGMENT,
        };
        match Self::new(size, usual) {
            Err(CutError::TooMany { .. }) => Self::new(size, MAX_FRAGMENT_BYTES),
            cut => cut,
        }
    }

    /// Of the content, bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Of each fragment but the last, bytes.
    #[must_use]
    pub const fn fragment_size(&self) -> u32 {
        self.fragment_size
    }

    /// How many fragments there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.size.div_ceil(self.fragment_size.into())).unwrap_or(MAX_FRAGMENTS)
    }

    /// Where a fragment begins, bytes from the start of the content; `None` where there is no such
    /// fragment.
    #[must_use]
    pub fn offset(&self, fragment: u32) -> Option<u64> {
        (fragment < self.count()).then(|| u64::from(fragment) * u64::from(self.fragment_size))
    }

    /// How long a fragment is, bytes.
    #[must_use]
    pub fn length(&self, fragment: u32) -> Option<u32> {
        let rest = self.size - self.offset(fragment)?;
        Some(u32::try_from(rest).map_or(self.fragment_size, |rest| rest.min(self.fragment_size)))
    }

    /// The hash of a whole fragment; `None` where `bytes` are not as many as it has.
    #[must_use]
    pub fn hash(&self, fragment: u32, bytes: &[u8]) -> Option<FragmentHash> {
        let mut hasher = self.hasher(fragment)?;
        hasher.update(bytes);
        hasher.finish()
    }

    /// To hash a fragment while it comes.
    #[must_use]
    pub fn hasher(&self, fragment: u32) -> Option<FragmentHasher> {
        let mut inner = Box::new(blake3::Hasher::new());
        inner.set_input_offset(self.offset(fragment)?);
        let missing = self.length(fragment)?;
        Some(FragmentHasher { inner, missing: Some(missing), is_root: self.count() == 1 })
    }

    /// The content that has fragments of these hashes; `None` where they are not as many.
    #[must_use]
    pub fn content_id(&self, hashes: &[FragmentHash]) -> Option<ContentId> {
        if u32::try_from(hashes.len()).ok() != Some(self.count()) {
            return None;
        }
        let root = match hashes {
            [root] => root.0,
            hashes => {
                let (left, right) = halves(hashes);
                *merge_subtrees_root(&fold(left), &fold(right), Mode::Hash).as_bytes()
            }
        };
        Some(ContentId::of_digest(&root))
    }
}

/// Chaining value of a subtree; its depth is that of the list, at most 16.
fn fold(hashes: &[FragmentHash]) -> [u8; 32] {
    match hashes {
        [one] => one.0,
        hashes => {
            let (left, right) = halves(hashes);
            merge_subtrees_non_root(&fold(left), &fold(right), Mode::Hash)
        }
    }
}

/// The left subtree is complete and at least as large as the right one.
fn halves(hashes: &[FragmentHash]) -> (&[FragmentHash], &[FragmentHash]) {
    hashes.split_at(hashes.len().div_ceil(2).next_power_of_two().min(hashes.len()))
}

/// Hashes one fragment, slice by slice.
#[derive(Clone, Debug)]
pub struct FragmentHasher {
    inner: Box<blake3::Hasher>,
    /// Bytes to come; `None` after too many.
    missing: Option<u32>,
    is_root: bool,
}

impl FragmentHasher {
    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let taken = u32::try_from(bytes.len()).ok();
        self.missing = self.missing.zip(taken).and_then(|(left, taken)| left.checked_sub(taken));
        if self.missing.is_some() {
            self.inner.update(bytes);
        }
    }

    /// The hash; `None` where the bytes were too few or too many.
    #[must_use]
    pub fn finish(self) -> Option<FragmentHash> {
        match (self.missing, self.is_root) {
            (Some(0), true) => Some(FragmentHash(*self.inner.finalize().as_bytes())),
            (Some(0), false) => Some(FragmentHash(self.inner.finalize_non_root())),
            _ => None,
        }
    }
}

/// The hash of a fragment: BLAKE3 chaining value of its subtree, or the hash of the whole where it
/// is the only one. 64 lower-case hex digits in text.
#[derive(Copy, Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FragmentHash(pub [u8; 32]);

impl fmt::Display for FragmentHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for FragmentHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "FragmentHash({self})")
    }
}

impl FromStr for FragmentHash {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        // The one form of digests.
        let text = ContentId::parse(text)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_str().as_bytes().chunks_exact(2)) {
            let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default();
            *byte = u8::try_from(digit(pair[0]) * 16 + digit(pair[1])).unwrap_or_default();
        }
        Ok(Self(bytes))
    }
}

impl JsonSchema for FragmentHash {
    fn schema_name() -> Cow<'static, str> {
        "FragmentHash".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "A fragment: the chaining value of its subtree of the content's BLAKE3 \
                tree, 64 lower-case hex digits; where it is the only one, the content's id.",
        })
    }
}

impl Serialize for FragmentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FragmentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
