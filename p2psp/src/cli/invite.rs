//! `p2psp invite`: a token for a peer of a user.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use link::daemon::pki::{authority, reached_at, tell_url};
use link::pki::{Authority, Naming, TokenOrder};
use link::settings::is_base_url;
use mp2p::id::{PeerId, UserId};

use crate::cli::state::{StateArguments, operator, wait};

/// A token lives no longer than this.
const MAX_TTL_MINUTES: u64 = 7 * 24 * 60;

const EXAMPLES: &str = "\
Examples:
  p2psp invite anna --state-dir state                        a token of an hour
  p2psp invite anna --config p2psp.toml --ttl-minutes 1440 --url https://p2psp.example:7443
  p2psp invite anna --config p2psp.toml --lost PEER-ID       for a peer whose key is lost";

/// Arguments of `p2psp invite`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The user: 1 to 64 characters of a-z 0-9 . _ -
    user: UserId,
    #[command(flatten)]
    state: StateArguments,
    /// Where the peer reaches this server [default: setting public-url, else localhost]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The id of a peer of the user's whose key was lost: it ends now
    #[arg(long, value_name = "PEER-ID")]
    lost: Option<PeerId>,
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
    let settings = arguments.state.settings()?;
    let near = || reached_at(settings.public_url.as_deref(), settings.listen);
    let url = arguments.url.clone().unwrap_or_else(near);
    if !url.starts_with("https://") || !is_base_url(&url) {
        bail!("--url {url} is not of the form https://HOST[:PORT]");
    }
    // A process without UMS knows nobody.
    if let Ok(ums) = arguments.state.ums()
        && wait(ums.profile(&arguments.user))?.is_some_and(|profile| profile.locked_out)
    {
        let user = &arguments.user;
        bail!("{user} is locked out; `p2psp users admit {user}` lets in again");
    }
    let identity = settings.identity()?;
    let (authority, _) = authority(&identity, "p2psp")?;
    if let Some(peer) = &arguments.lost {
        end(&arguments.state, &authority, (&arguments.user, peer))?;
    }
    let token = authority.token(&TokenOrder {
        name: Naming::PeerOf { user: arguments.user.to_string() },
        server_names: Vec::new(),
        ttl: Duration::from_secs(60 * minutes),
        url: url.clone(),
    })?;
    writeln!(out, "{token}")?;
    if arguments.url.is_none() {
        tell_url(&url);
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends a peer whose key is lost, in the ledger and in the CA.
fn end(
    state: &StateArguments,
    authority: &Authority,
    (user, peer): (&UserId, &PeerId),
) -> anyhow::Result<()> {
    let ums = state.ums()?;
    let is_theirs = match wait(ums.ledger().standing(peer))? {
        Some(standing) => standing.user == *user,
        // It has enrolled and joined nothing yet.
        None => {
            let id = peer.digits();
            let mut issued = authority.status()?.into_iter();
            issued.any(|it| it.user.as_deref() == Some(user.as_str()) && it.peer() == Some(&*id))
        }
    };
    if !is_theirs {
        bail!("{user} has no peer {peer}");
    }
    wait(ums.ledger().end_peer(peer, &operator()))?;
    state.revoke(&peer.digits()).map(|_| ())
}
