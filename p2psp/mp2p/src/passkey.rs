//! The passkey (TR 20002 §8.3.9, second method): OMS says who a peer is and of which class; another
//! peer checks it with OMS's key alone.
//!
//! A JWT (RFC 7519) that is bound to the holder's certificate (RFC 8705 §3.1): shown over another
//! certificate it is worthless. It lives 10 minutes; an epoch that OMS raises ends all older ones
//! at once.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{OverlayId, PeerId, UserId};
use crate::signed::{self, Kind, SignedError, SigningKey, VerifyingKey};

/// How long a passkey is good.
pub const PASSKEY_LIFE: Duration = Duration::from_secs(600);
/// How far two clocks may be apart.
const LEEWAY_S: u64 = 30;
/// Bytes of a SHA-256.
const FINGERPRINT_BYTES: usize = 32;
/// Longest passkey read.
const MAX_PASSKEY_BYTES: usize = 4096;

/// What a passkey says.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Passkey {
    /// The trust domain of who issued it.
    pub iss: String,
    /// The user.
    pub sub: UserId,
    /// The peer.
    pub peer_id: PeerId,
    /// The overlay in which it is good.
    pub overlay_id: OverlayId,
    /// The user's class; 0 is the lowest, which needs no passkey.
    pub class: u8,
    /// Of OMS's passkeys: older epochs are void.
    pub epoch: u64,
    /// Issued at, Unix seconds.
    pub iat: u64,
    /// Good until, Unix seconds.
    pub exp: u64,
    /// The certificate that it is bound to.
    pub cnf: Confirmation,
}

/// RFC 7800 §3.1 with the method of RFC 8705 §3.1.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Confirmation {
    /// SHA-256 of the certificate (DER), base64url.
    #[serde(rename = "x5t#S256")]
    pub certificate: String,
}

impl Confirmation {
    /// Of the certificate with this SHA-256, 64 hex digits; `None` where it is something else.
    #[must_use]
    pub fn of_fingerprint(hex: &str) -> Option<Self> {
        let digit = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(digit).collect();
        let bytes = bytes.filter(|bytes| bytes.len() == FINGERPRINT_BYTES)?;
        Some(Self { certificate: URL_SAFE_NO_PAD.encode(bytes) })
    }
}

/// What a passkey is checked against.
#[derive(Clone, Debug)]
pub struct Check<'a> {
    /// The trust domain of the provider.
    pub issuer: &'a str,
    /// Where it is shown.
    pub overlay: &'a OverlayId,
    /// Who shows it, by the certificate of the connection.
    pub holder: &'a PeerId,
    /// SHA-256 of that certificate, 64 hex digits.
    pub certificate: &'a str,
    /// The newest epoch known.
    pub epoch: u64,
    /// Unix seconds.
    pub now: u64,
}

/// Why a passkey is refused.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// Forged, damaged, or something else.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// Longer than any passkey.
    #[error("{0} bytes are too long for a passkey")]
    TooLong(usize),
    /// Its time is over, or has not come.
    #[error("the passkey is good from {from} to {to}, not at {now}")]
    Time {
        /// Unix seconds.
        from: u64,
        /// Unix seconds.
        to: u64,
        /// Unix seconds.
        now: u64,
    },
    /// It claims to live longer than any.
    #[error("the passkey claims to live {0} s")]
    Life(u64),
    /// All of its epoch are void.
    #[error("passkeys of epoch {0} are void")]
    Epoch(u64),
    /// Somebody else's.
    #[error("the passkey is bound to another {0}")]
    Borrowed(&'static str),
}

impl Passkey {
    /// Signs it.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn seal(&self, key: &SigningKey) -> Result<String, SignedError> {
        signed::seal(Kind::Passkey, self, key)
    }

    /// Opens a passkey and checks all that it says: no question to anybody.
    ///
    /// # Errors
    /// [`PasskeyError`].
    pub fn open(text: &str, key: &VerifyingKey, check: &Check<'_>) -> Result<Self, PasskeyError> {
        if text.len() > MAX_PASSKEY_BYTES {
            return Err(PasskeyError::TooLong(text.len()));
        }
        let passkey: Self = signed::open(Kind::Passkey, text, key)?;
        passkey.check(check)?;
        Ok(passkey)
    }

    /// Opens the passkey of somebody who is not there, as told by a third (RFC 7574 §3.10.2):
    /// OMS says that `check.holder` is a member. What certificate it will show is not known, and
    /// `check.certificate` is not looked at.
    ///
    /// # Errors
    /// [`PasskeyError`].
    pub fn vouch(text: &str, key: &VerifyingKey, check: &Check<'_>) -> Result<Self, PasskeyError> {
        if text.len() > MAX_PASSKEY_BYTES {
            return Err(PasskeyError::TooLong(text.len()));
        }
        let passkey: Self = signed::open(Kind::Passkey, text, key)?;
        passkey.check_membership(check)?;
        Ok(passkey)
    }

    /// What a passkey says, before it is known who signed it: for the holder, who got it from OMS.
    #[must_use]
    pub fn peek(text: &str) -> Option<Self> {
        (text.len() <= MAX_PASSKEY_BYTES).then(|| signed::peek(text).ok()).flatten()
    }

    fn check(&self, check: &Check<'_>) -> Result<(), PasskeyError> {
        self.check_membership(check)?;
        match Confirmation::of_fingerprint(check.certificate).as_ref() == Some(&self.cnf) {
            true => Ok(()),
            false => Err(PasskeyError::Borrowed("certificate")),
        }
    }

    fn check_membership(&self, check: &Check<'_>) -> Result<(), PasskeyError> {
        let life = self.exp.saturating_sub(self.iat);
        if life > PASSKEY_LIFE.as_secs() {
            return Err(PasskeyError::Life(life));
        }
        let has_come = self.iat <= check.now.saturating_add(LEEWAY_S);
        if !has_come || check.now > self.exp.saturating_add(LEEWAY_S) {
            return Err(PasskeyError::Time { from: self.iat, to: self.exp, now: check.now });
        }
        if self.epoch < check.epoch {
            return Err(PasskeyError::Epoch(self.epoch));
        }
        let bound = [
            ("provider", self.iss == check.issuer),
            ("overlay", self.overlay_id == *check.overlay),
            ("peer", self.peer_id == *check.holder),
        ];
        match bound.into_iter().find(|(_, is_same)| !is_same) {
            Some((what, _)) => Err(PasskeyError::Borrowed(what)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    struct Scene {
        key: SigningKey,
        overlay: OverlayId,
        peer: PeerId,
        certificate: String,
    }

    impl Scene {
        fn new() -> Self {
            Self {
                key: SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap(),
                overlay: OverlayId::parse("film").unwrap(),
                peer: PeerId::parse(&"a".repeat(64)).unwrap(),
                certificate: "c".repeat(64),
            }
        }

        fn passkey(&self) -> Passkey {
            Passkey {
                iss: "p2psp.example".into(),
                sub: UserId::parse("anna").unwrap(),
                peer_id: self.peer.clone(),
                overlay_id: self.overlay.clone(),
                class: 2,
                epoch: 3,
                iat: NOW,
                exp: NOW + 600,
                cnf: Confirmation::of_fingerprint(&self.certificate).unwrap(),
            }
        }

        fn check(&self) -> Check<'_> {
            Check {
                issuer: "p2psp.example",
                overlay: &self.overlay,
                holder: &self.peer,
                certificate: &self.certificate,
                epoch: 3,
                now: NOW + 1,
            }
        }

        fn open(&self, passkey: &Passkey, check: &Check<'_>) -> Result<Passkey, PasskeyError> {
            let sealed = passkey.seal(&self.key).unwrap();
            Passkey::open(&sealed, &self.key.verifying().unwrap(), check)
        }
    }

    #[test]
    fn another_peer_reads_the_class_without_asking_anybody() {
        let scene = Scene::new();
        let passkey = scene.passkey();
        assert_eq!(scene.open(&passkey, &scene.check()).unwrap(), passkey);
    }

    /// RFC 8705 §3.1: base64url of the SHA-256 of the certificate, here that of no bytes.
    #[test]
    fn the_binding_is_written_as_the_rfc_has_it() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let confirmation = Confirmation::of_fingerprint(empty).unwrap();
        let json = serde_json::to_string(&confirmation).unwrap();
        assert_eq!(json, r#"{"x5t#S256":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}"#);
        assert_eq!(Confirmation::of_fingerprint("c"), None);
        assert_eq!(Confirmation::of_fingerprint("ää"), None);
    }

    #[test]
    fn a_forged_passkey_is_refused() {
        let (scene, forger) = (Scene::new(), Scene::new());
        let forged = forger.passkey().seal(&forger.key).unwrap();
        let opened = Passkey::open(&forged, &scene.key.verifying().unwrap(), &scene.check());
        assert!(matches!(opened, Err(PasskeyError::Signed(SignedError::Signature))));
    }

    #[test]
    fn an_expired_passkey_is_refused_and_so_is_one_that_lives_too_long() {
        let scene = Scene::new();
        let late = Check { now: NOW + 631, ..scene.check() };
        assert!(matches!(scene.open(&scene.passkey(), &late), Err(PasskeyError::Time { .. })));
        let within_leeway = Check { now: NOW + 630, ..scene.check() };
        assert!(scene.open(&scene.passkey(), &within_leeway).is_ok());
        let early = Check { now: NOW - 31, ..scene.check() };
        assert!(matches!(scene.open(&scene.passkey(), &early), Err(PasskeyError::Time { .. })));
        let eternal = Passkey { exp: NOW + 601, ..scene.passkey() };
        assert!(matches!(scene.open(&eternal, &scene.check()), Err(PasskeyError::Life(601))));
    }

    #[test]
    fn a_borrowed_passkey_is_refused() {
        let scene = Scene::new();
        let passkey = scene.passkey();
        let other_peer = PeerId::parse(&"b".repeat(64)).unwrap();
        let other_overlay = OverlayId::parse("song").unwrap();
        let checks = [
            ("certificate", Check { certificate: "d", ..scene.check() }),
            ("peer", Check { holder: &other_peer, ..scene.check() }),
            ("overlay", Check { overlay: &other_overlay, ..scene.check() }),
            ("provider", Check { issuer: "other.example", ..scene.check() }),
        ];
        for (what, check) in checks {
            let refused = scene.open(&passkey, &check);
            assert!(matches!(refused, Err(PasskeyError::Borrowed(said)) if said == what));
        }
    }

    #[test]
    fn a_third_vouches_with_a_passkey_but_not_for_the_certificate() {
        let scene = Scene::new();
        let text = scene.passkey().seal(&scene.key).unwrap();
        let key = scene.key.verifying().unwrap();
        let told = |check: &Check<'_>| Passkey::vouch(&text, &key, check).is_ok();
        assert!(told(&Check { certificate: "", ..scene.check() }));
        let other = PeerId::parse(&"b".repeat(64)).unwrap();
        assert!(!told(&Check { holder: &other, ..scene.check() }));
        assert!(!told(&Check { now: NOW + 3600, ..scene.check() }));
    }

    #[test]
    fn a_raised_epoch_ends_all_older_passkeys() {
        let scene = Scene::new();
        let raised = Check { epoch: 4, ..scene.check() };
        assert!(matches!(scene.open(&scene.passkey(), &raised), Err(PasskeyError::Epoch(3))));
    }
}
