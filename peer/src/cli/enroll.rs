//! `peer enroll`: a key and a certificate for it.

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use link::pki::{Token, enrolment};
use link::settings::is_base_url;

use crate::cli::InputArguments;
use crate::cli::session::block_on;
use crate::control::Control;
use crate::home::{Home, ProviderFile, make_private};
use crate::identity::Identity;

/// Arguments of `peer enroll`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The token; `p2psp invite USER` prints one, `peer login --further` another
    token: Token,
    #[command(flatten)]
    inputs: InputArguments,
    /// Take a new key where this peer has one already; the old one is of no use any more
    #[arg(long)]
    again: bool,
    /// Keep the key that this peer has, and so its name, where its certificate has run out
    #[arg(long, conflicts_with = "again")]
    same_key: bool,
}

/// Trades the token for a certificate; the key is made here and stays here.
///
/// # Errors
/// The provider refuses, or this peer has a certificate.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (_settings, home) = arguments.inputs.open()?;
    if !arguments.again && !arguments.same_key && home.provider().is_ok() {
        let folder = home.folder().display();
        bail!("{folder} has a certificate already; --again or --same-key gets another");
    }
    block_on(async {
        // The running peer goes by the key that it had; it renews whatever certificate is there.
        if arguments.again && Control::at(&home.socket()).is_running().await {
            let folder = home.folder().display();
            bail!("a peer is running with {folder}; end it before it gets another key");
        }
        with_token(&home, &arguments.token, arguments.same_key, out).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Trades a token for a certificate, and remembers where from.
pub(crate) async fn with_token(
    home: &Home,
    token: &Token,
    same_key: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if !is_base_url(token.url.trim_end_matches('/')) {
        bail!("this is no enrolment token: it may be cut off, or have more behind it");
    }
    let pki = home.pki();
    make_private(&pki)?;
    let name = match same_key {
        true => enrolment::enroll_again(token, &pki).await?,
        false => enrolment::enroll(token, &pki).await?,
    };
    let url = token.url.trim_end_matches('/').to_owned();
    home.remember(&ProviderFile { url, name })?;
    let identity = Identity::open(home)?;
    let user = identity.user.map_or_else(String::new, |user| format!(" of {user}"));
    writeln!(out, "peer {}{user} at {}", identity.peer, identity.url)?;
    Ok(())
}
