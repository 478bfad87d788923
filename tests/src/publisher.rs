//! What a peer publishes: index files, signed with the key of its certificate.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mp2p::fragment::{Cut, MIN_FRAGMENT_BYTES};
use mp2p::id::OverlayId;
use mp2p::index_file::{About, FileEntry, IndexFile};
use mp2p::message::bound::Text;
use mp2p::signed::SigningKey;
use serde_json::{Value, json};

use crate::p2psp::Peer;

/// A content, as its publisher says.
pub struct Publication<'a> {
    /// Where it is exchanged.
    pub overlay: &'a str,
    /// For people.
    pub title: &'a str,
    /// Of the registration.
    pub version: u64,
    /// All of it, cut into the shortest fragments.
    pub bytes: &'a [u8],
}

/// The private key of a peer's certificate.
///
/// # Errors
/// The file cannot be read.
pub fn key(peer: &Peer) -> anyhow::Result<SigningKey> {
    let pem = std::fs::read_to_string(peer.file("client-key.pem"))?;
    let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    SigningKey::from_pkcs8(&STANDARD.decode(lines)?).context("client-key.pem")
}

impl Publication<'_> {
    /// The index file that `peer` makes of it.
    ///
    /// # Errors
    /// It has no bytes, or the peer no key.
    pub fn index_file(&self, peer: &Peer) -> anyhow::Result<IndexFile> {
        let size = u64::try_from(self.bytes.len())?;
        let cut = Cut::new(size, MIN_FRAGMENT_BYTES)?;
        let parts = self.bytes.chunks(usize::try_from(MIN_FRAGMENT_BYTES)?);
        let hashes = (0..).zip(parts).map(|(index, part)| cut.hash(index, part));
        let hashes = hashes.collect::<Option<Vec<_>>>().context("fragments of another length")?;
        let about = About {
            version: self.version,
            overlay_id: OverlayId::parse(self.overlay)?,
            title: Text::new(self.title)?,
            description: Text::default(),
            rights: None,
            issued: 0,
        };
        let file = FileEntry { path: Text::new("file")?, size };
        Ok(IndexFile::build(about, vec![file], cut, hashes, &key(peer)?)?)
    }

    /// The body of its registration by `peer`.
    ///
    /// # Errors
    /// As for [`Publication::index_file`].
    pub fn registration(&self, peer: &Peer) -> anyhow::Result<Value> {
        Ok(json!({"index-file": self.index_file(peer)?.seal(&key(peer)?)?}))
    }
}
