//! The index file (X.609.7; X.609.9 `OVERLAY_CONTENT`, `FILES`, `HASHES`, `AUTH`): what a content
//! consists of, signed by who publishes it.
//!
//! ```text
//!  files, one after the other ─► fragments ─► hashes ─► content id       publisher ─► its key
//!        └───────────────────────────┴───────────┴─────────┴─ signed ───────┘
//! ```
//!
//! Whoever has opened one knows that all of it fits together: the hashes fold to the content's
//! name, the sizes to the number of hashes, the key to the publisher's name, and no path leads out
//! of the folder that the files are written to. A service (live, conversation) has no bytes; its
//! content is named by its overlay.

mod files;
mod hashes;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::index_file::files::{FileEntry, FilesError, MAX_FILES, MAX_PATH_BYTES};
pub use crate::index_file::hashes::Hashes;

use crate::fragment::{Cut, CutError, FragmentHash};
use crate::id::{ContentId, OverlayId, PeerId};
use crate::message::bound::{List, Text};
use crate::message::overlay::{MAX_DESCRIPTION_BYTES, MAX_TITLE_BYTES, ServiceKind};
use crate::signed::{
    ByPeer, Kind, MAX_SIGNED_BYTES, PeerKey, SignedError, SigningKey, open_own, seal_own,
};

/// Longest name of an owner of rights, bytes.
const MAX_OWNER_BYTES: usize = 256;
/// Countries that rights are told for at most.
const MAX_TERRITORIES: usize = 256;

/// What a content consists of, as it stands on the wire. [`IndexFile::open`] gives one that fits
/// together.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct IndexFile {
    /// Of the registration: a later one of the same publisher has a higher number.
    pub version: u64,
    /// Where the content is exchanged.
    pub overlay_id: OverlayId,
    /// BLAKE3 of the files, one after the other; of a service, of the text `service:` and the name
    /// of the overlay.
    pub content_id: ContentId,
    /// What it is: files, or a service without bytes.
    #[serde(rename = "type", default)]
    pub kind: ServiceKind,
    /// For people, and searched.
    pub title: Text<MAX_TITLE_BYTES>,
    /// For people, and searched.
    #[serde(default)]
    pub description: Text<MAX_DESCRIPTION_BYTES>,
    /// In the order of their bytes; none of a service.
    #[serde(default)]
    pub files: List<FileEntry, MAX_FILES>,
    /// Bytes of each fragment but the last, a power of two from 16 KiB to 16 MiB; 0 of a service.
    #[serde(default)]
    pub fragment_size: u32,
    /// How fragments are hashed.
    #[serde(default)]
    pub hash_alg: HashAlg,
    /// One for each fragment.
    #[serde(default)]
    pub fragments: Hashes,
    /// Who publishes it.
    pub publisher: PeerId,
    /// The publisher's key.
    pub publisher_key: PeerKey,
    /// When it was signed, Unix seconds.
    pub issued: u64,
    /// Whose it is, as the publisher says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<Rights>,
}

/// How fragments are hashed: one way so far.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HashAlg {
    /// Chaining values of BLAKE3.
    #[default]
    Blake3,
}

/// Whose a content is (X.609.9 `AUTH`).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rights {
    /// Who holds them.
    pub owner: Text<MAX_OWNER_BYTES>,
    /// Where they are granted: countries (ISO 3166-1 alpha-2); empty: everywhere.
    #[serde(default)]
    pub territory: List<Text<2>, MAX_TERRITORIES>,
}

/// What a publisher says of a content.
#[derive(Clone, Debug)]
pub struct About {
    /// Of the registration.
    pub version: u64,
    /// Where it is exchanged.
    pub overlay_id: OverlayId,
    /// Its title, by which people find it.
    pub title: Text<MAX_TITLE_BYTES>,
    /// More words about it, for people.
    pub description: Text<MAX_DESCRIPTION_BYTES>,
    /// Whose it is.
    pub rights: Option<Rights>,
    /// Unix seconds.
    pub issued: u64,
}

/// An index file that does not fit together.
#[derive(Debug, thiserror::Error)]
pub enum IndexFileError {
    /// Forged or damaged.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// Its files cannot be written as they are named.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Its size and that of its fragments disagree with the bounds.
    #[error(transparent)]
    Cut(#[from] CutError),
    /// Not one hash for each fragment.
    #[error("{hashes} hashes for {fragments} fragments")]
    Count {
        /// How many there are.
        hashes: usize,
        /// How many there should be.
        fragments: u32,
    },
    /// The hashes are those of another content.
    #[error("the content is {folded} by its hashes, not {named}")]
    OtherContent {
        /// By its hashes.
        folded: ContentId,
        /// By its name.
        named: ContentId,
    },
    /// A service has neither files nor fragments.
    #[error("a service has no files")]
    Service,
}

impl IndexFile {
    /// Of files whose fragments have these hashes, in order; `key` is the publisher's.
    ///
    /// # Errors
    /// [`IndexFileError`].
    pub fn build(
        about: About,
        files: Vec<FileEntry>,
        cut: Cut,
        hashes: Vec<FragmentHash>,
        key: &SigningKey,
    ) -> Result<Self, IndexFileError> {
        let count = IndexFileError::Count { hashes: hashes.len(), fragments: cut.count() };
        let content_id = cut.content_id(&hashes).ok_or(count)?;
        let (kind, fragment_size) = (ServiceKind::File, cut.fragment_size());
        let bare = Self { kind, fragment_size, ..Self::bare(about, content_id, key)? };
        let files = List::new(files).map_err(|_| FilesError::TooMany)?;
        let built = Self { files, fragments: Hashes(hashes), ..bare };
        built.check()?;
        Ok(built)
    }

    /// Of a service, which has no bytes.
    ///
    /// # Errors
    /// `kind` is that of files.
    pub fn service(
        about: About,
        kind: ServiceKind,
        key: &SigningKey,
    ) -> Result<Self, IndexFileError> {
        let content_id = service_id(&about.overlay_id);
        let built = Self { kind, ..Self::bare(about, content_id, key)? };
        built.check()?;
        Ok(built)
    }

    fn bare(about: About, content_id: ContentId, key: &SigningKey) -> Result<Self, SignedError> {
        let publisher_key = PeerKey::of(key)?;
        Ok(Self {
            version: about.version,
            overlay_id: about.overlay_id,
            content_id,
            kind: ServiceKind::File,
            title: about.title,
            description: about.description,
            files: List::default(),
            fragment_size: 0,
            hash_alg: HashAlg::Blake3,
            fragments: Hashes::default(),
            publisher: publisher_key.peer_id(),
            publisher_key,
            issued: about.issued,
            rights: about.rights,
        })
    }

    /// Signs it with the publisher's key.
    ///
    /// # Errors
    /// It is another's, or the text were longer than any is read.
    pub fn seal(&self, key: &SigningKey) -> Result<String, SignedError> {
        seal_own(self, key)
    }

    /// Opens an index file and checks that all of it fits together. Whether the publisher may
    /// publish, and this content, is for the caller to say.
    ///
    /// # Errors
    /// [`IndexFileError`].
    pub fn open(text: &str) -> Result<Self, IndexFileError> {
        let opened: Self = open_own(text)?;
        opened.check()?;
        Ok(opened)
    }

    /// How the content is cut; `None` of a service.
    #[must_use]
    pub fn cut(&self) -> Option<Cut> {
        Cut::new(self.size(), self.fragment_size).ok()
    }

    /// Length of the content, bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size))
    }

    fn check(&self) -> Result<(), IndexFileError> {
        if self.kind != ServiceKind::File {
            let is_bare = self.files.is_empty() && self.fragments.0.is_empty();
            let is_bare = is_bare && self.fragment_size == 0;
            return match is_bare {
                true => self.is_named(service_id(&self.overlay_id)),
                false => Err(IndexFileError::Service),
            };
        }
        files::check(&self.files)?;
        let cut = Cut::new(self.size(), self.fragment_size)?;
        let (hashes, fragments) = (self.fragments.0.len(), cut.count());
        let folded = cut.content_id(&self.fragments.0);
        self.is_named(folded.ok_or(IndexFileError::Count { hashes, fragments })?)
    }

    fn is_named(&self, folded: ContentId) -> Result<(), IndexFileError> {
        match folded == self.content_id {
            true => Ok(()),
            false => Err(IndexFileError::OtherContent { folded, named: self.content_id.clone() }),
        }
    }
}

impl ByPeer for IndexFile {
    const KIND: Kind = Kind::IndexFile;
    const MAX_BYTES: usize = MAX_SIGNED_BYTES;

    fn signer(&self) -> &PeerId {
        &self.publisher
    }

    fn key(&self) -> &PeerKey {
        &self.publisher_key
    }
}

/// The name of a service's content: BLAKE3 of `service:` and the overlay's name.
#[must_use]
pub fn service_id(overlay: &OverlayId) -> ContentId {
    ContentId::of_digest(blake3::hash(format!("service:{overlay}").as_bytes()).as_bytes())
}

#[cfg(test)]
mod tests;
