//! A bundle of CA certificates with its revocation lists, and the chain check over both.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, OtherError, RootCertStore};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate, X509Name};

use crate::crypto::provider;
use crate::identity::hex;
use crate::trust::{TrustError, files};

/// issuingDistributionPoint (RFC 5280 §5.2.5), DER content of the OID 2.5.29.28.
const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 0x1c];

/// Bytes of a fingerprint that are enough to tell the CA certificates of a bundle apart.
const FINGERPRINT_SHOWN: usize = 8;

/// What one trust domain's chains are checked against.
#[derive(Clone, Debug)]
pub(crate) struct Anchors {
    clients: Arc<dyn ClientCertVerifier>,
    servers: Arc<dyn ServerCertVerifier>,
    /// Fingerprint of each CA certificate, cut short, and its end, Unix seconds.
    ends: Vec<(String, i64)>,
    /// Certificates that a chain may have between leaf and bundle.
    max_intermediates: usize,
}

/// The revocation lists of one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Revocation {
    lists: Vec<CertificateRevocationListDer<'static>>,
    /// When the first of them lapses, Unix seconds; `None` without lists.
    next_update: Option<i64>,
}

/// Why a chain is not looked at.
#[derive(Debug, thiserror::Error)]
#[error("{found} certificates between leaf and bundle, {most} are taken")]
struct LongChain {
    found: usize,
    most: usize,
}

impl Anchors {
    /// Reads and checks a bundle and its revocation lists; chains may be of `max_intermediates`.
    pub(crate) fn load(
        bundle: &Path,
        revocation: &Revocation,
        max_intermediates: usize,
        now: UnixTime,
    ) -> Result<Self, TrustError> {
        let (roots, ends) = valid_roots(bundle, revocation, now)?;
        let roots = Arc::new(roots);
        let failed = |error: rustls::server::VerifierBuilderError| TrustError::Material {
            path: bundle.to_owned(),
            reason: error.to_string(),
        };
        let lists = || revocation.lists.iter().cloned();
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider())
            .clear_root_hint_subjects()
            .with_crls(lists())
            .enforce_revocation_expiration()
            .build()
            .map_err(failed)?;
        let servers = WebPkiServerVerifier::builder_with_provider(roots, provider())
            .with_crls(lists())
            .enforce_revocation_expiration()
            .build()
            .map_err(failed)?;
        Ok(Self { clients, servers, ends, max_intermediates })
    }

    /// Fingerprint and end of each CA certificate.
    pub(crate) fn ends(&self) -> &[(String, i64)] {
        &self.ends
    }

    /// Checks a client's chain: signatures, dates, purpose, revocation.
    pub(crate) fn verify_client(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        self.check_length(intermediates)?;
        self.clients.verify_client_cert(leaf, intermediates, now).map(|_verified| ())
    }

    /// The same of a server, and its DNS name or address (RFC 6125 §6).
    pub(crate) fn verify_server(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.check_length(intermediates)?;
        self.servers.verify_server_cert(leaf, intermediates, name, &[], now)
    }

    /// Before any signature is looked at.
    fn check_length(&self, intermediates: &[CertificateDer<'_>]) -> Result<(), CertificateError> {
        if intermediates.len() > self.max_intermediates {
            let long = LongChain { found: intermediates.len(), most: self.max_intermediates };
            return Err(CertificateError::Other(OtherError(Arc::new(long))));
        }
        Ok(())
    }
}

impl Revocation {
    /// Reads revocation lists; `in_use` are the ones that they are to replace.
    ///
    /// A lapsed list is taken where there is nothing newer: it then refuses every certificate,
    /// which is what a lapsed list means, and the other trust domains go on.
    pub(crate) fn load(
        path: &Path,
        now: UnixTime,
        in_use: Option<&Self>,
    ) -> Result<Self, TrustError> {
        let lists = files::revocation_lists(path)?;
        let mut next_update: Option<i64> = None;
        for list in &lists {
            let ends = end_of(list, path)?;
            next_update = Some(next_update.map_or(ends, |known| known.min(ends)));
        }
        let lapsed = next_update.is_some_and(|ends| ends <= seconds(now));
        if lapsed && in_use.is_some_and(|old| old.next_update > next_update) {
            return Err(TrustError::StaleList(path.to_owned()));
        }
        if lapsed {
            tracing::warn!(crl = %path.display(), "revocation list lapsed: refusing its domain");
        }
        Ok(Self { lists, next_update })
    }

    /// When the first of the lists lapses, Unix seconds.
    pub(crate) const fn next_update(&self) -> Option<i64> {
        self.next_update
    }

    /// Whether there are lists, and none is of this issuer: what it issued is refused then.
    fn leaves_out(&self, issuer: &X509Name<'_>) -> bool {
        let of_issuer = |list: &CertificateRevocationListDer<'_>| {
            let parsed = CertificateRevocationList::from_der(list);
            parsed.is_ok_and(|(_, list)| list.issuer().as_raw() == issuer.as_raw())
        };
        !self.lists.is_empty() && !self.lists.iter().any(of_issuer)
    }

    /// Whether the lists revoke a certificate that no chain vouches for (a pinned one).
    ///
    /// # Errors
    /// `ExpiredRevocationList` where its issuer's list lapsed.
    pub(crate) fn check_pinned(
        &self,
        issuer: &[u8],
        serial: &[u8],
        now: UnixTime,
    ) -> Result<(), rustls::CertificateError> {
        for list in &self.lists {
            let Ok((_, list)) = CertificateRevocationList::from_der(list) else { continue };
            if list.issuer().as_raw() != issuer {
                continue;
            }
            if list.next_update().is_none_or(|ends| ends.timestamp() <= seconds(now)) {
                return Err(rustls::CertificateError::ExpiredRevocationList);
            }
            if list.iter_revoked_certificates().any(|entry| entry.raw_serial() == serial) {
                return Err(rustls::CertificateError::Revoked);
            }
        }
        Ok(())
    }
}

/// Unix seconds, signed as certificates have them.
pub(crate) fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// What is said of a certificate that does not count.
const OUT_OF_DATE: &str = "CA certificate outside its dates, left out";
/// A bundle of more certificates is a system's, and not one that a party gave.
const PARTY_CERTIFICATES: usize = 16;

/// The bundle without certificates outside their dates: webpki takes an anchor's word for ever.
fn valid_roots(
    bundle: &Path,
    revocation: &Revocation,
    now: UnixTime,
) -> Result<(RootCertStore, Vec<(String, i64)>), TrustError> {
    let broken = |reason: String| TrustError::Material { path: bundle.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    let mut ends = Vec::new();
    let certificates = files::certificates(bundle)?;
    let is_of_a_party = certificates.len() <= PARTY_CERTIFICATES;
    for certificate in certificates {
        let (_, parsed) =
            X509Certificate::from_der(&certificate).map_err(|error| broken(error.to_string()))?;
        let validity = parsed.validity();
        let now = seconds(now);
        if validity.not_before.timestamp() > now || validity.not_after.timestamp() < now {
            let (bundle, subject) = (bundle.display(), parsed.subject());
            match is_of_a_party {
                true => tracing::warn!(%bundle, %subject, "{OUT_OF_DATE}"),
                // Of the many of a system some have always run out.
                false => tracing::info!(%bundle, %subject, "{OUT_OF_DATE}"),
            }
            continue;
        }
        if revocation.leaves_out(parsed.subject()) {
            let (bundle, subject) = (bundle.display(), parsed.subject());
            tracing::warn!(%bundle, %subject, "no revocation list of this CA: refusing what it issued");
        }
        roots.add(certificate.clone()).map_err(|error| broken(error.to_string()))?;
        let fingerprint = hex(&Sha256::digest(&certificate)[..FINGERPRINT_SHOWN]);
        ends.push((fingerprint, validity.not_after.timestamp()));
    }
    if roots.is_empty() {
        return Err(TrustError::NoValidAnchor(bundle.to_owned()));
    }
    Ok((roots, ends))
}

fn end_of(list: &CertificateRevocationListDer<'_>, path: &Path) -> Result<i64, TrustError> {
    let broken = |reason: String| TrustError::Material { path: path.to_owned(), reason };
    let (_, parsed) =
        CertificateRevocationList::from_der(list).map_err(|error| broken(error.to_string()))?;
    let partial =
        parsed.extensions().iter().any(|each| each.oid.as_bytes() == ISSUING_DISTRIBUTION_POINT);
    if partial {
        return Err(TrustError::PartialList(path.to_owned()));
    }
    let ends = parsed.next_update().map(|time| time.timestamp());
    ends.ok_or_else(|| broken("the revocation list has no nextUpdate".to_owned()))
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose,
        IsCa, KeyPair,
    };

    use super::*;
    use crate::trust::MAX_INTERMEDIATES;

    fn authority(number: usize) -> (CertificateParams, KeyPair) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("CA {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params, KeyPair::generate().unwrap())
    }

    #[test]
    fn a_chain_has_so_many_authorities_below_the_bundle_and_no_more() {
        let (params, key) = authority(0);
        let mut issuers = vec![CertifiedIssuer::self_signed(params, key).unwrap()];
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("ca.pem");
        std::fs::write(&bundle, issuers[0].pem()).unwrap();
        let now = UnixTime::now();
        let most = [0, 1, MAX_INTERMEDIATES]
            .map(|most| (most, Anchors::load(&bundle, &Revocation::default(), most, now).unwrap()));
        for below in 0..=4 {
            let issuer = issuers.last().unwrap();
            let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
            params.extended_key_usages =
                vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
            let leaf = params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap();
            let between: Vec<_> = issuers[1..].iter().rev().map(|ca| ca.der().clone()).collect();
            let name = ServerName::try_from("localhost").unwrap();
            for (most, anchors) in &most {
                let client = anchors.verify_client(leaf.der(), &between, now);
                let server = anchors.verify_server(leaf.der(), &between, &name, now);
                let is_in = below <= *most;
                assert_eq!((client.is_ok(), server.is_ok()), (is_in, is_in), "{below} of {most}");
            }
            let (params, key) = authority(below + 1);
            let next = CertifiedIssuer::signed_by(params, key, issuer).unwrap();
            issuers.push(next);
        }
    }
}
