//! Certificates, keys and revocation lists as they lie on disk.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use crate::regular;

/// Largest file read; a revocation list of 200,000 entries has about 8 MB.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// First byte of DER: a SEQUENCE. PEM begins with printable text.
const DER_SEQUENCE: u8 = 0x30;

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// It is larger than any such file should be.
    #[error("{}: larger than {MAX_FILE_BYTES} bytes", .0.display())]
    TooLarge(PathBuf),
    /// It holds broken PEM.
    #[error("{}: broken PEM: {reason}", .path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        reason: String,
    },
    /// It holds none of what it is there for.
    #[error("{}: holds no {what}", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
}

/// All certificates of a PEM file, in its order; at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    non_empty(path, found, "certificate")
}

/// All revocation lists of a PEM file, or the one of a DER file; at least one.
pub(crate) fn revocation_lists(
    path: &Path,
) -> Result<Vec<CertificateRevocationListDer<'static>>, FileError> {
    let bytes = read(path)?;
    if bytes.first() == Some(&DER_SEQUENCE) {
        return Ok(vec![CertificateRevocationListDer::from(bytes)]);
    }
    let found: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
    non_empty(path, found, "revocation list")
}

/// The private key of a PEM file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, FileError> {
    let bytes = read(path)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        pem::Error::NoItemsFound => FileError::Empty { path: path.to_owned(), what: "private key" },
        other => FileError::Pem { path: path.to_owned(), reason: broken(&other) },
    })
}

fn non_empty<T>(
    path: &Path,
    found: Result<Vec<T>, pem::Error>,
    what: &'static str,
) -> Result<Vec<T>, FileError> {
    let found =
        found.map_err(|error| FileError::Pem { path: path.to_owned(), reason: broken(&error) })?;
    if found.is_empty() {
        return Err(FileError::Empty { path: path.to_owned(), what });
    }
    Ok(found)
}

/// What is wrong with PEM; the library would write out the bytes of a line as numbers.
fn broken(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { end_marker } => {
            let what = String::from_utf8_lossy(end_marker);
            format!("what begins with BEGIN {what} has no END {what}: the file may be cut off")
        }
        pem::Error::IllegalSectionStart { line } => {
            format!("a part begins with {:?}", String::from_utf8_lossy(line))
        }
        other => other.to_string(),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    regular::read(path, MAX_FILE_BYTES).map_err(|source| match source.kind() {
        ErrorKind::FileTooLarge => FileError::TooLarge(path.to_owned()),
        _ => FileError::Read { path: path.to_owned(), source },
    })
}

#[cfg(test)]
mod tests {
    use crate::trust::files::revocation_lists;

    #[test]
    fn a_list_that_broke_off_is_told_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crl.pem");
        for (text, told) in [
            ("-----BEGIN X509 CRL-----\nMIIB\n", "BEGIN X509 CRL has no END X509 CRL"),
            ("-----BEGIN X509 CRL\nMIIB\n", "begins with \"-----BEGIN X509 CRL"),
        ] {
            std::fs::write(&path, text).unwrap();
            let said = revocation_lists(&path).unwrap_err().to_string();
            assert!(said.contains(told), "{said}");
        }
    }
}
