//! Partners of bilateral agreements (TR 20002 §7.2.1): who may ask, how they are known, what they
//! see.

use std::num::NonZeroU32;
use std::path::PathBuf;

use link::settings::one_or_many;
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
}
