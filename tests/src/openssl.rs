//! Certificates made by the real openssl: of partners, and of those who would like to be some.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Extensions of a CA certificate (RFC 5280 §4.2.1).
const CA: [&str; 2] =
    ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
/// Extensions of a client's certificate.
const CLIENT: [&str; 3] = [
    "basicConstraints=critical,CA:FALSE",
    "keyUsage=critical,digitalSignature",
    "extendedKeyUsage=clientAuth",
];

/// A CA in a folder of its own, gone when dropped.
pub struct Authority {
    folder: tempfile::TempDir,
}

/// A certificate with its key, PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Authority {
    /// Makes a CA.
    ///
    /// # Errors
    /// openssl refuses.
    pub fn new() -> anyhow::Result<Self> {
        let authority = Self { folder: tempfile::tempdir()? };
        authority.request("ca", &CA.map(str::to_owned), false)?;
        Ok(authority)
    }

    /// Its certificate.
    #[must_use]
    pub fn bundle(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Issues a client's certificate with one subject alternative name, such as `URI:spiffe://…`.
    ///
    /// # Errors
    /// openssl refuses.
    pub fn issue(&self, file: &str, name: &str) -> anyhow::Result<Certificate> {
        let mut extensions = CLIENT.map(str::to_owned).to_vec();
        extensions.push(format!("subjectAltName={name}"));
        self.request(file, &extensions, true)
    }

    fn request(
        &self,
        file: &str,
        extensions: &[String],
        issued: bool,
    ) -> anyhow::Result<Certificate> {
        let path = |end: &str| self.folder.path().join(format!("{file}{end}"));
        let made = Certificate { certificate: path(".pem"), key: path("-key.pem") };
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-days", "2", "-subj", &format!("/CN={file}"), "-nodes"]);
        command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        command.arg("-keyout").arg(&made.key).arg("-out").arg(&made.certificate);
        if issued {
            let key = self.folder.path().join("ca-key.pem");
            command.arg("-CA").arg(self.bundle()).arg("-CAkey").arg(key);
        }
        for extension in extensions {
            command.args(["-addext", extension]);
        }
        finish(&mut command)?;
        Ok(made)
    }
}

/// The certificate that a server shows: its subject alternative names, as openssl prints them.
///
/// # Errors
/// The server shows none that `ca` vouches for.
pub fn names_of_server(authority: &str, ca: &Path) -> anyhow::Result<Vec<String>> {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-verify_return_error", "-connect", authority, "-CAfile"]).arg(ca);
    let shown = finish(&mut command)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("server.pem");
    std::fs::write(&file, shown)?;
    let mut command = Command::new("openssl");
    command.args(["x509", "-noout", "-ext", "subjectAltName", "-in"]).arg(&file);
    let text = String::from_utf8(finish(&mut command)?)?;
    let names = text.lines().nth(1).context("the certificate has no subject alternative name")?;
    Ok(names.split(',').map(|name| name.trim().to_owned()).collect())
}

/// Runs openssl to its end: its standard output.
fn finish(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output().context("openssl cannot be run")?;
    if !output.status.success() {
        bail!("openssl: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}
