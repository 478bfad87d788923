//! OMS' key for passkeys, and the epoch that ends older ones (TR 20002 §8.3.9).

mod floors;
mod handed;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use mp2p::id::{OverlayId, PeerId, UserId};
use mp2p::message::event::Signed;
use mp2p::passkey::{Confirmation, PASSKEY_LIFE, Passkey};
use mp2p::reservation::Reservation;
use mp2p::signed::{KeyError, SignedError, SigningKey};
use mp2p::stop::Stop;

use crate::passkeys::floors::Floors;
use crate::passkeys::handed::Handed;

/// The key, PKCS #8 (DER).
const KEY_FILE: &str = "passkey-key.der";
/// The epoch, decimal.
const EPOCH_FILE: &str = "passkey-epoch";

/// Signs passkeys.
pub struct Passkeys {
    key: SigningKey,
    public: String,
    issuer: String,
    epoch: AtomicU64,
    floors: Floors,
    folder: PathBuf,
    handed: Handed,
}

/// The key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PasskeysError {
    /// The disk.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{}: {source}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: KeyError,
    },
    /// The file holds something else.
    #[error("{}: {text:?} is no epoch", .path.display())]
    Epoch {
        /// The file.
        path: PathBuf,
        /// What it holds.
        text: String,
    },
}

/// Whom a passkey is for.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// The peer.
    pub peer: &'a PeerId,
    /// Its user.
    pub user: &'a UserId,
    /// SHA-256 of its certificate, 64 hex digits.
    pub certificate: &'a str,
    /// The user's class.
    pub class: u8,
}

impl Passkeys {
    /// Opens the key in `folder`, making one where there is none. `issuer`: the trust domain.
    ///
    /// # Errors
    /// The files cannot be read or written.
    pub fn open(folder: &Path, issuer: String) -> Result<Self, PasskeysError> {
        let (key, public) = signing_key(&folder.join(KEY_FILE))?;
        let epoch = epoch(folder)?;
        let (floors, epoch) = (Floors::begin(epoch), AtomicU64::new(epoch));
        let (folder, handed) = (folder.to_owned(), Handed::default());
        Ok(Self { key, public, issuer, epoch, floors, folder, handed })
    }

    /// The key to check passkeys with, base64url.
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }

    /// Signs a reservation; `None` where the key fails.
    #[must_use]
    pub fn reserve(&self, reservation: &Reservation) -> Option<Signed> {
        let sealed = reservation.seal(&self.key);
        let sealed = sealed
            .inspect_err(|error| tracing::error!(%error, "no reservation could be signed"))
            .ok()?;
        Signed::new(sealed).ok()
    }

    /// The trust domain of this provider.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The epoch of passkeys that are signed now.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Passkeys of older epochs are void in an overlay.
    #[must_use]
    pub fn floor(&self, overlay: &OverlayId) -> u64 {
        self.floors.of(overlay)
    }

    /// Voids all passkeys that there are for an overlay; the epoch from now on. Others are none of
    /// its business: whoever comes there meets those who have not fetched a new passkey yet.
    ///
    /// # Errors
    /// It cannot be kept; a server that is started again does not know of it.
    pub fn raise_epoch(&self, overlay: &OverlayId) -> Result<u64, PasskeysError> {
        let path = self.folder.join(EPOCH_FILE);
        // One writer at a time: whoever comes late raises it further, never back.
        let raised = self.epoch.fetch_add(1, Ordering::Relaxed) + 1;
        self.floors.raise(overlay, raised);
        write_secret(&path, raised.to_string().as_bytes())
            .map_err(|source| failed(&path, source))?;
        Ok(raised)
    }

    /// Signs a stop.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn sign_stop(&self, stop: &Stop) -> Result<String, SignedError> {
        stop.seal(&self.key)
    }

    /// A passkey that is good at `now` (Unix seconds) and at least half of its life on: the one
    /// that the peer has, else a new one. `None` where the certificate's fingerprint is none or the
    /// key fails.
    #[must_use]
    pub fn issue(&self, holder: Holder<'_>, overlay: &OverlayId, now: u64) -> Option<String> {
        let passkey = Passkey {
            iss: self.issuer.clone(),
            sub: holder.user.clone(),
            peer_id: holder.peer.clone(),
            overlay_id: overlay.clone(),
            class: holder.class,
            epoch: self.epoch(),
            iat: now,
            exp: now.saturating_add(PASSKEY_LIFE.as_secs()),
            cnf: Confirmation::of_fingerprint(holder.certificate)?,
        };
        if let Some(text) = self.handed.again(&passkey) {
            return Some(text);
        }
        let sealed = passkey.seal(&self.key);
        let text = sealed
            .inspect_err(|error| tracing::error!(%error, "no passkey could be signed"))
            .ok()?;
        self.handed.note(passkey, text.clone());
        Some(text)
    }
}

/// The key in a file, made where there is none, and its public half as text.
///
/// # Errors
/// The file cannot be read or written, or holds something else.
pub(crate) fn signing_key(path: &Path) -> Result<(SigningKey, String), PasskeysError> {
    let wrong = |source| PasskeysError::Key { path: path.to_owned(), source };
    let der = match fs::read(path) {
        Ok(der) => der,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let der = SigningKey::generate_ed25519().map_err(wrong)?;
            write_secret(path, &der).map_err(|source| failed(path, source))?;
            der
        }
        Err(source) => return Err(failed(path, source)),
    };
    let key = SigningKey::from_pkcs8(&der).map_err(wrong)?;
    let public = key.verifying().map_err(wrong)?.to_text();
    Ok((key, public))
}

fn epoch(folder: &Path) -> Result<u64, PasskeysError> {
    let path = folder.join(EPOCH_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => {
            text.trim().parse().map_err(|_| PasskeysError::Epoch { path, text: text.clone() })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(1),
        Err(source) => Err(failed(&path, source)),
    }
}

/// Written beside and renamed: after a crash there is a whole key or none.
fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let passing = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&passing)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&passing, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn failed(path: &Path, source: io::Error) -> PasskeysError {
    PasskeysError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use mp2p::passkey::Check;
    use mp2p::signed::VerifyingKey;

    use super::*;

    #[test]
    fn a_passkey_opens_with_the_published_key_after_a_restart_too() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Passkeys::open(folder.path(), "p2psp.example".into()).unwrap();
        let (peer, user) =
            (PeerId::parse(&"a".repeat(64)).unwrap(), UserId::parse("anna").unwrap());
        let (overlay, certificate) = (OverlayId::parse("film").unwrap(), "c".repeat(64));
        let holder = Holder { peer: &peer, user: &user, certificate: &certificate, class: 2 };
        let text = open().issue(holder, &overlay, 1000).unwrap();
        let key = VerifyingKey::parse(open().public()).unwrap();
        let check = Check {
            issuer: "p2psp.example",
            overlay: &overlay,
            holder: &peer,
            certificate: &certificate,
            epoch: open().epoch(),
            now: 1600,
        };
        assert_eq!(Passkey::open(&text, &key, &check).unwrap().class, 2);
        let bad = Holder { certificate: "no fingerprint", ..holder };
        assert_eq!(open().issue(bad, &overlay, 1000), None);
    }

    #[test]
    fn a_peer_has_one_passkey_until_half_its_life_is_over_or_something_changes() {
        let folder = tempfile::tempdir().unwrap();
        let passkeys = Passkeys::open(folder.path(), "p2psp.example".into()).unwrap();
        let peer = PeerId::parse(&"a".repeat(64)).unwrap();
        let (user, overlay) = (UserId::parse("anna").unwrap(), OverlayId::parse("film").unwrap());
        let (certificate, other) = ("c".repeat(64), "d".repeat(64));
        let holder = Holder { peer: &peer, user: &user, certificate: &certificate, class: 2 };
        let at = |holder: Holder<'_>, now| passkeys.issue(holder, &overlay, now).unwrap();
        let first = at(holder, 1000);
        assert_eq!(at(holder, 1299), first);
        assert_ne!(at(holder, 1300), first);
        let second = at(holder, 1301);
        assert_ne!(at(Holder { class: 3, ..holder }, 1301), second);
        assert_ne!(at(Holder { certificate: &other, ..holder }, 1301), second);
        let third = at(holder, 1301);
        passkeys.raise_epoch(&overlay).unwrap();
        assert_ne!(at(holder, 1301), third);
        let other = OverlayId::parse("song").unwrap();
        let floors = |passkeys: &Passkeys| [&overlay, &other].map(|it| passkeys.floor(it));
        assert_eq!(floors(&passkeys), [2, 1]);
        let again = Passkeys::open(folder.path(), "p2psp.example".into()).unwrap();
        assert_eq!(floors(&again), [2, 2], "it is not known which overlay it was");
    }
}
