//! Where the authority works: its keys, its ledger and the lock on its folder, for one act.

use std::path::Path;

use rcgen::{KeyPair, PublicKeyData};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use time::OffsetDateTime;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use crate::identity::{SpiffeName, hex};
use crate::pki::authorities::{Authorities, Signer};
use crate::pki::folder::{Folder, Lock, PUBLIC, SECRET, read, required, write};
use crate::pki::issue::{self, CRL_LIFE, LEAF_LIFE, Leaf};
use crate::pki::journal::{Journal, Kept};
use crate::pki::ledger::{Entry, Ledger, State};
use crate::pki::{PkiError, PkiSettings};

/// Path of the first operator's name, whose certificate comes with the authority.
const FIRST_OPERATOR: &str = "operator/first-try";
/// Names by which every server is reached from its own host.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The authority's tools, taken out for one act.
pub(crate) struct Workbench {
    folder: Folder,
    cas: Authorities,
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
        write(&folder.ca(), &issue::authority((&settings.trust_domain, 1), &key, now)?, PUBLIC)?;
    }
    let mut bench = Workbench::under(lock, (folder, &Kept::default()), now)?;
    if read(&folder.crl())?.is_none() {
        bench.write_list()?;
    }
    for part in parts(folder, settings)? {
        if read(&part.certificate)?.is_none() {
            let key = key_for(&part.key)?;
            let pem = bench.issue_by(bench.of(&part), &part.leaf(), &key)?;
            write(&part.certificate, &pem, PUBLIC)?;
        } else {
            existing_key(&part.key, &part.certificate)?;
        }
    }
    Ok(())
}

impl Workbench {
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
        let cas = Authorities::load(folder)?;
        let (journal, kept) = (kept.take(folder)?, kept.clone());
        Ok(Self { folder: folder.clone(), cas, journal, kept, now, _lock: lock })
    }

    /// The CAs.
    pub(crate) const fn cas(&self) -> &Authorities {
        &self.cas
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
        self.issue_by(self.cas.issuing().number, leaf, key)
    }

    fn issue_by(
        &mut self,
        ca: u32,
        leaf: &Leaf<'_>,
        key: &impl PublicKeyData,
    ) -> Result<String, PkiError> {
        let by = self.cas.own().iter().find(|own| own.number == ca);
        let by = by.unwrap_or_else(|| self.cas.issuing());
        let signed = issue::certificate(leaf, key, by, self.now)?;
        self.journal.ledger.issue(signed.entry)?;
        self.store()?;
        Ok(signed.pem)
    }

    /// Signs the revocation lists anew. The ledger goes first: a crash in between leaves a list
    /// with an older number, which the next upkeep replaces.
    pub(crate) fn write_list(&mut self) -> Result<(), PkiError> {
        let number = self.journal.ledger.next_crl_number();
        self.store()?;
        let entries = self.journal.ledger.entries();
        let list = |by: &Signer| issue::revocation_list(entries, number, by, self.now);
        let lists: Result<String, PkiError> = self.cas.own().iter().map(list).collect();
        write(&self.folder.crl(), &lists?, PUBLIC)
    }

    /// Makes a CA that is trusted behind those of these numbers; its number. A crash on the way
    /// leaves a key of no CA, or lists that lack the new one's: upkeep makes both good.
    pub(crate) fn add_ca(&mut self, trust_domain: &str, behind: &[u32]) -> Result<u32, PkiError> {
        let (number, key) = (self.cas.free_number(), KeyPair::generate()?);
        let pem = issue::authority((trust_domain, number), &key, self.now)?;
        self.cas.keep(&self.folder, &key)?;
        self.cas.trust(&self.folder, behind, Some(&pem))?;
        self.cas = Authorities::load(&self.folder)?;
        Ok(number)
    }

    /// Trusts the CAs of these numbers, of which the first issues.
    pub(crate) fn trust(&mut self, numbers: &[u32]) -> Result<(), PkiError> {
        self.cas.trust(&self.folder, numbers, None)?;
        self.cas = Authorities::load(&self.folder)?;
        Ok(())
    }

    /// Ends what is of CAs that are trusted no more: keys, certificates, which are returned, lists.
    pub(crate) fn settle(&mut self) -> Result<Vec<Entry>, PkiError> {
        self.cas.sweep(&self.folder)?;
        let numbers: Vec<u32> = self.cas.own().iter().map(|ca| ca.number).collect();
        let now = self.seconds();
        let ended = self.journal.ledger.abandon(&numbers, now);
        self.store()?;
        if self.list_is_due()? {
            self.write_list()?;
            tracing::info!("revocation list renewed");
        }
        Ok(ended)
    }

    pub(crate) fn ca_pem(&self) -> Result<String, PkiError> {
        required(&self.folder.ca())
    }

    /// Renews what is past its time.
    pub(crate) fn upkeep(mut self, settings: &PkiSettings) -> Result<(), PkiError> {
        for part in parts(&self.folder, settings)? {
            self.renew_part(&part, self.of(&part))?;
        }
        // What is revoked is not renewed: what was of a CA that is gone has to be renewed first.
        self.settle().map(|_ended| ())
    }

    /// Has what comes with the authority signed by the CA of this number, by the names that it has
    /// now: settings that a command is given may name another server.
    pub(crate) fn turn(&mut self, what: Own, ca: u32) -> Result<(), PkiError> {
        let (certificate, key) = match what {
            Own::Server => (self.folder.server(), self.folder.server_key()),
            Own::Operator => (self.folder.client(), self.folder.client_key()),
        };
        let Some(entry) = self.entry_in(&certificate)? else { return Ok(()) };
        if entry.ca == ca || entry.state(self.seconds()) != State::Valid {
            return Ok(());
        }
        let (name, server_names) = (SpiffeName::parse(&entry.name)?, entry.server_names);
        let part = Part { certificate, key, name, server_names };
        let key = existing_key(&part.key, &part.certificate)?;
        let pem = self.issue_by(ca, &part.leaf(), &key)?;
        write(&part.certificate, &pem, PUBLIC)
    }

    /// The name of the server that comes with the authority.
    pub(crate) fn server_name(&self) -> Result<Option<String>, PkiError> {
        Ok(self.entry_in(&self.folder.server())?.map(|entry| entry.name))
    }

    fn entry_in(&self, path: &Path) -> Result<Option<Entry>, PkiError> {
        let der = certificate(path)?;
        let (_, parsed) = X509Certificate::from_der(&der).map_err(|error| bad(path, error))?;
        Ok(self.journal.ledger.find(&hex(parsed.raw_serial())).cloned())
    }

    fn renew_part(&mut self, part: &Part, ca: u32) -> Result<(), PkiError> {
        if self.is_due(part, ca)? {
            let key = existing_key(&part.key, &part.certificate)?;
            let pem = self.issue_by(ca, &part.leaf(), &key)?;
            write(&part.certificate, &pem, PUBLIC)?;
            tracing::info!(certificate = %part.certificate.display(), "renewed");
        }
        Ok(())
    }

    /// The CA that signs something which comes with the authority. The server is known by the
    /// oldest: who was away while the next was made finds it, and learns of the next there.
    fn of(&self, part: &Part) -> u32 {
        let is_server = part.certificate == self.folder.server();
        if is_server { self.cas.shown().number } else { self.cas.issuing().number }
    }

    /// Whether two thirds of a certificate's life are over, or it has not begun, as when a clock
    /// was wrong and is right again; or it is to have other names, or to be of another CA. A
    /// revoked one is not renewed, nor is one that was not issued here.
    fn is_due(&self, part: &Part, ca: u32) -> Result<bool, PkiError> {
        let path = &part.certificate;
        let der = certificate(path)?;
        let (_, parsed) = X509Certificate::from_der(&der).map_err(|error| bad(path, error))?;
        let ends = parsed.validity().not_after.timestamp();
        let Some(entry) = self.journal.ledger.find(&hex(parsed.raw_serial())) else {
            // The ledger forgets what ran out long ago: a server that was off for so long.
            return Ok(self.seconds() > ends && self.is_ours(&parsed));
        };
        if entry.state(self.seconds()) == State::Revoked {
            return Ok(false);
        }
        let is_named = entry.name == part.name.as_str() && entry.server_names == part.server_names;
        if !is_named || entry.ca != ca {
            return Ok(true);
        }
        let begins = parsed.validity().not_before.timestamp();
        let life = ends - begins;
        Ok(!(begins..begins + life / 3 * 2).contains(&self.seconds()))
    }

    /// Whether a certificate names this authority as its issuer.
    fn is_ours(&self, parsed: &X509Certificate<'_>) -> bool {
        self.cas.own().iter().any(|ca| ca.subject == parsed.issuer().as_raw())
    }

    /// Whether there is another list than one of each CA, or one is due.
    fn list_is_due(&self) -> Result<bool, PkiError> {
        let path = self.folder.crl();
        let pem = required(&path)?;
        let mut cas = self.cas.own().iter();
        for der in CertificateRevocationListDer::pem_slice_iter(pem.as_bytes()) {
            let der = der.map_err(|error| bad(&path, error))?;
            let (_, list) =
                CertificateRevocationList::from_der(&der).map_err(|error| bad(&path, error))?;
            let of = cas.next().map(|ca| &*ca.subject);
            if of != Some(list.issuer().as_raw()) || self.is_late(&list) {
                return Ok(true);
            }
        }
        Ok(cas.next().is_some())
    }

    /// Whether half of a revocation list's life is over, or it has not begun, or it is not the
    /// ledger's latest.
    fn is_late(&self, list: &CertificateRevocationList<'_>) -> bool {
        let number = list.crl_number().map(|number| number.to_u64_digits());
        let latest = number.is_some_and(|digits| digits == [self.journal.ledger.crl_number()]);
        let half: OffsetDateTime = self.now + CRL_LIFE / 2;
        let ends = list.next_update().map_or(0, |time| time.timestamp());
        let is_early = self.seconds() < list.last_update().timestamp();
        !latest || is_early || half.unix_timestamp() >= ends
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        self.kept.put(std::mem::take(&mut self.journal));
    }
}

/// Whose certificate comes with the authority.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Own {
    /// The server's.
    Server,
    /// The first operator's.
    Operator,
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

fn certificate(path: &Path) -> Result<CertificateDer<'static>, PkiError> {
    CertificateDer::from_pem_slice(required(path)?.as_bytes()).map_err(|error| bad(path, error))
}

fn bad(path: &Path, error: impl std::fmt::Display) -> PkiError {
    PkiError::file(path, error)
}

#[cfg(test)]
mod tests;
