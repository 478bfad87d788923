//! A page of what is forbidden, signed by IXS (Req-Content-020), so that a peer can keep it, and
//! whoever passes it on changes nothing in it.
//!
//! Pages form a chain: each says after which change it begins, and which is its last.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::bound::List;
use crate::message::content::{Denied, MAX_DIGESTS};
use crate::signed::{self, Kind, SignedError, SigningKey, VerifyingKey};

/// How far two clocks may be apart, seconds.
const LEEWAY_S: u64 = 300;

/// Changes to the list, the oldest first.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DenylistPage {
    /// The trust domain of who issued it.
    pub iss: String,
    /// Issued at, Unix seconds.
    pub iat: u64,
    /// The change that it begins after; 0: the first.
    pub after: u64,
    /// The number of its last change.
    pub seq: u64,
    /// The changes; as many as a page takes mean that there may be more.
    pub digests: List<Denied, MAX_DIGESTS>,
}

/// What a page is checked against.
#[derive(Clone, Debug)]
pub struct PageCheck<'a> {
    /// The trust domain of the provider.
    pub issuer: &'a str,
    /// The last change that is known.
    pub after: u64,
    /// Unix seconds.
    pub now: u64,
}

/// A page that is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Forged or damaged.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// Somebody else's.
    #[error("the list is of {0}")]
    Issuer(String),
    /// A page is missing in between, or it is an old one.
    #[error("the page has changes {after} to {seq}, and {known} is known")]
    Gap {
        /// It begins after this change.
        after: u64,
        /// Its last one.
        seq: u64,
        /// The last that is known.
        known: u64,
    },
    /// From the future.
    #[error("the page is of {iat}, now is {now}")]
    Time {
        /// Unix seconds.
        iat: u64,
        /// Unix seconds.
        now: u64,
    },
}

impl DenylistPage {
    /// Signs it with the key of IXS.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn seal(&self, key: &SigningKey) -> Result<String, SignedError> {
        signed::seal(Kind::Denylist, self, key)
    }

    /// Opens a page and checks that it goes on where the known ones end.
    ///
    /// # Errors
    /// [`PageError`].
    pub fn open(text: &str, key: &VerifyingKey, check: &PageCheck<'_>) -> Result<Self, PageError> {
        let page: Self = signed::open(Kind::Denylist, text, key)?;
        if page.iss != check.issuer {
            return Err(PageError::Issuer(page.iss));
        }
        if page.after != check.after || page.seq < page.after {
            let (after, seq) = (page.after, page.seq);
            return Err(PageError::Gap { after, seq, known: check.after });
        }
        if page.iat > check.now.saturating_add(LEEWAY_S) {
            return Err(PageError::Time { iat: page.iat, now: check.now });
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap()
    }

    #[test]
    fn a_page_goes_on_where_the_known_ones_end_and_is_of_the_provider() {
        let key = key();
        let page = DenylistPage {
            iss: "p.example".into(),
            iat: 1000,
            after: 4,
            seq: 7,
            digests: List::default(),
        };
        let text = page.seal(&key).unwrap();
        let good = PageCheck { issuer: "p.example", after: 4, now: 700 };
        let open =
            |check: &PageCheck<'_>| DenylistPage::open(&text, &key.verifying().unwrap(), check);
        assert_eq!(open(&good).unwrap(), page);
        let gap = open(&PageCheck { after: 3, ..good.clone() });
        assert!(matches!(gap, Err(PageError::Gap { known: 3, .. })));
        let other = open(&PageCheck { issuer: "q.example", ..good.clone() });
        assert!(matches!(other, Err(PageError::Issuer(_))));
        assert!(matches!(open(&PageCheck { now: 699, ..good }), Err(PageError::Time { .. })));
        let forged = DenylistPage::open(
            &text,
            &self::key().verifying().unwrap(),
            &PageCheck { issuer: "p.example", after: 4, now: 1000 },
        );
        assert!(matches!(forged, Err(PageError::Signed(SignedError::Signature))));
    }
}
