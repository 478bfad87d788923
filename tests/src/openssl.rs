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

/// Keys as `openssl req` makes them.
const P_256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

/// A CA in a folder of its own, gone when dropped.
pub struct Authority {
    folder: tempfile::TempDir,
    /// What its clients show beside their own certificates, PEM.
    chain: String,
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
        let authority = Self { folder: tempfile::tempdir()?, chain: String::new() };
        authority.request("ca", P_256, &CA.map(str::to_owned), None)?;
        Ok(authority)
    }

    /// Makes a CA below this one, whose clients show its certificate and those between.
    ///
    /// # Errors
    /// openssl refuses.
    pub fn below(&self) -> anyhow::Result<Self> {
        let mut below = Self { folder: tempfile::tempdir()?, chain: String::new() };
        let ca = below.request("ca", P_256, &CA.map(str::to_owned), Some(self))?;
        below.chain = std::fs::read_to_string(ca.certificate)? + &self.chain;
        Ok(below)
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
        self.issue_over(P_256, file, name)
    }

    /// The same over a key of another kind, what `openssl req -newkey` takes.
    ///
    /// # Errors
    /// openssl refuses.
    pub fn issue_over(&self, kind: &str, file: &str, name: &str) -> anyhow::Result<Certificate> {
        let mut extensions = CLIENT.map(str::to_owned).to_vec();
        extensions.push(format!("subjectAltName={name}"));
        let made = self.request(file, kind, &extensions, Some(self))?;
        let certificate = std::fs::read_to_string(&made.certificate)?;
        std::fs::write(&made.certificate, certificate + &self.chain)?;
        Ok(made)
    }

    fn request(
        &self,
        file: &str,
        kind: &str,
        extensions: &[String],
        issuer: Option<&Self>,
    ) -> anyhow::Result<Certificate> {
        let path = |end: &str| self.folder.path().join(format!("{file}{end}"));
        let made = Certificate { certificate: path(".pem"), key: path("-key.pem") };
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-days", "2", "-subj", &format!("/CN={file}"), "-nodes"]);
        command.arg("-newkey").args(kind.split(' '));
        command.arg("-keyout").arg(&made.key).arg("-out").arg(&made.certificate);
        if let Some(issuer) = issuer {
            let key = issuer.folder.path().join("ca-key.pem");
            command.arg("-CA").arg(issuer.bundle()).arg("-CAkey").arg(key);
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

/// When the first certificate of a PEM file ends, Unix seconds.
///
/// # Errors
/// openssl refuses, or `date` does not know what it says.
pub fn end_of_certificate(file: &Path) -> anyhow::Result<f64> {
    unix_s(Command::new("openssl").args(["x509", "-noout", "-enddate", "-in"]).arg(file))
}

/// When a revocation list lapses, Unix seconds.
///
/// # Errors
/// As for [`end_of_certificate`].
pub fn end_of_list(file: &Path) -> anyhow::Result<f64> {
    unix_s(Command::new("openssl").args(["crl", "-noout", "-nextupdate", "-in"]).arg(file))
}

/// The SHA-256 of the first certificate of a PEM file, lower-case hex.
///
/// # Errors
/// openssl refuses.
pub fn fingerprint(file: &Path) -> anyhow::Result<String> {
    let mut command = Command::new("openssl");
    command.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(file);
    let said = String::from_utf8(finish(&mut command)?)?;
    let (_, print) = said.trim().split_once('=').context("no fingerprint")?;
    Ok(print.replace(':', "").to_lowercase())
}

/// `notAfter=Nov 29 04:17:36 2027 GMT` as Unix seconds.
fn unix_s(command: &mut Command) -> anyhow::Result<f64> {
    let said = String::from_utf8(finish(command)?)?;
    let (_, date) = said.trim().split_once('=').context("no date")?;
    let mut command = Command::new("date");
    let seconds = finish(command.args(["--utc", "+%s", "--date", date]))?;
    Ok(String::from_utf8(seconds)?.trim().parse()?)
}

/// Runs openssl, or its like, to its end: its standard output.
fn finish(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output().context("it cannot be run")?;
    if !output.status.success() {
        bail!("{:?}: {}", command.get_program(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}
