//! One organisation whose certificates are accepted: the own one or a partner.

use std::path::{Path, PathBuf};

use rustls_pki_types::UnixTime;
use sha2::{Digest, Sha256};

use crate::identity::{Identity, Role, hex};
use crate::trust::anchors::Revocation;
use crate::trust::{Anchors, Leaf, PartnerTrust, TrustDomain, TrustError};

/// Hex digits of a SHA-256 fingerprint.
const FINGERPRINT_DIGITS: usize = 64;

/// What is needed to recognise one organisation's certificates.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    /// `None` is the own organisation.
    pub(crate) partner: Option<String>,
    pub(crate) trust_domain: Option<String>,
    pub(crate) anchors: Option<Anchors>,
    pub(crate) revocation: Revocation,
    pub(crate) san: Vec<String>,
    pub(crate) fingerprints: Vec<String>,
}

impl Party {
    /// The own organisation.
    pub(crate) fn own(
        own: &TrustDomain,
        max_intermediates: usize,
        now: UnixTime,
        in_use: Option<&Self>,
    ) -> Result<Self, TrustError> {
        let (bundle, crl) = (Some(&*own.bundle), own.crl.as_ref());
        let files = Files { bundle, crl, max_intermediates };
        let (anchors, revocation) = files.load(&own.name, now, in_use)?;
        Ok(Self {
            partner: None,
            trust_domain: Some(own.name.clone()),
            anchors,
            revocation,
            san: Vec::new(),
            fingerprints: Vec::new(),
        })
    }

    /// A partner.
    pub(crate) fn partner(
        partner: &PartnerTrust,
        max_intermediates: usize,
        now: UnixTime,
        in_use: Option<&Self>,
    ) -> Result<Self, TrustError> {
        let wrong = |text: &String| TrustError::Settings {
            partner: partner.name.clone(),
            reason: format!("`{text}` is no SHA-256 fingerprint"),
        };
        let digits = |text: &String| fingerprint(text).ok_or_else(|| wrong(text));
        let fingerprints: Result<Vec<_>, _> = partner.fingerprint.iter().map(digits).collect();
        let (bundle, crl) = (partner.bundle.as_deref(), partner.crl.as_ref());
        let files = Files { bundle, crl, max_intermediates };
        let (anchors, revocation) = files.load(&partner.name, now, in_use)?;
        Ok(Self {
            partner: Some(partner.name.clone()),
            trust_domain: partner.trust_domain.clone(),
            anchors,
            revocation,
            san: partner.san.clone(),
            fingerprints: fingerprints?,
        })
    }

    /// A partner whose files are of no use: its names are taken and nobody verifies, not even by a
    /// fingerprint, whose revocation might be what is missing.
    pub(crate) fn barred(partner: &PartnerTrust) -> Self {
        Self {
            partner: Some(partner.name.clone()),
            trust_domain: partner.trust_domain.clone(),
            anchors: None,
            revocation: Revocation::default(),
            san: partner.san.clone(),
            fingerprints: Vec::new(),
        }
    }

    /// The identity of a leaf that was found to be this party's.
    pub(crate) fn identify(&self, leaf: Leaf) -> Identity {
        let role = leaf.spiffe.as_ref().map_or(Role::Partner, |name| name.role());
        Identity {
            partner: self.partner.clone(),
            role,
            fingerprint: hex(&leaf.fingerprint),
            serial: hex(&leaf.serial),
            key: hex(&leaf.key),
            issuer: hex(&Sha256::digest(&leaf.issuer)),
            user: leaf.user,
            name: leaf.spiffe,
        }
    }
}

struct Files<'a> {
    bundle: Option<&'a Path>,
    crl: Option<&'a PathBuf>,
    max_intermediates: usize,
}

impl Files<'_> {
    fn load(
        &self,
        whose: &str,
        now: UnixTime,
        in_use: Option<&Party>,
    ) -> Result<(Option<Anchors>, Revocation), TrustError> {
        let revocation = match self.crl {
            Some(path) => Revocation::load(path, now, in_use.map(|party| &party.revocation))?,
            None => Revocation::default(),
        };
        if self.crl.is_none() && in_use.is_none() {
            tracing::warn!(of = whose, "no revocation list given: revocation is not checked");
        }
        let anchors = match self.bundle {
            Some(bundle) => Some(Anchors::load(bundle, &revocation, self.max_intermediates, now)?),
            None => None,
        };
        Ok((anchors, revocation))
    }
}

/// The digits of a fingerprint in lower case; `None` for what is none.
pub(crate) fn fingerprint(text: &str) -> Option<String> {
    let digits = text.replace(':', "").to_ascii_lowercase();
    let is_digest =
        digits.len() == FINGERPRINT_DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_digest.then_some(digits)
}
