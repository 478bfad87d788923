//! Where the authority works: its key, its ledger and the lock on its folder, for one act.

use std::path::Path;

use rcgen::{Issuer, KeyPair, PublicKeyData};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use time::OffsetDateTime;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use crate::identity::{SpiffeName, hex};
use crate::pki::folder::{Folder, Lock, PUBLIC, SECRET, read, write};
use crate::pki::issue::{self, CRL_LIFE, LEAF_LIFE, Leaf};
use crate::pki::journal::{Journal, Kept};
use crate::pki::ledger::{Ledger, State};
use crate::pki::{PkiError, PkiSettings};

/// Path of the first operator's name, whose certificate comes with the authority.
const FIRST_OPERATOR: &str = "operator/first-try";
/// Names by which every server is reached from its own host.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The authority's tools, taken out for one act.
pub(crate) struct Bench {
    folder: Folder,
    issuer: Issuer<'static, KeyPair>,
    journal: Journal,
    /// Where it goes back to.
    kept: Kept,
    now: OffsetDateTime,
    _lock: Lock,
}

/// Refuses names that a certificate cannot carry.
pub(crate) fn check_names(folder: &Folder, settings: &PkiSettings) -> Result<(), PkiError> {
    parts(folder, settings)?.iter().try_for_each(|part| part.leaf().check())
}

/// Makes what is missing of an authority.
pub(crate) fn found(
    folder: &Folder,
    settings: &PkiSettings,
    now: OffsetDateTime,
) -> Result<(), PkiError> {
    let lock = folder.lock()?;
    if read(&folder.ca())?.is_none() {
        let key = key_for(&folder.ca_key())?;
        write(&folder.ca(), &issue::authority(&settings.trust_domain, &key, now)?, PUBLIC)?;
    }
    let mut bench = Bench::under(lock, (folder, &Kept::default()), now)?;
    if read(&folder.crl())?.is_none() {
        bench.write_list()?;
    }
    for part in parts(folder, settings)? {
        if read(&part.certificate)?.is_none() {
            let key = key_for(&part.key)?;
            let pem = bench.issue(&part.leaf(), &key)?;
            write(&part.certificate, &pem, PUBLIC)?;
        } else {
            existing_key(&part.key, &part.certificate)?;
        }
    }
    Ok(())
}

impl Bench {
    /// Waits for the lock and reads the ledger.
    pub(crate) fn open(
        folder: &Folder,
        kept: &Kept,
        now: OffsetDateTime,
    ) -> Result<Self, PkiError> {
        Self::under(folder.lock()?, (folder, kept), now)
    }

    fn under(
        lock: Lock,
        (folder, kept): (&Folder, &Kept),
        now: OffsetDateTime,
    ) -> Result<Self, PkiError> {
        let key = existing_key(&folder.ca_key(), &folder.ca())?;
        let issuer = Issuer::from_ca_cert_pem(&required(&folder.ca())?, key)?;
        let (journal, kept) = (kept.take(folder)?, kept.clone());
        Ok(Self { folder: folder.clone(), issuer, journal, kept, now, _lock: lock })
    }

    /// The ledger; what is done to it is to be [stored](Self::store).
    pub(crate) const fn ledger(&mut self) -> &mut Ledger {
        &mut self.journal.ledger
    }

    /// The time of the act, Unix seconds.
    pub(crate) fn seconds(&self) -> i64 {
        self.now.unix_timestamp()
    }

    /// Writes the ledger.
    pub(crate) fn store(&mut self) -> Result<(), PkiError> {
        let now = self.seconds();
        self.journal.store(&self.folder, now)
    }

    /// Signs a certificate; it is in the ledger, durably, before it is anywhere else.
    pub(crate) fn issue(
        &mut self,
        leaf: &Leaf<'_>,
        key: &impl PublicKeyData,
    ) -> Result<String, PkiError> {
        let signed = issue::certificate(leaf, key, &self.issuer, self.now)?;
        self.journal.ledger.issue(signed.entry)?;
        self.store()?;
        Ok(signed.pem)
    }

    /// Signs the revocation list anew. The ledger goes first: a crash in between leaves a list with
    /// an older number, which the next upkeep replaces.
    pub(crate) fn write_list(&mut self) -> Result<(), PkiError> {
        let number = self.journal.ledger.next_crl_number();
        self.store()?;
        let entries = self.journal.ledger.entries();
        let list = issue::revocation_list(entries, number, &self.issuer, self.now)?;
        write(&self.folder.crl(), &list, PUBLIC)
    }

    pub(crate) fn ca_pem(&self) -> Result<String, PkiError> {
        required(&self.folder.ca())
    }

    /// Renews what is past its time.
    pub(crate) fn upkeep(mut self, settings: &PkiSettings) -> Result<(), PkiError> {
        for part in parts(&self.folder, settings)? {
            if self.is_due(&part)? {
                let key = existing_key(&part.key, &part.certificate)?;
                let pem = self.issue(&part.leaf(), &key)?;
                write(&part.certificate, &pem, PUBLIC)?;
                tracing::info!(certificate = %part.certificate.display(), "renewed");
            }
        }
        if self.list_is_due()? {
            self.write_list()?;
            tracing::info!("revocation list renewed");
        }
        Ok(())
    }

    /// Whether two thirds of a certificate's life are over, or it has not begun, as when a clock
    /// was wrong and is right again; or it is to have other names. A revoked one is not renewed,
    /// nor is one that was not issued here.
    fn is_due(&self, part: &Part) -> Result<bool, PkiError> {
        let path = &part.certificate;
        let der = certificate(path)?;
        let (_, parsed) = X509Certificate::from_der(&der).map_err(|error| bad(path, error))?;
        let ends = parsed.validity().not_after.timestamp();
        let Some(entry) = self.journal.ledger.find(&hex(parsed.raw_serial())) else {
            // The ledger forgets what ran out long ago: a server that was off for so long.
            return Ok(self.seconds() > ends && self.is_ours(&parsed)?);
        };
        if entry.state(self.seconds()) == State::Revoked {
            return Ok(false);
        }
        if entry.name != part.name.as_str() || entry.server_names != part.server_names {
            return Ok(true);
        }
        let begins = parsed.validity().not_before.timestamp();
        let life = ends - begins;
        Ok(!(begins..begins + life / 3 * 2).contains(&self.seconds()))
    }

    /// Whether a certificate names this authority as its issuer.
    fn is_ours(&self, parsed: &X509Certificate<'_>) -> Result<bool, PkiError> {
        let path = self.folder.ca();
        let der = certificate(&path)?;
        let (_, ca) = X509Certificate::from_der(&der).map_err(|error| bad(&path, error))?;
        Ok(parsed.issuer().as_raw() == ca.subject().as_raw())
    }

    /// Whether half of the revocation list's life is over, or it has not begun, or it is not the
    /// ledger's latest.
    fn list_is_due(&self) -> Result<bool, PkiError> {
        let path = self.folder.crl();
        let pem = required(&path)?;
        let der = rustls_pki_types::CertificateRevocationListDer::from_pem_slice(pem.as_bytes())
            .map_err(|error| bad(&path, error))?;
        let (_, list) =
            CertificateRevocationList::from_der(&der).map_err(|error| bad(&path, error))?;
        let number = list.crl_number().map(|number| number.to_u64_digits());
        let latest = number.is_some_and(|digits| digits == [self.journal.ledger.crl_number()]);
        let half: OffsetDateTime = self.now + CRL_LIFE / 2;
        let ends = list.next_update().map_or(0, |time| time.timestamp());
        let is_early = self.seconds() < list.last_update().timestamp();
        Ok(!latest || is_early || half.unix_timestamp() >= ends)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.kept.put(std::mem::take(&mut self.journal));
    }
}

/// A certificate that comes with the authority.
struct Part {
    certificate: std::path::PathBuf,
    key: std::path::PathBuf,
    name: SpiffeName,
    server_names: Vec<String>,
}

impl Part {
    fn leaf(&self) -> Leaf<'_> {
        Leaf { name: &self.name, server_names: &self.server_names, user: None, life: LEAF_LIFE }
    }
}

fn parts(folder: &Folder, settings: &PkiSettings) -> Result<[Part; 2], PkiError> {
    let domain = &settings.trust_domain;
    let server = Part {
        certificate: folder.server(),
        key: folder.server_key(),
        name: SpiffeName::in_domain(domain, &settings.server_path)?,
        server_names: server_names(settings),
    };
    let operator = Part {
        certificate: folder.client(),
        key: folder.client_key(),
        name: SpiffeName::in_domain(domain, FIRST_OPERATOR)?,
        server_names: Vec::new(),
    };
    Ok([server, operator])
}

fn server_names(settings: &PkiSettings) -> Vec<String> {
    let mut names: Vec<String> = LOCAL_NAMES.iter().map(ToString::to_string).collect();
    for name in host_name().iter().chain(&settings.server_names) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// The host's name, where the kernel tells it and a certificate can carry it.
fn host_name() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = text.trim().to_ascii_lowercase();
    rustls_pki_types::DnsName::try_from(name.as_str()).is_ok().then_some(name)
}

/// The key at `path`, made where there is none: a crash may have left a key without certificate.
fn key_for(path: &Path) -> Result<KeyPair, PkiError> {
    if let Some(pem) = read(path)? {
        return KeyPair::from_pem(&pem).map_err(|error| bad(path, error));
    }
    let key = KeyPair::generate()?;
    write(path, &key.serialize_pem(), SECRET)?;
    Ok(key)
}

/// The key to a certificate that is there.
pub(crate) fn existing_key(path: &Path, certificate: &Path) -> Result<KeyPair, PkiError> {
    let torn = || PkiError::Torn { missing: path.to_owned(), present: certificate.to_owned() };
    let pem = read(path)?.ok_or_else(torn)?;
    KeyPair::from_pem(&pem).map_err(|error| bad(path, error))
}

/// The authority's certificate, DER.
pub(crate) fn ca_der(folder: &Folder) -> Result<CertificateDer<'static>, PkiError> {
    certificate(&folder.ca())
}

fn certificate(path: &Path) -> Result<CertificateDer<'static>, PkiError> {
    CertificateDer::from_pem_slice(required(path)?.as_bytes()).map_err(|error| bad(path, error))
}

/// A file that has to be there.
pub(crate) fn required(path: &Path) -> Result<String, PkiError> {
    let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
    read(path)?.ok_or_else(|| PkiError::Io { path: path.to_owned(), source: missing() })
}

fn bad(path: &Path, error: impl std::fmt::Display) -> PkiError {
    PkiError::File { path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The clock was three months ahead for a while.
    #[test]
    fn what_has_not_begun_is_replaced() {
        let path = tempfile::tempdir().unwrap();
        let (folder, kept) = (Folder::at(path.path()), Kept::default());
        let settings = PkiSettings {
            trust_domain: "isp.example".into(),
            server_path: "isp/64500/unis/1".into(),
            server_names: vec![],
            peer_life: Duration::from_secs(3600),
        };
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        found(&folder, &settings, now).unwrap();
        let upkeep = |after: i64| {
            let at = now + time::Duration::days(after);
            Bench::open(&folder, &kept, at).unwrap().upkeep(&settings).unwrap();
            let files = [folder.server(), folder.client(), folder.crl()];
            files.map(|file| required(&file).unwrap())
        };
        let ahead = upkeep(90);
        let right = upkeep(0);
        for (ahead, right) in ahead.iter().zip(&right) {
            assert_ne!(ahead, right);
        }
        assert_eq!(upkeep(0), right);
        assert_eq!(upkeep(1), right);
    }
}
