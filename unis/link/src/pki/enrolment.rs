//! The other end of the authority: fetch a first certificate with a token, renew it with itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use crate::client::{Client, ClientError, Response};
use crate::crypto::provider;
use crate::identity::hex;
use crate::metrics::Metrics;
use crate::pki::authorities::{number, pem_of};
use crate::pki::folder::{Folder, PUBLIC, SECRET, read, required, write};
use crate::pki::service::{EnrollRequest, Issued, RenewRequest};
use crate::pki::token::secret_text;
use crate::pki::workbench::existing_key;
use crate::pki::{PkiError, Token};
use crate::tls::{ClientTls, ClientTlsSettings, Material, ServerTrust, TlsError};

/// Largest answer read of a server that nobody vouches for.
const MAX_STRANGER_BYTES: usize = 64 << 10;
/// … and of one that is believed: revocation lists, as long as they are read from the disk.
const MAX_ANSWER_BYTES: usize = 64 << 20;
/// CAs that are believed at a time: two, and what the provider put beside.
const MAX_CAS: usize = 16;
const JSON: &str = "application/json";

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// A token is for https servers.
    #[error("`{0}` is no https address, and a token's secret goes nowhere else")]
    Plaintext(String),
    /// The server did not answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server refuses.
    #[error("{url} answers {status}: {text}")]
    Refused {
        /// Whom we asked.
        url: String,
        /// Its status.
        status: StatusCode,
        /// Its words.
        text: String,
    },
    /// The server's CA is not the one that the token names: somebody sits in between, or the token
    /// is of another server.
    #[error("the authority at {0} is not the one that the token names")]
    WrongAuthority(String),
    /// The answer makes no sense.
    #[error("{url} answers nonsense: {reason}")]
    Nonsense {
        /// Whom we asked.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// Keys or files.
    #[error(transparent)]
    Files(#[from] PkiError),
    /// TLS material.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Trades a token for a certificate: `ca.pem`, `crl.pem`, `client.pem` and `client-key.pem` in
/// `folder`. The key is made here and stays here. Returns the name in the certificate.
///
/// # Errors
/// [`EnrolmentError`]; [`EnrolmentError::WrongAuthority`] before the secret has left this machine.
pub async fn enroll(token: &Token, folder: &Path) -> Result<String, EnrolmentError> {
    enroll_with(token, folder, || Ok(KeyPair::generate().map_err(PkiError::from)?)).await
}

/// [`enroll`] with the key that is in `folder` from an earlier time: who is named by its key keeps
/// its name.
///
/// # Errors
/// As there; there is no key.
pub async fn enroll_again(token: &Token, folder: &Path) -> Result<String, EnrolmentError> {
    let files = Folder::at(folder);
    let key = || Ok(existing_key(&files.client_key(), &files.client())?);
    enroll_with(token, folder, key).await
}

async fn enroll_with(
    token: &Token,
    folder: &Path,
    key: impl FnOnce() -> Result<KeyPair, EnrolmentError>,
) -> Result<String, EnrolmentError> {
    let url = token.url.trim_end_matches('/');
    if !url.starts_with("https://") {
        return Err(EnrolmentError::Plaintext(url.to_owned()));
    }
    let ca = fetch_authority(url, token).await?;
    let folder = Folder::at(folder);
    folder.create()?;
    write(&folder.ca(), &ca, PUBLIC)?;
    let key = key()?;
    let csr = request(&key)?;
    let asked = EnrollRequest { secret: secret_text(&token.secret), csr };
    let client = client(trusting(&folder))?;
    let issued = ask(&client, &format!("{url}/pki/enroll"), &asked, &key).await?;
    write(&folder.client_key(), &key.serialize_pem(), SECRET)?;
    write(&folder.client(), &issued.certificate, PUBLIC)?;
    trust(&client, url, &folder).await?;
    Ok(issued.name)
}

/// A key that something good hangs on.
#[derive(Clone, Debug)]
pub struct Held {
    /// Where it lies.
    pub key: PathBuf,
    /// The name in its certificate; the file, where that has none.
    pub name: String,
    /// Days for which the certificate is good.
    pub days_left: i64,
}

/// The key in `folder` whose certificate is good today; `None`: nothing is lost with what is there.
#[must_use]
pub fn held(folder: &Path) -> Option<Held> {
    let (files, now) = (Folder::at(folder), UnixTime::now());
    let own = Material::load(&files.client(), &files.client_key(), now).ok()?;
    let name = own.name.map_or_else(|| files.client().display().to_string(), |it| it.to_string());
    let left_s = own.not_after.saturating_sub(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    Some(Held { key: files.client_key(), name, days_left: left_s / (24 * 60 * 60) })
}

/// Fetches whom to believe into `folder`, the certificates of the authority's CAs and their
/// revocation lists, where they are written if they changed: from a server that is believed, so
/// that who has heard of one CA hears of the next.
///
/// # Errors
/// [`EnrolmentError`]; what is in `folder` stays as it was.
pub async fn fetch_trust(url: &str, folder: &Path) -> Result<(), EnrolmentError> {
    TrustSource::of(url, folder).fetch().await.map(|_is_new| ())
}

/// The same again and again, over a connection that is kept.
#[derive(Debug)]
pub struct TrustSource {
    url: String,
    folder: Folder,
    client: Option<Client>,
}

impl TrustSource {
    /// Of the authority at `url`, into `folder`.
    #[must_use]
    pub fn of(url: &str, folder: &Path) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self { url, folder: Folder::at(folder), client: None }
    }

    /// See [`fetch_trust`]; whether the CAs are others than before.
    ///
    /// # Errors
    /// As there.
    pub async fn fetch(&mut self) -> Result<bool, EnrolmentError> {
        let known = self.client.take().map_or_else(|| client(trusting(&self.folder)), Ok)?;
        let is_new = trust(&known, &self.url, &self.folder).await?;
        // Where it failed, or there are others, the next one reads anew whom to trust.
        self.client = Some(known).filter(|_| !is_new);
        Ok(is_new)
    }
}

/// The serial numbers on the revocation lists in `folder`, lower-case hex, two digits a byte; none
/// without a list.
///
/// # Errors
/// The file holds something else.
pub fn revoked(folder: &Path) -> Result<BTreeSet<String>, PkiError> {
    let path = Folder::at(folder).crl();
    let Some(text) = read(&path)? else { return Ok(BTreeSet::new()) };
    let bad = |reason: String| PkiError::File { path: path.clone(), reason };
    let mut revoked = BTreeSet::new();
    for der in CertificateRevocationListDer::pem_slice_iter(text.as_bytes()) {
        let der = der.map_err(|error| bad(error.to_string()))?;
        let (_, list) =
            CertificateRevocationList::from_der(&der).map_err(|error| bad(error.to_string()))?;
        revoked.extend(list.iter_revoked_certificates().map(|entry| hex(entry.raw_serial())));
    }
    Ok(revoked)
}

/// The CAs that are believed by `folder`, the one that issues first, each as
/// [`crate::Identity::issuer`] has it.
///
/// # Errors
/// The file cannot be read, or holds something else.
pub fn issuers(folder: &Path) -> Result<Vec<String>, PkiError> {
    let path = Folder::at(folder).ca();
    let text = required(&path)?;
    let mut issuers = Vec::new();
    for der in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let der = der.map_err(|error| PkiError::file(&path, error))?;
        let (_, ca) =
            X509Certificate::from_der(&der).map_err(|error| PkiError::file(&path, error))?;
        issuers.push(hex(&Sha256::digest(ca.subject().as_raw())));
    }
    Ok(issuers)
}

/// Whether the certificate in `folder` is of another CA than the one that issues now: it is to be
/// renewed before that CA is trusted no more.
#[must_use]
pub fn is_outlived(folder: &Path) -> bool {
    let path = Folder::at(folder).client();
    let own = read(&path).ok().flatten().and_then(|text| {
        let der = CertificateDer::from_pem_slice(text.as_bytes()).ok()?;
        let (_, own) = X509Certificate::from_der(&der).ok()?;
        Some(hex(&Sha256::digest(own.issuer().as_raw())))
    });
    let issuing = issuers(folder).ok().and_then(|issuers| issuers.into_iter().next());
    own.is_some() && issuing.is_some() && own != issuing
}

/// Fetches the certificate of the authority at `url` into `folder`, where its SHA-256 is
/// `fingerprint`; where none is given, whichever answers is believed. Its fingerprint, 64 hex
/// digits. Where there are two CAs the server is known by the older.
///
/// # Errors
/// [`EnrolmentError::WrongAuthority`] where it has another fingerprint.
pub async fn meet_authority(
    url: &str,
    fingerprint: Option<&str>,
    folder: &Path,
) -> Result<String, EnrolmentError> {
    let url = url.trim_end_matches('/');
    let cas = unverified_authorities(url).await?;
    let oldest = cas.iter().min_by_key(|ca| ca.number);
    let oldest = oldest.ok_or_else(|| nonsense(url, "no CA"))?;
    let found = hex(&oldest.fingerprint);
    if fingerprint.is_some_and(|expected| expected.to_ascii_lowercase() != found) {
        return Err(EnrolmentError::WrongAuthority(format!("{url} ({found})")));
    }
    let folder = Folder::at(folder);
    folder.create()?;
    write(&folder.ca(), &oldest.pem, PUBLIC)?;
    Ok(found)
}

/// Takes over whom a believed server says to believe; whether the CAs are others than before. Lists
/// go first: a CA without its list would be no use.
async fn trust(client: &Client, url: &str, folder: &Folder) -> Result<bool, EnrolmentError> {
    let path = format!("{url}/pki/ca.pem");
    let cas = authorities(&path, client.get(&path, HeaderMap::new()).await?)?;
    let cas: String = cas.into_iter().map(|ca| ca.pem).collect();
    let path = format!("{url}/pki/crl.pem");
    let lists = granted(&path, client.get(&path, HeaderMap::new()).await?)?;
    let text = std::str::from_utf8(&lists).map_err(|error| nonsense(&path, error))?;
    CertificateRevocationListDer::from_pem_slice(&lists).map_err(|error| nonsense(&path, error))?;
    if read(&folder.crl())?.as_deref() != Some(text) {
        write(&folder.crl(), text, PUBLIC)?;
    }
    let is_new = read(&folder.ca())?.is_none_or(|known| known != cas);
    if is_new {
        write(&folder.ca(), &cas, PUBLIC)?;
    }
    Ok(is_new)
}

/// Renews the certificate in `folder` with itself, and whom to believe with it ([`fetch_trust`]).
/// Returns the name in it. The key stays: one file is replaced, so that neither a crash nor a
/// reload in between meets a key without its certificate.
///
/// # Errors
/// [`EnrolmentError`]; the certificate in `folder` stays as it was.
pub async fn renew(url: &str, folder: &Path) -> Result<String, EnrolmentError> {
    let url = url.trim_end_matches('/');
    let folder = Folder::at(folder);
    let key = existing_key(&folder.client_key(), &folder.client())?;
    let csr = request(&key)?;
    let mut settings = trusting(&folder);
    settings.own = Some((folder.client(), folder.client_key()));
    let client = client(settings)?;
    let issued = ask(&client, &format!("{url}/pki/renew"), &RenewRequest { csr }, &key).await?;
    // The CA that signed it may be new here.
    trust(&client, url, &folder).await?;
    write(&folder.client(), &issued.certificate, PUBLIC)?;
    Ok(issued.name)
}

/// A CA as a server told of it, re-encoded: nothing else of the answer is kept.
struct Told {
    pem: String,
    fingerprint: [u8; 32],
    number: u32,
}

/// The certificates, PEM, of those CAs that the token names.
async fn fetch_authority(url: &str, token: &Token) -> Result<String, EnrolmentError> {
    let cas = unverified_authorities(url).await?;
    let named = cas.into_iter().filter(|ca| token.ca_fingerprints.contains(&ca.fingerprint));
    let named: String = named.map(|ca| ca.pem).collect();
    if named.is_empty() {
        return Err(EnrolmentError::WrongAuthority(format!("{url}/pki/ca.pem")));
    }
    Ok(named)
}

/// The certificates that are served as the CAs': to be compared with what is known.
async fn unverified_authorities(url: &str) -> Result<Vec<Told>, EnrolmentError> {
    let tls = ClientTls::unverified().map_err(TlsError::from)?;
    let client = bounded(tls, MAX_STRANGER_BYTES);
    let url = format!("{url}/pki/ca.pem");
    authorities(&url, client.get(&url, HeaderMap::new()).await?)
}

fn authorities(url: &str, answer: Response) -> Result<Vec<Told>, EnrolmentError> {
    let text = granted(url, answer)?;
    let mut cas = Vec::new();
    for der in CertificateDer::pem_slice_iter(&text).take(MAX_CAS) {
        let der = der.map_err(|error| nonsense(url, error))?;
        let (_, ca) = X509Certificate::from_der(&der).map_err(|error| nonsense(url, error))?;
        let (pem, fingerprint) = (pem_of(&der), Sha256::digest(&der).into());
        cas.push(Told { pem, fingerprint, number: number(&ca) });
    }
    if cas.is_empty() { Err(nonsense(url, "no certificate")) } else { Ok(cas) }
}

/// Posts a signing request; what comes back must be over our key.
async fn ask(
    client: &Client,
    url: &str,
    asked: &impl serde::Serialize,
    key: &KeyPair,
) -> Result<Issued, EnrolmentError> {
    let body = serde_json::to_vec(asked).map_err(|error| nonsense(url, error))?;
    let answer = granted(url, client.post(url, JSON, JSON, body).await?)?;
    let issued: Issued = serde_json::from_slice(&answer).map_err(|error| nonsense(url, error))?;
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(issued.certificate.as_bytes()).collect();
    let chain = chain.map_err(|error| nonsense(url, error))?;
    let ours = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes())
        .map_err(|error| nonsense(url, error))?;
    CertifiedKey::from_der(chain, ours, &provider()).map_err(|error| nonsense(url, error))?;
    Ok(issued)
}

/// A signing request. Its subject says nothing: names are the server's to give.
fn request(key: &KeyPair) -> Result<String, PkiError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "enrolment");
    Ok(params.serialize_request(key)?.pem()?)
}

fn trusting(folder: &Folder) -> ClientTlsSettings {
    let server = ServerTrust { trust_domain: None, bundle: folder.ca(), crl: None };
    ClientTlsSettings { own: None, servers: vec![server], expected: None }
}

fn client(settings: ClientTlsSettings) -> Result<Client, EnrolmentError> {
    Ok(bounded(ClientTls::load(settings, Metrics::new())?, MAX_ANSWER_BYTES))
}

fn bounded(tls: Arc<ClientTls>, max_bytes: usize) -> Client {
    Client::builder().tls(tls).max_response_bytes(max_bytes).build()
}

fn granted(url: &str, response: Response) -> Result<bytes::Bytes, EnrolmentError> {
    if response.status == StatusCode::OK {
        return Ok(response.body);
    }
    let text = String::from_utf8_lossy(&response.body).trim().to_owned();
    Err(EnrolmentError::Refused { url: url.to_owned(), status: response.status, text })
}

fn nonsense(url: &str, reason: impl std::fmt::Display) -> EnrolmentError {
    EnrolmentError::Nonsense { url: url.to_owned(), reason: reason.to_string() }
}
