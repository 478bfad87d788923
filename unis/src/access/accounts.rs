//! Partners' Digest accounts, from the settings and the files that these name (RFC 7616 §3.4.2).

use std::path::{Path, PathBuf};

use link::digest::{Account, AccountError, Ha1};

use crate::settings::{PartnerSettings, Settings};

/// Largest file of hashes: thousands of lines.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Why an account cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The file cannot be read.
    #[error("partner {partner:?}: {path}: {source}")]
    Read {
        /// Whose.
        partner: String,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not have the hash.
    #[error("partner {partner:?}: {path}: {source}")]
    Content {
        /// Whose.
        partner: String,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: AccountError,
    },
}

impl AccountsError {
    /// Whose account it is.
    #[must_use]
    pub fn partner(&self) -> &str {
        let (Self::Read { partner, .. } | Self::Content { partner, .. }) = self;
        partner
    }
}

/// The accounts of all partners that have one; those that cannot be had come with the reason.
#[must_use]
pub fn read(settings: &Settings) -> Vec<Result<Account, AccountsError>> {
    settings.partner.iter().filter_map(|partner| of(partner, &settings.digest.realm)).collect()
}

/// The files that [`read`] reads.
pub fn files(settings: &Settings) -> impl Iterator<Item = &Path> {
    let accounts = settings.partner.iter().filter_map(|partner| partner.digest.as_ref());
    accounts.map(|digest| digest.ha1_file.as_path())
}

fn of(partner: &PartnerSettings, realm: &str) -> Option<Result<Account, AccountsError>> {
    let digest = partner.digest.as_ref()?;
    let (user, path) = (digest.user.clone(), digest.ha1_file.clone());
    let name = || partner.name.clone();
    let account = link::regular::read_text(&path, MAX_FILE_BYTES)
        .map_err(|source| AccountsError::Read { partner: name(), path: path.clone(), source })
        .and_then(|lines| {
            let found = Ha1::find(&lines, &user, realm);
            found.map_err(|source| AccountsError::Content { partner: name(), path, source })
        })
        .map(|ha1| Account { user, ha1, partner: name() });
    Some(account)
}
