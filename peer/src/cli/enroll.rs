//! `peer enroll`: a key and a certificate for it.

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use link::pki::{Token, enrolment};

use crate::cli::InputArguments;
use crate::home::ProviderFile;
use crate::identity::Identity;

/// Arguments of `peer enroll`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The token; `p2psp invite USER` prints one
    token: Token,
    #[command(flatten)]
    inputs: InputArguments,
    /// Take a new key where this peer has one already; the old one is of no use any more
    #[arg(long)]
    again: bool,
}

/// Trades the token for a certificate; the key is made here and stays here.
///
/// # Errors
/// The provider refuses, or this peer has a certificate.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (_settings, home) = arguments.inputs.open()?;
    if !arguments.again && home.provider().is_ok() {
        bail!("{} has a certificate already; --again gets another", home.folder().display());
    }
    let pki = home.pki();
    crate::home::make_private(&pki)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let name = runtime.block_on(enrolment::enroll(&arguments.token, &pki))?;
    let url = arguments.token.url.trim_end_matches('/').to_owned();
    home.remember(&ProviderFile { url, name })?;
    let identity = Identity::open(&home)?;
    let user = identity.user.map_or_else(String::new, |user| format!(" of {user}"));
    writeln!(out, "peer {}{user} at {}", identity.peer, identity.url)?;
    Ok(ExitCode::SUCCESS)
}
