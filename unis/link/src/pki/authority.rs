//! The authority: promises, grants, revokes, keeps itself from running out.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateSigningRequestParams, PublicKeyData};
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::crypto::random;
use crate::identity::{Identity, SpiffeName, hex};
use crate::pki::bench::{Bench, ca_der, check_names, found, required};
use crate::pki::folder::{Folder, read};
use crate::pki::issue::{LEAF_LIFE, Leaf};
use crate::pki::journal::Kept;
use crate::pki::ledger::{Entry, Pending};
use crate::pki::{Naming, PkiError, PkiSettings, Refused, Token, TokenOrder};
use crate::shutdown::Shutdown;

/// How often a running server looks at what runs out.
const UPKEEP: Duration = Duration::from_secs(600);

/// A certificate authority on disk. Every act takes the folder's lock, reads what others did, acts
/// and writes; all of it blocks.
#[derive(Clone, Debug)]
pub struct Authority {
    folder: Folder,
    settings: PkiSettings,
    kept: Kept,
}

/// What one who enrolled or renewed receives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Granted {
    /// The certificate, PEM.
    pub certificate: String,
    /// The authority's certificate, PEM.
    pub ca: String,
    /// The name in the certificate.
    pub name: String,
}

impl Authority {
    /// Opens the authority at `path` and makes what is missing of it. What is there stays, but for
    /// certificates past two thirds of their life or of other names than those of the settings, and
    /// revocation lists past half of theirs. Names are checked before anything is made.
    ///
    /// # Errors
    /// [`PkiError`]; [`PkiError::Torn`] where a key is gone and its certificate is not.
    pub fn init(path: &Path, settings: &PkiSettings) -> Result<Self, PkiError> {
        let folder = Folder::at(path);
        check_names(&folder, settings)?;
        folder.create()?;
        found(&folder, settings, OffsetDateTime::now_utc())?;
        let (settings, kept) = (settings.clone(), Kept::default());
        let authority = Self { folder, settings, kept };
        authority.upkeep()?;
        Ok(authority)
    }

    /// Opens the authority that is at `path`: nothing is made and nothing renewed.
    ///
    /// # Errors
    /// [`PkiError::Absent`] where there is none; those of reading it.
    pub fn open(path: &Path, settings: &PkiSettings) -> Result<Self, PkiError> {
        let folder = Folder::at(path);
        if read(&folder.ca())?.is_none() {
            return Err(PkiError::Absent(path.to_owned()));
        }
        Ok(Self { folder, settings: settings.clone(), kept: Kept::default() })
    }

    /// Where the files are.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Promises one certificate to whoever shows the token in time.
    ///
    /// # Errors
    /// [`PkiError::Foreign`] for a name outside the trust domain, [`PkiError::ServerName`].
    pub fn token(&self, order: &TokenOrder) -> Result<Token, PkiError> {
        let (name, user) = self.promised(order)?;
        let secret: [u8; 32] = random()?;
        let ca_fingerprint = Sha256::digest(ca_der(&self.folder)?).into();
        let mut bench = self.bench()?;
        let ends = bench.seconds().saturating_add_unsigned(order.ttl.as_secs());
        let names = order.server_names.clone();
        bench.ledger().promise(Pending::new(&secret, name, names, ends).of(user))?;
        bench.store()?;
        Ok(Token { url: order.url.clone(), ca_fingerprint, secret })
    }

    /// The name that a token promises, and the user of a peer, whose name lacks its last part.
    fn promised(&self, order: &TokenOrder) -> Result<(String, Option<String>), PkiError> {
        let trust_domain = &self.settings.trust_domain;
        let name = match &order.name {
            Naming::Fixed(name) => name.clone(),
            // The user's name has the form of a segment; so will the key's.
            Naming::PeerOf { user } => SpiffeName::in_domain(trust_domain, user)?,
        };
        if name.trust_domain() != *trust_domain {
            return Err(PkiError::Foreign {
                name: name.to_string(),
                trust_domain: trust_domain.clone(),
            });
        }
        let server_names = &order.server_names;
        Leaf { name: &name, server_names, user: None, life: LEAF_LIFE }.check()?;
        Ok(match &order.name {
            Naming::Fixed(name) => (name.to_string(), None),
            Naming::PeerOf { user } => {
                (format!("spiffe://{trust_domain}/peer/"), Some(user.clone()))
            }
        })
    }

    /// Grants the certificate that a token's secret promises, over the key of `request` (PKCS #10,
    /// PEM or DER). Names in the request are ignored, its signature must be its key's.
    ///
    /// # Errors
    /// [`PkiError::Refused`]; other errors leave the token good.
    pub fn enroll(&self, secret: &[u8], request: &[u8]) -> Result<Granted, PkiError> {
        let request = parse(request)?;
        let mut bench = self.bench()?;
        let now = bench.seconds();
        let pending = bench.ledger().redeem(secret, now)?;
        let name = match &pending.user {
            None => pending.name,
            Some(_) => pending.name + &key_id(&request),
        };
        let name = SpiffeName::parse(&name)?;
        let user = pending.user.as_deref();
        let (server_names, life) = (&pending.server_names, self.life(user.is_some()));
        grant(&mut bench, &Leaf { name: &name, server_names, user, life }, &request)
    }

    /// Grants a new certificate to the holder of a valid one of this authority, by the same names.
    ///
    /// # Errors
    /// [`PkiError::Refused`].
    pub fn renew(&self, holder: &Identity, request: &[u8]) -> Result<Granted, PkiError> {
        let name = match &holder.name {
            Some(name) if holder.partner.is_none() => name,
            _ => return Err(Refused::NotRenewable.into()),
        };
        let request = parse(request)?;
        let mut bench = self.bench()?;
        let now = bench.seconds();
        let entry = bench.ledger().renewable(&holder.serial, name.as_str(), now)?;
        let (server_names, user) = (entry.server_names.clone(), entry.user.clone());
        if user.is_some() && !name.as_str().ends_with(&key_id(&request)) {
            return Err(Refused::OtherKey.into());
        }
        let life = self.life(user.is_some());
        let leaf = Leaf { name, server_names: &server_names, user: user.as_deref(), life };
        grant(&mut bench, &leaf, &request)
    }

    /// How long a certificate is good, of a peer or of anybody else.
    fn life(&self, of_peer: bool) -> time::Duration {
        let peer_life = time::Duration::try_from(self.settings.peer_life);
        if of_peer { peer_life.unwrap_or(LEAF_LIFE).min(LEAF_LIFE) } else { LEAF_LIFE }
    }

    /// Revokes a certificate by serial number, or all valid ones of a name, at once.
    ///
    /// # Errors
    /// [`PkiError::Unknown`] where nothing valid is meant.
    pub fn revoke(&self, which: &str) -> Result<Vec<Entry>, PkiError> {
        let mut bench = self.bench()?;
        let now = bench.seconds();
        let revoked = bench.ledger().revoke(which, now);
        if revoked.is_empty() {
            return Err(PkiError::Unknown(which.to_owned()));
        }
        bench.write_list()?;
        Ok(revoked)
    }

    /// Makes the tokens of a user that are still out good for nothing; how many.
    ///
    /// # Errors
    /// Those of reading and writing the ledger.
    pub fn void_tokens(&self, user: &str) -> Result<usize, PkiError> {
        let mut bench = self.bench()?;
        let voided = bench.ledger().void(user);
        bench.store()?;
        Ok(voided)
    }

    /// Every certificate remembered, oldest first; they are forgotten a month after their end.
    ///
    /// # Errors
    /// Those of reading the ledger.
    pub fn status(&self) -> Result<Vec<Entry>, PkiError> {
        Ok(self.bench()?.ledger().entries().to_vec())
    }

    /// The authority's certificate, PEM.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn ca_pem(&self) -> Result<String, PkiError> {
        required(&self.folder.ca())
    }

    /// The revocation list, PEM.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn crl_pem(&self) -> Result<String, PkiError> {
        required(&self.folder.crl())
    }

    /// Renews what is past its time: the server's and the first operator's certificate at two
    /// thirds of their life or when the settings name them otherwise, the revocation list at half
    /// of its.
    ///
    /// # Errors
    /// [`PkiError`]; what was renewed before stays renewed.
    pub fn upkeep(&self) -> Result<(), PkiError> {
        self.upkeep_at(OffsetDateTime::now_utc())
    }

    fn upkeep_at(&self, now: OffsetDateTime) -> Result<(), PkiError> {
        Bench::open(&self.folder, &self.kept, now)?.upkeep(&self.settings)
    }

    /// Does the [`Authority::upkeep`] of a running server until shutdown.
    pub async fn watch(self: Arc<Self>, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                () = tokio::time::sleep(UPKEEP) => {}
            }
            let authority = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || authority.upkeep()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "upkeep of the certificates failed"),
                Err(error) => tracing::error!(%error, "upkeep of the certificates broke off"),
            }
        }
    }

    fn bench(&self) -> Result<Bench, PkiError> {
        Bench::open(&self.folder, &self.kept, OffsetDateTime::now_utc())
    }
}

fn grant(
    bench: &mut Bench,
    leaf: &Leaf<'_>,
    request: &CertificateSigningRequestParams,
) -> Result<Granted, PkiError> {
    bench.ledger().has_room()?;
    let certificate = bench.issue(leaf, &request.public_key)?;
    Ok(Granted { certificate, ca: bench.ca_pem()?, name: leaf.name.to_string() })
}

/// What a peer with the key of a request is called.
fn key_id(request: &CertificateSigningRequestParams) -> String {
    hex(&Sha256::digest(request.public_key.subject_public_key_info()))
}

/// Reads a signing request and checks its signature.
fn parse(request: &[u8]) -> Result<CertificateSigningRequestParams, Refused> {
    let refused = |reason: String| Refused::Request(reason);
    let der = if request.starts_with(b"-----") {
        CertificateSigningRequestDer::from_pem_slice(request)
            .map_err(|error| refused(error.to_string()))?
    } else {
        CertificateSigningRequestDer::from(request)
    };
    CertificateSigningRequestParams::from_der(&der).map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> PkiSettings {
        PkiSettings {
            trust_domain: "isp.example".into(),
            server_path: "isp/64500/unis/1".into(),
            server_names: vec![],
            peer_life: Duration::from_secs(3600),
        }
    }

    fn authority(path: &Path) -> Authority {
        Authority::init(path, &settings()).unwrap()
    }

    fn files(authority: &Authority) -> Vec<String> {
        let folder = &authority.folder;
        let paths = [folder.ca(), folder.server(), folder.client(), folder.crl()];
        paths.iter().map(|path| required(path).unwrap()).collect()
    }

    fn changed(authority: &Authority, days: i64) -> [bool; 4] {
        let before = files(authority);
        authority.upkeep_at(OffsetDateTime::now_utc() + time::Duration::days(days)).unwrap();
        let after = files(authority);
        std::array::from_fn(|at| before[at] != after[at])
    }

    #[test]
    fn opening_again_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let before = files(&authority(folder.path()));
        assert_eq!(files(&authority(folder.path())), before);
    }

    #[test]
    fn looking_on_makes_and_renews_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let absent = Authority::open(folder.path(), &settings());
        assert!(matches!(absent, Err(PkiError::Absent(_))));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let before = files(&authority(folder.path()));
        let other = PkiSettings { server_names: vec!["unis.isp.example".into()], ..settings() };
        let opened = Authority::open(folder.path(), &other).unwrap();
        assert_eq!(opened.status().unwrap().len(), 2);
        assert_eq!(files(&opened), before);
    }

    #[test]
    fn a_server_of_another_name_gets_another_certificate() {
        let other = [
            PkiSettings { server_names: vec!["unis.isp.example".into()], ..settings() },
            PkiSettings { server_path: "isp/64500/unis/2".into(), ..settings() },
        ];
        for settings in other {
            let folder = tempfile::tempdir().unwrap();
            let before = files(&authority(folder.path()));
            let after = files(&Authority::init(folder.path(), &settings).unwrap());
            let changed: [bool; 4] = std::array::from_fn(|at| before[at] != after[at]);
            assert_eq!(changed, [false, true, false, false]);
            assert_eq!(files(&Authority::init(folder.path(), &settings).unwrap()), after);
        }
    }

    #[test]
    fn names_that_cannot_be_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = [
            PkiSettings { trust_domain: "not a domain".into(), ..settings() },
            PkiSettings { server_path: "a//b".into(), ..settings() },
            PkiSettings { server_names: vec!["a b".into()], ..settings() },
        ];
        for settings in wrong {
            let path = folder.path().join("pki");
            assert!(Authority::init(&path, &settings).is_err(), "{settings:?}");
            assert!(!path.exists());
        }
    }

    #[test]
    fn what_runs_out_is_renewed_before() {
        let folder = tempfile::tempdir().unwrap();
        let authority = authority(folder.path());
        assert_eq!(changed(&authority, 3), [false, false, false, false]);
        assert_eq!(changed(&authority, 4), [false, false, false, true]);
        assert_eq!(changed(&authority, 61), [false, true, true, true]);
    }

    #[test]
    fn a_revoked_certificate_is_not_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let authority = authority(folder.path());
        authority.revoke("spiffe://isp.example/operator/first-try").unwrap();
        assert_eq!(changed(&authority, 61), [false, true, false, true]);
    }

    #[test]
    fn a_lost_key_is_said_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let authority = authority(folder.path());
        std::fs::remove_file(authority.folder.ca_key()).unwrap();
        let again = Authority::init(folder.path(), &authority.settings);
        assert!(matches!(again, Err(PkiError::Torn { .. })));
    }

    #[test]
    fn names_of_others_are_not_promised() {
        let folder = tempfile::tempdir().unwrap();
        let order = TokenOrder {
            name: SpiffeName::parse("spiffe://other.example/peer/1").unwrap().into(),
            server_names: vec![],
            ttl: Duration::from_secs(60),
            url: String::new(),
        };
        let refused = authority(folder.path()).token(&order);
        assert!(matches!(refused, Err(PkiError::Foreign { .. })));
    }
}
