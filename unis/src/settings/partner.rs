//! Partners of bilateral agreements (TR 20002 §7.2.1): who may ask, how they are known, what they
//! see.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::path::PathBuf;

use link::settings::{SettingsError, check_partners, one_or_many};
use link::trust::PartnerTrust;
use serde::{Deserialize, Serialize};

use crate::settings::View;

/// One `[[partner]]` entry.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PartnerSettings {
    /// Name of the partner in logs and metrics.
    pub name: String,
    /// Its SPIFFE trust domain; its certificates are `spiffe://<trust-domain>/…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_domain: Option<String>,
    /// Its CA certificates (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<PathBuf>,
    /// Its revocation list (PEM); without one nothing is checked for revocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl: Option<PathBuf>,
    /// What it sees.
    #[serde(default = "full")]
    pub view: View,
    /// Requests per second; without one there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<NonZeroU32>,
    /// User and password, for clients that cannot show a certificate (RFC 7616).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<PartnerDigest>,
    /// Subject alternative names of certificates without SPIFFE name.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub san: Vec<String>,
    /// SHA-256 fingerprints of certificates without SPIFFE name, hexadecimal.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub fingerprint: Vec<String>,
}

/// `digest` of a partner: how a client without certificate proves to be it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PartnerDigest {
    /// The name that the client gives.
    pub user: String,
    /// File of lines `user:realm:hash`, as `unis config digest` prints them.
    pub ha1_file: PathBuf,
}

/// `[digest]`: what the passwords of all partners are for.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DigestSettings {
    /// The realm, a part of each hash.
    pub realm: String,
    /// How long an answer to a challenge is good, seconds.
    pub nonce_lifetime_s: u64,
}

impl Default for DigestSettings {
    fn default() -> Self {
        Self { realm: "alto".to_owned(), nonce_lifetime_s: 300 }
    }
}

impl DigestSettings {
    /// Refuses a realm that cannot stand in a header field and in a line of hashes.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if !is_plain(&self.realm) {
            let message = format!("{:?} has to be ASCII letters, digits and .-_@ only", self.realm);
            return Err(SettingsError::invalid("digest.realm", message));
        }
        match self.nonce_lifetime_s {
            1..=MAX_NONCE_LIFETIME_S => Ok(()),
            other => {
                let message = format!("{other} is not from 1 to {MAX_NONCE_LIFETIME_S}");
                Err(SettingsError::invalid("digest.nonce-lifetime-s", message))
            }
        }
    }
}

/// Longest that the answer to a challenge may be good: a day.
const MAX_NONCE_LIFETIME_S: u64 = 24 * 60 * 60;

/// Whether a user or a realm needs no quoting anywhere.
pub(crate) fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_@".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

const fn full() -> View {
    View::Full
}

impl PartnerSettings {
    /// Whose certificates are the partner's.
    #[must_use]
    pub fn trust(&self) -> PartnerTrust {
        PartnerTrust {
            name: self.name.clone(),
            trust_domain: self.trust_domain.clone(),
            bundle: self.bundle.clone(),
            crl: self.crl.clone(),
            san: self.san.clone(),
            fingerprint: self.fingerprint.clone(),
        }
    }

    /// Whether it is known by certificates.
    #[must_use]
    pub fn has_certificates(&self) -> bool {
        self.trust_domain.is_some() || !self.san.is_empty() || !self.fingerprint.is_empty()
    }
}

/// Checks what one entry alone, or all together, can have wrong.
pub(crate) fn check_all(
    own: Option<&str>,
    partners: &[PartnerSettings],
) -> Result<(), SettingsError> {
    let (mut names, mut users) = (HashSet::new(), HashSet::new());
    for partner in partners {
        let key = format!("partner {:?}", partner.name);
        if partner.name.is_empty() || !names.insert(partner.name.as_str()) {
            return Err(SettingsError::invalid(&key, "needs a name of its own"));
        }
        let Some(PartnerDigest { user, .. }) = &partner.digest else { continue };
        if !is_plain(user) {
            let message = format!("user {user:?} has to be ASCII letters, digits and .-_@");
            return Err(SettingsError::invalid(&key, message));
        }
        if !users.insert(user.as_str()) {
            let message = format!("user {user:?} belongs to two partners");
            return Err(SettingsError::invalid(&key, message));
        }
    }
    // Who has a password needs no certificate.
    let with = |it: &&PartnerSettings| it.has_certificates() || it.digest.is_none();
    let partners: Vec<_> = partners.iter().filter(with).map(PartnerSettings::trust).collect();
    check_partners(own, &partners)
}
