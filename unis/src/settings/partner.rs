//! Partners of bilateral agreements (TR 20002 §7.2.1): who may ask, how they are known, what they
//! see.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::settings::{SettingsError, View};

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
    /// Subject alternative names of certificates without SPIFFE name.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub san: Vec<String>,
    /// SHA-256 fingerprints of certificates without SPIFFE name, hexadecimal.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub fingerprint: Vec<String>,
}

const fn full() -> View {
    View::Full
}

/// A list, or a single text for a list of one.
pub(crate) fn one_or_many<'de, D>(deserializer: D) -> Result<Vec<String>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(text) => vec![text],
        OneOrMany::Many(texts) => texts,
    })
}

/// Checks what one entry alone, or all together, can have wrong.
pub(crate) fn check_all(partners: &[PartnerSettings]) -> Result<(), SettingsError> {
    let mut names = HashSet::new();
    let mut domains = HashSet::new();
    for partner in partners {
        let key = format!("partner {:?}", partner.name);
        if partner.name.is_empty() || !names.insert(partner.name.as_str()) {
            return Err(SettingsError::invalid(&key, "needs a name of its own"));
        }
        if let Some(domain) = &partner.trust_domain
            && !domains.insert(domain.as_str())
        {
            return Err(SettingsError::invalid(
                &key,
                format!("trust-domain {domain:?} belongs to two partners"),
            ));
        }
        if partner.bundle.is_none() && (partner.trust_domain.is_some() || !partner.san.is_empty()) {
            return Err(SettingsError::invalid(
                &key,
                "needs a bundle: trust-domain and san are checked under it",
            ));
        }
        if partner.trust_domain.is_none()
            && partner.san.is_empty()
            && partner.fingerprint.is_empty()
        {
            return Err(SettingsError::invalid(
                &key,
                "needs a trust-domain, a san or a fingerprint to be known by",
            ));
        }
    }
    Ok(())
}
