//! Signs certificates and revocation lists. ECDSA P-256 throughout.

use std::net::IpAddr;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData,
    RevokedCertParams, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use crate::crypto::random;
use crate::identity::{SpiffeName, hex};
use crate::pki::authorities::{Signer, common_name};
use crate::pki::ledger::Entry;
use crate::pki::{BACKDATE, PkiError};

/// Life of the authority.
const CA_LIFE: Duration = Duration::days(3650);
/// Life of every other certificate.
pub(crate) const LEAF_LIFE: Duration = Duration::days(90);
/// Life of a revocation list.
pub(crate) const CRL_LIFE: Duration = Duration::days(7);
/// The attribute `UID` (RFC 4519 §2.39).
const USER_ID: [u64; 7] = [0, 9, 2342, 19_200_300, 100, 1, 1];

/// What a certificate is to say.
#[derive(Debug)]
pub(crate) struct Leaf<'a> {
    pub(crate) name: &'a SpiffeName,
    pub(crate) server_names: &'a [String],
    /// Stands in the subject as `UID`.
    pub(crate) user: Option<&'a str>,
    /// How long it is good.
    pub(crate) life: Duration,
}

impl Leaf<'_> {
    /// Refuses names that a certificate cannot carry.
    pub(crate) fn check(&self) -> Result<(), PkiError> {
        alternative_names(self).map(|_names| ())
    }
}

/// A certificate just signed.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) pem: String,
    pub(crate) entry: Entry,
}

/// A self-signed authority for `trust_domain`, of a number that no other has: revocation lists are
/// told apart by the names of their authorities (RFC 5280 §5.1.2.3). PEM.
pub(crate) fn authority(
    (trust_domain, number): (&str, u32),
    key: &KeyPair,
    now: OffsetDateTime,
) -> Result<String, PkiError> {
    let mut params = CertificateParams::default();
    params.not_before = now - BACKDATE;
    params.not_after = now + CA_LIFE;
    params.serial_number = Some(serial_number()?);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name(trust_domain, number));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    Ok(params.self_signed(key)?.pem())
}

/// A certificate over `public_key`; all it says comes from `leaf`.
pub(crate) fn certificate(
    leaf: &Leaf<'_>,
    public_key: &impl PublicKeyData,
    by: &Signer,
    now: OffsetDateTime,
) -> Result<Signed, PkiError> {
    let serial = serial_number()?;
    let mut params = CertificateParams::default();
    params.not_before = now - BACKDATE;
    params.not_after = now + leaf.life;
    params.serial_number = Some(serial.clone());
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, leaf.name.path());
    if let Some(user) = leaf.user {
        params.distinguished_name.push(DnType::CustomDnType(USER_ID.to_vec()), user);
    }
    params.subject_alt_names = alternative_names(leaf)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = purposes(leaf);
    params.use_authority_key_identifier_extension = true;
    let not_after = params.not_after.unix_timestamp();
    let pem = params.signed_by(public_key, &by.issuer)?.pem();
    let entry = Entry {
        serial: hex(&serial.to_bytes()),
        name: leaf.name.to_string(),
        server_names: leaf.server_names.to_vec(),
        not_after,
        revoked_at: None,
        user: leaf.user.map(str::to_owned),
        life_s: leaf.life.whole_seconds(),
        ca: by.number,
    };
    Ok(Signed { pem, entry })
}

/// A complete revocation list of one authority; PEM.
pub(crate) fn revocation_list(
    entries: &[Entry],
    number: u64,
    by: &Signer,
    now: OffsetDateTime,
) -> Result<String, PkiError> {
    let revoked = entries.iter().filter(|entry| entry.ca == by.number).filter_map(|entry| {
        let at = OffsetDateTime::from_unix_timestamp(entry.revoked_at?).ok()?;
        Some(RevokedCertParams {
            serial_number: SerialNumber::from(bytes_of(&entry.serial)),
            revocation_time: at,
            reason_code: None,
            invalidity_date: None,
        })
    });
    let params = CertificateRevocationListParams {
        this_update: now - BACKDATE,
        next_update: now + CRL_LIFE,
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(params.signed_by(&by.issuer)?.pem()?)
}

fn alternative_names(leaf: &Leaf<'_>) -> Result<Vec<SanType>, PkiError> {
    let wrong = |name: &str| PkiError::ServerName(name.to_owned());
    let uri = leaf.name.as_str();
    let mut names = vec![SanType::URI(uri.try_into().map_err(|_| wrong(uri))?)];
    for text in leaf.server_names {
        names.push(match text.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) if is_dns_name(text) => {
                SanType::DnsName(text.as_str().try_into().map_err(|_| wrong(text))?)
            }
            Err(_) => return Err(wrong(text)),
        });
    }
    Ok(names)
}

/// Whether a certificate can carry a server's name.
pub(crate) fn is_server_name(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || is_dns_name(text)
}

fn is_dns_name(text: &str) -> bool {
    rustls_pki_types::DnsName::try_from(text).is_ok()
}

/// Everybody connects; those with a serving role are connected to as well.
fn purposes(leaf: &Leaf<'_>) -> Vec<ExtendedKeyUsagePurpose> {
    let mut purposes = vec![ExtendedKeyUsagePurpose::ClientAuth];
    if leaf.name.role().serves() || !leaf.server_names.is_empty() {
        purposes.push(ExtendedKeyUsagePurpose::ServerAuth);
    }
    purposes
}

/// 128 bits, of which the first two are fixed: positive, and always as long (RFC 5280 §4.1.2.2).
fn serial_number() -> Result<SerialNumber, PkiError> {
    let mut bytes: [u8; 16] = random()?;
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).filter_map(|pair| u8::try_from(pair[0] * 16 + pair.get(1)?).ok()).collect()
}
