//! The list in memory.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mp2p::denylist::{DenylistPage, PageCheck, PageError};
use mp2p::fragment::FragmentHash;
use mp2p::index_file::IndexFile;
use mp2p::message::content::{Denied, DeniedKind, MAX_DIGESTS, SignedDenylist};
use mp2p::signed::{KeyError, VerifyingKey};

use crate::denylist::pages::Pages;

/// Digests that are kept at most.
const MAX_DENIED: usize = 2_000_000;

/// What is forbidden.
#[derive(Debug)]
pub struct Denylist {
    issuer: String,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    pages: Pages,
    key: Option<VerifyingKey>,
    /// The last change that is known.
    seq: u64,
    /// The page that may grow begins after this change.
    open_after: u64,
    denied: HashSet<(DeniedKind, [u8; 32])>,
}

/// A page is not taken over.
#[derive(Debug, thiserror::Error)]
pub enum DenylistError {
    /// Forged, old, or another provider's.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The key is none.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Another key than the one that is known.
    #[error("the list is signed with another key than before")]
    OtherKey,
    /// More than can be kept.
    #[error("{MAX_DENIED} digests are forbidden, and no more are kept")]
    Full,
    /// The disk.
    #[error("the list cannot be kept: {0}")]
    Io(#[from] std::io::Error),
}

impl Denylist {
    /// What is kept in `folder` of the provider with the trust domain `issuer`. Pages that cannot
    /// be read are fetched again.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(folder: &Path, issuer: &str, now: u64) -> std::io::Result<Self> {
        let pages = Pages::open(folder)?;
        let key = pages.key().and_then(|text| VerifyingKey::parse(&text).ok());
        let denied = HashSet::new();
        let mut inner = Inner { pages, key, seq: 0, open_after: 0, denied };
        while let Some(text) = inner.pages.read(inner.seq) {
            if let Err(error) = inner.apply(&text, inner.seq, issuer, now) {
                tracing::warn!(%error, "a kept page of the denylist is fetched again");
                inner.pages.forget(inner.seq);
                break;
            }
        }
        Ok(Self { issuer: issuer.to_owned(), inner: Mutex::new(inner) })
    }

    /// The last change that is known; 0: none.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.lock().seq
    }

    /// The change after which the page begins that may have grown.
    #[must_use]
    pub fn open_after(&self) -> u64 {
        self.lock().open_after
    }

    /// What is new in an answer of IXS to a question for changes after `after`: their count.
    ///
    /// # Errors
    /// [`DenylistError`]; the list stays as it was.
    pub fn look(
        &self,
        answer: &SignedDenylist,
        after: u64,
        now: u64,
    ) -> Result<usize, DenylistError> {
        let inner = self.lock();
        let key = inner.key_of(answer)?;
        let check = PageCheck { issuer: &self.issuer, after, now };
        Ok(DenylistPage::open(&answer.page, &key, &check)?.digests.len())
    }

    /// Takes a page over that begins after [`Denylist::open_after`]; whether more may follow.
    ///
    /// # Errors
    /// [`DenylistError`]; the list stays as it was.
    pub fn take(&self, answer: &SignedDenylist, now: u64) -> Result<bool, DenylistError> {
        let mut inner = self.lock();
        let key = inner.key_of(answer)?;
        let after = inner.open_after;
        let check = PageCheck { issuer: &self.issuer, after, now };
        // Checked before anything is written.
        DenylistPage::open(&answer.page, &key, &check)?;
        if inner.key.is_none() {
            inner.pages.keep_key(&answer.key)?;
            inner.key = Some(key);
        }
        inner.pages.keep(after, &answer.page)?;
        inner.apply(&answer.page, after, &self.issuer, now)
    }

    /// Why a content is refused: it, or one of its fragments, is on the list.
    #[must_use]
    pub fn refusal(&self, index: &IndexFile) -> Option<String> {
        let inner = self.lock();
        let content = index.content_id.as_str();
        if inner.has(DeniedKind::Content, content.parse::<FragmentHash>().ok()?) {
            return Some(format!("the content {content} is forbidden by the provider's denylist"));
        }
        let (at, hash) = index
            .fragments
            .0
            .iter()
            .enumerate()
            .find(|(_, hash)| inner.has(DeniedKind::Fragment, **hash))?;
        Some(format!("its fragment {at} ({hash}) is forbidden by the provider's denylist"))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The key to check an answer with: the one that is known, else the one that it brings.
    fn key_of(&self, answer: &SignedDenylist) -> Result<VerifyingKey, DenylistError> {
        let brought = VerifyingKey::parse(&answer.key)?;
        match &self.key {
            Some(known) if *known != brought => Err(DenylistError::OtherKey),
            _ => Ok(brought),
        }
    }

    fn has(&self, kind: DeniedKind, hash: FragmentHash) -> bool {
        self.denied.contains(&(kind, hash.0))
    }

    /// Takes the changes of a page over; whether more may follow.
    fn apply(
        &mut self,
        text: &str,
        after: u64,
        issuer: &str,
        now: u64,
    ) -> Result<bool, DenylistError> {
        let key = self.key.as_ref().ok_or(DenylistError::OtherKey)?;
        let page = DenylistPage::open(text, key, &PageCheck { issuer, after, now })?;
        for Denied { digest, kind, denied } in page.digests.iter() {
            let Ok(hash) = digest.as_str().parse::<FragmentHash>() else { continue };
            match denied {
                false => drop(self.denied.remove(&(*kind, hash.0))),
                true if self.denied.len() >= MAX_DENIED => return Err(DenylistError::Full),
                true => drop(self.denied.insert((*kind, hash.0))),
            }
        }
        self.seq = self.seq.max(page.seq);
        let is_full = page.digests.len() >= MAX_DIGESTS;
        self.open_after = if is_full { page.seq } else { after };
        Ok(is_full)
    }
}

#[cfg(test)]
mod tests {
    use mp2p::id::ContentId;
    use mp2p::message::bound::{List, Text};
    use mp2p::signed::SigningKey;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn key() -> SigningKey {
        SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap()
    }

    fn page(
        key: &SigningKey,
        (after, seq): (u64, u64),
        digests: &[(&str, bool)],
    ) -> SignedDenylist {
        let denied = |(digit, denied): &(&str, bool)| Denied {
            digest: ContentId::parse(&digit.repeat(64)).unwrap(),
            kind: DeniedKind::Fragment,
            denied: *denied,
        };
        let digests = List::new(digests.iter().map(denied).collect()).unwrap();
        let page = DenylistPage { iss: "p".into(), iat: NOW, after, seq, digests };
        SignedDenylist {
            page: Text::new(page.seal(key).unwrap()).unwrap(),
            key: key.verifying().unwrap().to_text(),
        }
    }

    fn has(list: &Denylist, digit: &str) -> bool {
        let hash = digit.repeat(64).parse().unwrap();
        list.lock().has(DeniedKind::Fragment, hash)
    }

    #[test]
    fn pages_are_kept_over_a_restart_and_a_page_grows_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let (key, open) = (key(), || Denylist::open(folder.path(), "p", NOW).unwrap());
        let list = open();
        list.take(&page(&key, (0, 1), &[("a", true)]), NOW).unwrap();
        assert_eq!(list.look(&page(&key, (1, 1), &[]), 1, NOW).unwrap(), 0);
        list.take(&page(&key, (0, 3), &[("a", true), ("b", true)]), NOW).unwrap();
        let list = open();
        assert!(has(&list, "a") && has(&list, "b"));
        assert_eq!((list.seq(), list.open_after()), (3, 0));
        list.take(&page(&key, (0, 4), &[("a", false), ("b", true)]), NOW).unwrap();
        assert!(!has(&open(), "a") && has(&open(), "b"));
    }

    #[test]
    fn a_page_of_another_key_or_changed_on_the_disk_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (key, open) = (key(), || Denylist::open(folder.path(), "p", NOW).unwrap());
        open().take(&page(&key, (0, 1), &[("a", true)]), NOW).unwrap();
        let forged = open().take(&page(&self::key(), (0, 2), &[("b", true)]), NOW);
        assert!(matches!(forged, Err(DenylistError::OtherKey)), "{forged:?}");
        let file = folder.path().join("0.jws");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace('.', "A.")).unwrap();
        let list = open();
        assert!(!has(&list, "a"));
        assert_eq!(list.seq(), 0);
        list.take(&page(&key, (0, 1), &[("a", true)]), NOW).unwrap();
        assert!(has(&open(), "a"));
    }
}
