//! Whose certificate may name whom.
//!
//! ```text
//!  leaf ─► SPIFFE name? ─yes─► the party of that trust domain ─► its bundle, its CRL ─► Identity
//!               │no
//!               ├─► fingerprint pinned by a partner? ─► dates, that partner's CRL ─► Partner
//!               └─► SAN listed by a partner? ─► that partner's bundle, its CRL ─► Partner
//! ```
//!
//! One bundle per trust domain, chosen by the name's domain (SPIFFE X.509-SVID §5), so that a
//! partner's authority can name nobody but its own.

mod anchors;
mod files;
mod leaf;
mod party;
mod store;
mod verifier;

use std::path::PathBuf;

use rustls_pki_types::UnixTime;

pub(crate) use crate::trust::anchors::{Anchors, Revocation};
pub use crate::trust::files::FileError;
pub(crate) use crate::trust::files::{certificates, private_key};
pub(crate) use crate::trust::leaf::{Leaf, Refusal};
use crate::trust::party::Party;
pub(crate) use crate::trust::party::fingerprint;
pub use crate::trust::store::Trust;
pub(crate) use crate::trust::verifier::ClientVerifier;

/// Intermediate certificates that a chain may have between leaf and bundle, where nobody says
/// otherwise.
pub const MAX_INTERMEDIATES: usize = 3;

/// Takes a client's certificate (DER) apart, as is done before anybody vouches for it.
#[cfg(fuzzing)]
pub fn read_leaf(der: &[u8]) {
    let _read = Leaf::parse(&der.into());
}

/// Whom to trust: the own organisation and its partners.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustSettings {
    /// The own trust domain.
    pub own: TrustDomain,
    /// Those with whom there is a bilateral agreement (TR 20002 §7.2.1).
    pub partners: Vec<PartnerTrust>,
    /// Intermediate certificates that a chain may have between leaf and bundle; see
    /// [`MAX_INTERMEDIATES`].
    pub max_intermediates: usize,
}

/// A trust domain and the files that prove membership.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustDomain {
    /// Its name, as in `spiffe://<name>/…`.
    pub name: String,
    /// CA certificates, PEM.
    pub bundle: PathBuf,
    /// Revocation lists, PEM or DER, complete and one per issuing CA; `None` switches the check
    /// off.
    pub crl: Option<PathBuf>,
}

/// How a partner's certificates are recognised.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PartnerTrust {
    /// The partner's name in settings and logs.
    pub name: String,
    /// Its trust domain, where its certificates carry SPIFFE names; needs a bundle.
    pub trust_domain: Option<String>,
    /// CA certificates, PEM.
    pub bundle: Option<PathBuf>,
    /// Revocation lists, PEM or DER; `None` switches the check off.
    pub crl: Option<PathBuf>,
    /// Subject alternative names (DNS name, mail address, URI or IP address) of certificates
    /// without SPIFFE name that verify under this bundle.
    pub san: Vec<String>,
    /// SHA-256 of single certificates without SPIFFE name: hex in any case, colons allowed.
    pub fingerprint: Vec<String>,
}

impl PartnerTrust {
    /// Reads its files as a server would, and keeps nothing.
    ///
    /// # Errors
    /// What would bar the partner.
    pub fn check(&self, max_intermediates: usize) -> Result<(), TrustError> {
        Party::partner(self, max_intermediates, UnixTime::now(), None).map(|_| ())
    }
}

/// Why trust could not be set up. With [`Trust::reload`] the part that failed stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file cannot be read or holds something else.
    #[error(transparent)]
    File(#[from] FileError),
    /// No certificate of a bundle is valid now.
    #[error("{}: no CA certificate in it is valid today", .0.display())]
    NoValidAnchor(PathBuf),
    /// A revocation list that is older than the one in use, and lapsed.
    #[error("{}: the revocation list lapsed and the one in use is newer", .0.display())]
    StaleList(PathBuf),
    /// A revocation list that does not cover all certificates of its issuer.
    #[error("{}: the revocation list is partitioned (RFC 5280 §5.2.5), give a complete one",
        .0.display())]
    PartialList(PathBuf),
    /// The verifier refuses the material.
    #[error("{}: {reason}", .path.display())]
    Material {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The settings contradict themselves.
    #[error("partner `{partner}`: {reason}")]
    Settings {
        /// Whose entry.
        partner: String,
        /// What is wrong.
        reason: String,
    },
}
