//! The CAs of one organisation: one, or two while the next takes over from the last.
//!
//! ```text
//!             alone    next     switch   retire
//!  ca.pem      1   ─►  1 2  ─►  2 1  ─►   2       each step replaces the file as a whole
//!  issues      1       1        2         2       the first
//!  is shown    1       1        1         2       the oldest: who was away learns of the next
//! ```
//!
//! A key in `ca-key.pem` is the CA's whose public key is its own; one of no CA in `ca.pem` is what a
//! crash has left, and goes at the next [`Authorities::sweep`].

use rcgen::{Issuer, KeyPair, PublicKeyData};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::pki::PkiError;
use crate::pki::folder::{Folder, PUBLIC, SECRET, read, required, write};

/// What stands between an authority's domain and its number in its name.
const NUMBERED: &str = " CA ";

/// A CA that signs.
pub(crate) struct Signer {
    /// 1 for the first of an organisation, which does not bear it.
    pub(crate) number: u32,
    /// SHA-256 of its certificate.
    pub(crate) fingerprint: [u8; 32],
    /// Its name, DER.
    pub(crate) subject: Vec<u8>,
    /// Unix seconds.
    pub(crate) not_before: i64,
    /// Unix seconds.
    pub(crate) not_after: i64,
    pub(crate) issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// Those that are trusted, the one that issues first.
pub(crate) struct Authorities {
    own: Vec<Signer>,
    /// Certificates without a key here, which the operator put beside.
    beside: Vec<String>,
    keys: usize,
}

/// The name of an authority.
pub(crate) fn common_name(trust_domain: &str, number: u32) -> String {
    match number {
        1 => format!("{trust_domain} CA"),
        _ => format!("{trust_domain}{NUMBERED}{number}"),
    }
}

/// Its number, by its name.
pub(crate) fn number(ca: &X509Certificate<'_>) -> u32 {
    let name = ca.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    let number = name.and_then(|name| name.rsplit_once(NUMBERED)?.1.parse().ok());
    number.unwrap_or(1)
}

impl Authorities {
    /// As they are in a folder; its lock has to be held.
    pub(crate) fn load(folder: &Folder) -> Result<Self, PkiError> {
        let (certificates, path) = (folder.ca(), folder.ca_key());
        let bundle = required(&certificates)?;
        let torn = || PkiError::Torn { missing: path.clone(), present: certificates.clone() };
        let text = read(&path)?.ok_or_else(torn)?;
        let mut keys = Vec::new();
        for key in PrivateKeyDer::pem_slice_iter(text.as_bytes()) {
            let key = key.map_err(|error| PkiError::file(&path, error))?;
            keys.push(KeyPair::try_from(&key).map_err(|error| PkiError::file(&path, error))?);
        }
        let mut all = Self { own: Vec::new(), beside: Vec::new(), keys: keys.len() };
        for der in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
            let der = der.map_err(|error| PkiError::file(&certificates, error))?;
            all.add(&der, &mut keys).map_err(|error| PkiError::file(&certificates, error))?;
            if all.own.is_empty() {
                return Err(PkiError::file(&path, "no key of the first CA in ca.pem"));
            }
        }
        if all.own.is_empty() {
            return Err(PkiError::file(&certificates, "no certificate"));
        }
        Ok(all)
    }

    fn add(&mut self, der: &CertificateDer<'_>, keys: &mut Vec<KeyPair>) -> Result<(), String> {
        let (_, parsed) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
        let is_its = |key: &KeyPair| key.subject_public_key_info() == parsed.public_key().raw;
        let pem = pem_of(der);
        let Some(at) = keys.iter().position(is_its) else {
            self.beside.push(pem);
            return Ok(());
        };
        let issuer = Issuer::from_ca_cert_der(der, keys.swap_remove(at));
        self.own.push(Signer {
            number: number(&parsed),
            fingerprint: Sha256::digest(der).into(),
            subject: parsed.subject().as_raw().to_vec(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            issuer: issuer.map_err(|error| error.to_string())?,
            pem,
        });
        Ok(())
    }

    /// All of them.
    pub(crate) fn own(&self) -> &[Signer] {
        &self.own
    }

    /// The one that signs certificates.
    pub(crate) fn issuing(&self) -> &Signer {
        &self.own[0]
    }

    /// The one by which the server that has the authority is known.
    pub(crate) fn shown(&self) -> &Signer {
        self.own.iter().min_by_key(|ca| ca.number).unwrap_or(&self.own[0])
    }

    /// The one that waits for its turn.
    pub(crate) fn next(&self) -> Option<&Signer> {
        self.own.iter().find(|ca| ca.number > self.issuing().number)
    }

    /// The one whose turn is over.
    pub(crate) fn last(&self) -> Option<&Signer> {
        self.own.iter().find(|ca| ca.number < self.issuing().number)
    }

    /// The number of one that is still to be made.
    pub(crate) fn free_number(&self) -> u32 {
        self.own.iter().map(|ca| ca.number).max().unwrap_or_default().saturating_add(1)
    }

    /// Has the key of a CA to come lie beside the others.
    pub(crate) fn keep(&self, folder: &Folder, key: &KeyPair) -> Result<(), PkiError> {
        let keys = self.own.iter().map(|ca| ca.issuer.key()).chain([key]);
        let text: String = keys.map(KeyPair::serialize_pem).collect();
        write(&folder.ca_key(), &text, SECRET)
    }

    /// Trusts these of them from now on, the first issuing, and `new` behind.
    pub(crate) fn trust(
        &self,
        folder: &Folder,
        numbers: &[u32],
        new: Option<&str>,
    ) -> Result<(), PkiError> {
        let of = |number: &u32| self.own.iter().find(|ca| ca.number == *number);
        let own = numbers.iter().filter_map(of).map(|ca| &*ca.pem);
        let text: String = own.chain(new).chain(self.beside.iter().map(|pem| &**pem)).collect();
        write(&folder.ca(), &text, PUBLIC)
    }

    /// Destroys keys of no CA.
    pub(crate) fn sweep(&mut self, folder: &Folder) -> Result<(), PkiError> {
        if self.keys > self.own.len() {
            let keys = self.own.iter().map(|ca| ca.issuer.key());
            let text: String = keys.map(KeyPair::serialize_pem).collect();
            write(&folder.ca_key(), &text, SECRET)?;
            self.keys = self.own.len();
        }
        Ok(())
    }
}

/// A certificate as PEM.
pub(crate) fn pem_of(der: &CertificateDer<'_>) -> String {
    use base64::Engine;
    /// Characters of a line (RFC 7468 §2).
    const LINE: usize = 64;
    let coded = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = (0..coded.len())
        .step_by(LINE)
        .filter_map(|from| coded.get(from..coded.len().min(from + LINE)))
        .collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
