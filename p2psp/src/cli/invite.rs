//! `p2psp invite`: a token for a peer of a user.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use link::daemon::{pki_folder, pki_settings};
use link::pki::{Authority, Naming, TokenOrder};
use link::settings::is_base_url;
use mp2p::id::UserId;

use crate::cli::InputArguments;
use crate::settings::{Inputs, Settings};

/// A token lives no longer than this.
const MAX_TTL_MINUTES: u64 = 7 * 24 * 60;

/// Arguments of `p2psp invite`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The user: 1 to 64 characters of a-z 0-9 . _ -
    user: UserId,
    #[command(flatten)]
    inputs: InputArguments,
    /// Folder that holds the CA, below pki/
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Where the peer reaches this server [default: setting public-url, else localhost]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// How long the token is good
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    ttl_minutes: u64,
}

/// Prints the token. The peer's name will be the hash of the key that it makes, its certificate
/// names the user.
///
/// # Errors
/// There is no CA, or an argument is refused.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let minutes = arguments.ttl_minutes;
    if minutes == 0 || minutes > MAX_TTL_MINUTES {
        bail!("a token is good for 1 to {MAX_TTL_MINUTES} minutes, not {minutes}");
    }
    let inputs = Inputs { state_dir: arguments.state_dir.clone(), ..arguments.inputs.inputs() };
    let settings = Settings::load(&inputs)?;
    let near = || format!("https://localhost:{}", settings.listen.port());
    let url = arguments.url.clone().or_else(|| settings.public_url.clone()).unwrap_or_else(near);
    if !url.starts_with("https://") || !is_base_url(&url) {
        bail!("--url {url} is not of the form https://HOST[:PORT]");
    }
    let identity = settings.identity()?;
    let folder = pki_folder(&identity);
    let authority = Authority::open(&folder, &pki_settings(&identity, &folder)?)
        .context("no CA can be opened; `p2psp pki init` makes one")?;
    let token = authority.token(&TokenOrder {
        name: Naming::PeerOf { user: arguments.user.to_string() },
        server_names: Vec::new(),
        ttl: Duration::from_secs(60 * minutes),
        url,
    })?;
    writeln!(out, "{token}")?;
    Ok(ExitCode::SUCCESS)
}
