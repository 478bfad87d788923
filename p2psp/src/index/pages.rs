//! The list of what is forbidden in signed pages, for peers to keep.

use std::path::Path;
use std::sync::Arc;

use mp2p::denylist::DenylistPage;
use mp2p::message::bound::Text;
use mp2p::message::content::SignedDenylist;
use mp2p::signed::SigningKey;

use crate::database::DatabaseError;
use crate::index::Ixs;
use crate::passkeys::{PasskeysError, signing_key};

/// The key, PKCS #8 (DER).
const KEY_FILE: &str = "denylist-key.der";

/// Signs pages.
pub(crate) struct Pages {
    key: SigningKey,
    public: String,
    issuer: String,
}

impl Ixs {
    /// Signs pages with the key in `folder`, which is made where there is none, in the name of the
    /// trust domain `issuer`.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn signing(mut self, folder: &Path, issuer: &str) -> Result<Self, PasskeysError> {
        let (key, public) = signing_key(&folder.join(KEY_FILE))?;
        self.pages = Some(Arc::new(Pages { key, public, issuer: issuer.to_owned() }));
        Ok(self)
    }

    /// The page of changes after the number `after`, of `now` (Unix seconds); `None` where nothing
    /// can be signed.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn page(
        &self,
        after: u64,
        now: u64,
    ) -> Result<Option<SignedDenylist>, DatabaseError> {
        let Some(pages) = &self.pages else { return Ok(None) };
        let list = self.denylist(after).await?;
        let page = DenylistPage {
            iss: pages.issuer.clone(),
            iat: now,
            after,
            seq: list.seq,
            digests: list.digests,
        };
        let sealed = page.seal(&pages.key);
        let sealed = sealed.inspect_err(|error| tracing::error!(%error, "no page can be signed"));
        let page = sealed.ok().and_then(|text| Text::new(text).ok());
        Ok(page.map(|page| SignedDenylist { page, key: pages.public.clone() }))
    }
}
