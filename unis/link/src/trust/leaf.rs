//! What a certificate says about itself, before anybody vouches for it.

use std::net::IpAddr;

use rustls::{CertificateError, OtherError};
use rustls_pki_types::{CertificateDer, UnixTime};
use sha2::{Digest, Sha256};
use x509_parser::oid_registry::asn1_rs::oid;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};
use x509_parser::x509::AlgorithmIdentifier;

use crate::identity::{SpiffeError, SpiffeName};
use crate::trust::anchors::seconds;

/// Kinds of keys and curves, RFC 8410 §3, RFC 5480 §2.1.1, RFC 3279 §2.3.1.
const ED25519: &str = "1.3.101.112";
const EC: &str = "1.2.840.10045.2.1";
const P_256: &str = "1.2.840.10045.3.1.7";
const P_384: &str = "1.3.132.0.34";
const RSA: &str = "1.2.840.113549.1.1.1";
/// URI names of this scheme, in any case, are SPIFFE names or refused.
const SCHEME: &str = "spiffe:";

/// A parsed leaf certificate.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) spiffe: Option<SpiffeName>,
    pub(crate) names: Vec<AltName>,
    pub(crate) fingerprint: [u8; 32],
    pub(crate) key: [u8; 32],
    pub(crate) user: Option<String>,
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    /// What is wrong with the kind of its key, if anything is.
    other_key: Option<String>,
}

/// A subject alternative name that an operator can list.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum AltName {
    Text(String),
    Address(IpAddr),
}

/// Why a leaf is refused before any chain is looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the certificate has a SPIFFE name and {0} more URI names")]
    SeveralNames(usize),
    #[error("the certificate's SPIFFE name is malformed: {0}")]
    Malformed(#[from] SpiffeError),
    #[error("the server's certificate names {0}, which is not the one expected")]
    NotExpected(String),
    #[error("the certificate's key is {0}; only ECDSA P-256 and Ed25519 are taken")]
    KeyKind(String),
}

impl From<Refusal> for CertificateError {
    fn from(refusal: Refusal) -> Self {
        Self::Other(OtherError(std::sync::Arc::new(refusal)))
    }
}

impl Leaf {
    /// Takes a certificate apart; a SPIFFE name must be its only URI name (X.509-SVID §2).
    pub(crate) fn parse(certificate: &CertificateDer<'_>) -> Result<Self, CertificateError> {
        let broken = |_| CertificateError::BadEncoding;
        let (rest, parsed) = X509Certificate::from_der(certificate).map_err(broken)?;
        let alternative =
            parsed.subject_alternative_name().map_err(|_| CertificateError::BadEncoding)?;
        if !rest.is_empty() {
            return Err(CertificateError::BadEncoding);
        }
        let general = alternative.map_or(&[][..], |found| &found.value.general_names[..]);
        Ok(Self {
            spiffe: spiffe_name(general)?,
            names: general.iter().filter_map(alt_name).collect(),
            fingerprint: Sha256::digest(certificate).into(),
            key: Sha256::digest(parsed.public_key().raw).into(),
            user: user(&parsed),
            serial: parsed.raw_serial().to_vec(),
            issuer: parsed.issuer().as_raw().to_vec(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            other_key: other_key(&parsed.public_key().algorithm),
        })
    }

    /// Refuses keys that cost much to work with, or are out of use: those that are neither ECDSA
    /// P-256 nor Ed25519.
    pub(crate) fn check_key(&self) -> Result<(), CertificateError> {
        match &self.other_key {
            Some(kind) => Err(Refusal::KeyKind(kind.clone()).into()),
            None => Ok(()),
        }
    }

    /// Checks the dates, both ends included (RFC 5280 §4.1.2.5).
    pub(crate) fn check_dates(&self, now: UnixTime) -> Result<(), CertificateError> {
        let now = seconds(now);
        if now < self.not_before {
            return Err(CertificateError::NotValidYet);
        }
        if now > self.not_after {
            return Err(CertificateError::Expired);
        }
        Ok(())
    }

    /// Whether one of the names is `listed`, as an operator wrote it.
    pub(crate) fn has_name(&self, listed: &str) -> bool {
        let address: Option<IpAddr> = listed.parse().ok();
        self.names.iter().any(|name| match (name, address) {
            (AltName::Address(own), Some(listed)) => *own == listed.to_canonical(),
            (AltName::Text(own), None) => own.eq_ignore_ascii_case(listed),
            _ => false,
        })
    }
}

/// `None` for ECDSA P-256 (RFC 5480 §2.1.1) and Ed25519 (RFC 8410 §3), else what it is.
fn other_key(algorithm: &AlgorithmIdentifier<'_>) -> Option<String> {
    let curve = algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
    let (kind, curve) = (algorithm.algorithm.to_id_string(), curve.map(|oid| oid.to_id_string()));
    match (kind.as_str(), curve.as_deref()) {
        (ED25519, _) | (EC, Some(P_256)) => None,
        (RSA, _) => Some("RSA".to_owned()),
        (EC, Some(P_384)) => Some("ECDSA P-384".to_owned()),
        (kind, curve) => Some(format!("of the kind {kind} {}", curve.unwrap_or_default())),
    }
}

/// `UID` of the subject.
fn user(certificate: &X509Certificate<'_>) -> Option<String> {
    let user = certificate.subject().iter_by_oid(&oid!(0.9.2342.19200300.100.1.1)).next()?;
    user.as_str().ok().map(str::to_owned)
}

fn spiffe_name(general: &[GeneralName<'_>]) -> Result<Option<SpiffeName>, Refusal> {
    let uris: Vec<&str> = general
        .iter()
        .filter_map(|name| if let GeneralName::URI(uri) = name { Some(*uri) } else { None })
        .collect();
    let is_spiffe =
        |uri: &&&str| uri.get(..SCHEME.len()).is_some_and(|s| s.eq_ignore_ascii_case(SCHEME));
    let Some(uri) = uris.iter().find(is_spiffe) else {
        return Ok(None);
    };
    if uris.len() > 1 {
        return Err(Refusal::SeveralNames(uris.len() - 1));
    }
    Ok(Some(SpiffeName::parse(uri)?))
}

fn alt_name(name: &GeneralName<'_>) -> Option<AltName> {
    match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Some(AltName::Text((*text).to_owned()))
        }
        GeneralName::IPAddress(octets) => address(octets).map(AltName::Address),
        _ => None,
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Some(IpAddr::from(four));
    }
    <[u8; 16]>::try_from(octets).ok().map(|sixteen| IpAddr::from(sixteen).to_canonical())
}
