//! The own certificate and key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::sign::CertifiedKey;
use rustls_pki_types::UnixTime;

use crate::crypto::{self, provider};
use crate::identity::SpiffeName;
use crate::trust::{FileError, Leaf, certificates, private_key};

/// Why a certificate and its key are of no use together.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// A file cannot be read or holds something else.
    #[error(transparent)]
    File(#[from] FileError),
    /// The key does not belong to the certificate, or neither can be used.
    #[error("{} with {}: {source}", .certificate.display(), .key.display())]
    Mismatch {
        /// The certificate chain.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
        /// What the library says.
        source: rustls::Error,
    },
    /// Today lies outside the certificate's dates, or its key is of another kind than it may be.
    #[error("{}: {}", .certificate.display(), crypto::told(.reason))]
    Certificate {
        /// The certificate chain.
        certificate: PathBuf,
        /// What is wrong.
        reason: rustls::CertificateError,
    },
}

/// A certificate chain, leaf first, with its key.
#[derive(Clone, Debug)]
pub(crate) struct Material {
    pub(crate) certified: Arc<CertifiedKey>,
    /// The SPIFFE name, where there is one.
    pub(crate) name: Option<SpiffeName>,
    /// Unix seconds.
    pub(crate) not_before: i64,
    /// Unix seconds.
    pub(crate) not_after: i64,
}

impl Material {
    /// [`Material::load`] for a server, whose every handshake signs with the key: what it asks of
    /// its clients' keys holds for its own.
    pub(crate) fn load_to_serve(
        certificate: &Path,
        key: &Path,
        now: UnixTime,
    ) -> Result<Self, MaterialError> {
        let material = Self::load(certificate, key, now)?;
        let leaf = material
            .certified
            .end_entity_cert()
            .map_or(Ok(()), |leaf| Leaf::parse(leaf).and_then(|leaf| leaf.check_key()));
        leaf.map_err(|reason| MaterialError::Certificate {
            certificate: certificate.to_owned(),
            reason,
        })?;
        Ok(material)
    }

    /// Reads both files; the key must be the certificate's, today within its dates.
    pub(crate) fn load(
        certificate: &Path,
        key: &Path,
        now: UnixTime,
    ) -> Result<Self, MaterialError> {
        let mismatch = |source| MaterialError::Mismatch {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            source,
        };
        let chain = certificates(certificate)?;
        let leaf = Leaf::parse(&chain[0]).map_err(|error| mismatch(error.into()))?;
        leaf.check_dates(now).map_err(|reason| MaterialError::Certificate {
            certificate: certificate.to_owned(),
            reason,
        })?;
        let certified =
            CertifiedKey::from_der(chain, private_key(key)?, &provider()).map_err(mismatch)?;
        let (not_before, not_after) = (leaf.not_before, leaf.not_after);
        Ok(Self { certified: Arc::new(certified), name: leaf.spiffe, not_before, not_after })
    }
}
