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
use crate::pki::folder::{Folder, read, required};
use crate::pki::issue::{LEAF_LIFE, Leaf};
use crate::pki::journal::Kept;
use crate::pki::ledger::{Entry, Pending};
use crate::pki::workbench::{Workbench, check_names, found};
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
    /// The certificates of the CAs that are trusted, PEM, the one that signed it first.
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

    /// What it was opened with.
    pub(crate) const fn settings(&self) -> &PkiSettings {
        &self.settings
    }

    /// Promises one certificate to whoever shows the token in time.
    ///
    /// # Errors
    /// [`PkiError::Foreign`] for a name outside the trust domain, [`PkiError::ServerName`].
    pub fn token(&self, order: &TokenOrder) -> Result<Token, PkiError> {
        let (name, user) = self.promised(order)?;
        let secret: [u8; 32] = random()?;
        let mut bench = self.workbench()?;
        let ca_fingerprints = bench.cas().own().iter().map(|ca| ca.fingerprint).collect();
        let ends = bench.seconds().saturating_add_unsigned(order.ttl.as_secs());
        let names = order.server_names.clone();
        let cas = bench.cas().own().iter().map(|ca| ca.number).collect();
        let token = Pending::new(&secret, name, names, ends).of(user).naming(cas);
        bench.ledger().promise(token)?;
        bench.store()?;
        Ok(Token { url: order.url.clone(), ca_fingerprints, secret })
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
        let mut bench = self.workbench()?;
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
        let mut bench = self.workbench()?;
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
        let mut bench = self.workbench()?;
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
        let mut bench = self.workbench()?;
        let voided = bench.ledger().void(user);
        bench.store()?;
        Ok(voided)
    }

    /// Every certificate remembered, oldest first; they are forgotten a month after their end.
    ///
    /// # Errors
    /// Those of reading the ledger.
    pub fn status(&self) -> Result<Vec<Entry>, PkiError> {
        Ok(self.workbench()?.ledger().entries().to_vec())
    }

    /// The certificates of the CAs that are trusted, PEM, the one that issues first.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn ca_pem(&self) -> Result<String, PkiError> {
        required(&self.folder.ca())
    }

    /// The revocation lists, PEM, one of each CA.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn crl_pem(&self) -> Result<String, PkiError> {
        required(&self.folder.crl())
    }

    /// Renews what is past its time: the server's and the first operator's certificate at two
    /// thirds of their life, when the settings name them otherwise or when they are to be of
    /// another CA; revocation lists at half of theirs.
    ///
    /// # Errors
    /// [`PkiError`]; what was renewed before stays renewed.
    pub fn upkeep(&self) -> Result<(), PkiError> {
        self.upkeep_at(OffsetDateTime::now_utc())
    }

    fn upkeep_at(&self, now: OffsetDateTime) -> Result<(), PkiError> {
        Workbench::open(&self.folder, &self.kept, now)?.upkeep(&self.settings)
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

    pub(crate) fn workbench(&self) -> Result<Workbench, PkiError> {
        Workbench::open(&self.folder, &self.kept, OffsetDateTime::now_utc())
    }
}

fn grant(
    bench: &mut Workbench,
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
mod tests;
