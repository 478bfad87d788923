//! The real curl, over mutual TLS.

use std::path::Path;
use std::process::{Command, Output};

use crate::http::{Answer, read_answer};
use crate::unis::Unis;

/// `curl` with the CA and the client certificate of a server's first-try material.
#[must_use]
pub fn with_certificate(server: &Unis) -> Command {
    with(&server.pki("ca.pem"), Some((&server.pki("client.pem"), &server.pki("client-key.pem"))))
}

/// `curl` that trusts `ca`, with a certificate and its key if given.
#[must_use]
pub fn with(ca: &Path, certificate: Option<(&Path, &Path)>) -> Command {
    let mut command = Command::new("curl");
    command
        .args([
            "--silent",
            "--show-error",
            "--include",
            "--http1.1",
            "--max-time",
            "60",
            "--cacert",
        ])
        .arg(ca);
    if let Some((certificate, key)) = certificate {
        command.arg("--cert").arg(certificate).arg("--key").arg(key);
    }
    command
}

/// Runs it: the answer, or what curl says went wrong (exit code and message).
///
/// # Errors
/// There is no answer.
///
/// # Panics
/// curl is not installed.
pub fn run(command: &mut Command) -> Result<Answer, String> {
    let Output { status, stdout, stderr } = match command.output() {
        Ok(output) => output,
        Err(error) => panic!("curl cannot be run: {error}"),
    };
    if !status.success() {
        return Err(format!("curl {:?}: {}", status.code(), String::from_utf8_lossy(&stderr)));
    }
    read_answer(&mut stdout.as_slice(), "GET").map_err(|error| format!("{error:#}"))
}
