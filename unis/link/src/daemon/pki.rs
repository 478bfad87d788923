//! The `pki` command of a daemon: the CA of this organisation on the machine that holds its state,
//! and enrolment on a client's.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};

use crate::daemon::ca::{self, Step};
use crate::daemon::identities::{IdentitySettings, open_authority, pki_folder, pki_settings};
use crate::identity::{Role, SpiffeName};
use crate::pki::{Authority, Entry, Folder, PkiSettings, State, Token, TokenOrder, enrolment};
use crate::settings::is_base_url;

/// A token lives no longer than this.
const MAX_TTL_MINUTES: u64 = 24 * 60;

/// The arguments by which a daemon finds its settings, flattened into those of its commands.
pub trait Household: Args {
    /// The program's name.
    const PROGRAM: &'static str;

    /// Who the daemon is, by its settings; `state_dir` wins over them.
    ///
    /// # Errors
    /// The settings are refused.
    fn identity(&self, state_dir: Option<PathBuf>) -> anyhow::Result<IdentitySettings>;

    /// Where clients reach the daemon, by its settings, as [`reached_at`] says.
    ///
    /// # Errors
    /// The settings are refused.
    fn url(&self, state_dir: Option<PathBuf>) -> anyhow::Result<String>;

    /// What else is to be known of a step from one CA to another, by its name, and the CA's number.
    ///
    /// # Errors
    /// It cannot be kept.
    fn turned(&self, _state_dir: Option<PathBuf>, _step: &str, _ca: u32) -> anyhow::Result<()> {
        Ok(())
    }

    /// What else is to be known of certificates that were revoked.
    ///
    /// # Errors
    /// It cannot be kept.
    fn revoked(&self, _state_dir: Option<PathBuf>, _entries: &[Entry]) -> anyhow::Result<()> {
        Ok(())
    }
}

/// The public URL where there is one, else the port on this machine: `https://HOST[:PORT]`.
#[must_use]
pub fn reached_at(public_url: Option<&str>, listen: SocketAddr) -> String {
    public_url.map_or_else(|| format!("https://localhost:{}", listen.port()), str::to_owned)
}

/// Opens the CA of this process.
///
/// # Errors
/// It is elsewhere, by the settings or by what lies in the folder, or there is none as yet.
pub fn authority(
    settings: &IdentitySettings,
    program: &str,
) -> anyhow::Result<(Authority, PkiSettings)> {
    let folder = pki_folder(settings);
    let files = Folder::at(&folder);
    let enrolled = files.ca().exists() && !files.ca_key().exists() && !files.server().exists();
    let elsewhere = match &settings.authority_url {
        Some(url) => Some(format!("at {url}")),
        None if enrolled => Some(format!("where {} was enrolled for", files.client().display())),
        None => None,
    };
    if let Some(place) = elsewhere {
        bail!(
            "the CA is not here but {place}: run this with the settings, or --state-dir, of the server that has it"
        );
    }
    let names = pki_settings(settings, &folder)?;
    let authority = Authority::open(&folder, &names)
        .with_context(|| format!("no CA can be opened; `{program} pki init` makes one"))?;
    Ok((authority, names))
}

/// Says whom a token leads to, on standard error: what is printed is the token alone.
pub fn tell_url(url: &str) {
    eprintln!("the token leads to {url}; --url names another address");
}

/// Arguments of the `pki` command.
#[derive(Args, Debug)]
pub struct Arguments<H: Args> {
    #[command(subcommand)]
    what: What<H>,
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
enum What<H: Args> {
    /// Create the CA, the server's certificate, a client certificate for a first try and the
    /// revocation list
    Init {
        #[command(flatten)]
        state: StateArguments<H>,
        /// Trust domain of this organisation, such as isp.example [default: setting trust-domain]
        #[arg(long, value_name = "DOMAIN")]
        org: Option<String>,
    },
    /// Print a one-time token with which a client gets a certificate of a name
    Token {
        /// Name below the trust domain, such as p2psp/acme/oms/1 or operator/anna, or a whole
        /// spiffe:// URI
        name: String,
        #[command(flatten)]
        state: StateArguments<H>,
        /// Where the client reaches this server [default: setting public-url, else localhost]
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// How long the token is good
        #[arg(long, value_name = "MINUTES", default_value_t = 15)]
        ttl_minutes: u64,
        /// For a server: DNS name or address that its certificate is to have, repeatable
        #[arg(long = "server-name", value_name = "NAME")]
        server_names: Vec<String>,
    },
    /// On the client: make a key, and get a certificate for it with a token
    Enroll {
        /// The token
        token: Token,
        /// Folder for ca.pem, client.pem and client-key.pem
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Replace a key that is there already, and whose certificate is good
        #[arg(long)]
        force: bool,
    },
    /// On the client: get a new certificate with the one at hand
    Renew {
        /// The server
        #[arg(long, value_name = "URL")]
        url: String,
        /// Folder of the certificate at hand
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Revoke a certificate, by its name or its serial number; acts on a running server at once
    Revoke {
        /// Name or serial number
        which: String,
        #[command(flatten)]
        state: StateArguments<H>,
    },
    /// Show the CAs that are trusted, or go from one to the next: `next`, an hour later `switch`, and
    /// when everybody has renewed `retire`; acts on running servers within seconds
    Ca {
        /// What to do
        #[arg(value_enum, default_value_t)]
        step: Step,
        #[command(flatten)]
        state: StateArguments<H>,
        /// Do not wait for anybody: who has not heard of the new CA, or has no certificate of it,
        /// enrols again
        #[arg(long)]
        now: bool,
    },
    /// List the certificates issued
    Status {
        #[command(flatten)]
        state: StateArguments<H>,
        /// How to print the list
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

#[derive(Args, Debug)]
struct StateArguments<H: Args> {
    /// Folder that holds the CA, below pki/
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    #[command(flatten)]
    inputs: H,
}

impl<H: Household> StateArguments<H> {
    fn settings(&self) -> anyhow::Result<IdentitySettings> {
        self.inputs.identity(self.state_dir.clone())
    }

    /// The CA that is there already.
    fn authority(&self) -> anyhow::Result<(Authority, PkiSettings)> {
        authority(&self.settings()?, H::PROGRAM)
    }
}

/// Does what was asked for.
///
/// # Errors
/// The CA is not there or refuses, or the server does.
pub fn run<H: Household>(arguments: Arguments<H>, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    match arguments.what {
        What::Init { state, org } => init(&state, org, out)?,
        What::Token { name, state, url, ttl_minutes, server_names } => {
            let ttl = Duration::from_secs(60 * bounded(ttl_minutes)?);
            let near = || state.inputs.url(state.state_dir.clone());
            let (is_named, url) = (url.is_some(), url.map_or_else(near, Ok)?);
            let order = |name: SpiffeName| {
                let url = url.clone();
                TokenOrder { name: name.into(), server_names, ttl, url }
            };
            token(&name, &state, order, out)?;
            if !is_named {
                tell_url(&url);
            }
        }
        What::Enroll { token, out: folder, force } => {
            if !force && let Some(held) = enrolment::held(&folder) {
                let (key, days) = (held.key.display(), held.days_left);
                bail!(
                    "{key} is the key of {}, whose certificate is good for {days} days: name another --out, renew it with `{} pki renew`, or replace it with --force",
                    held.name,
                    H::PROGRAM
                );
            }
            let name = runtime()?.block_on(enrolment::enroll(&token, &folder))?;
            writeln!(out, "{name}\n{}", folder.join("client.pem").display())?;
        }
        What::Renew { url, out: folder } => {
            let name = runtime()?.block_on(enrolment::renew(&url, &folder))?;
            writeln!(out, "{name}\n{}", folder.join("client.pem").display())?;
        }
        What::Revoke { which, state } => revoke(&which, &state, out)?,
        What::Ca { step, state, now } => {
            let (authority, _) = state.authority()?;
            let taken = ca::take(&authority, step, now, out)?;
            if let Some((name, number)) = taken.step {
                state.inputs.turned(state.state_dir.clone(), name, number)?;
            }
            state.inputs.revoked(state.state_dir.clone(), &taken.ended)?;
        }
        What::Status { state, format } => status(&state, format, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn init<H: Household>(
    state: &StateArguments<H>,
    org: Option<String>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut settings = state.settings()?;
    settings.trust_domain = org.or(settings.trust_domain);
    let folder = pki_folder(&settings);
    open_authority(&settings, &folder)?;
    writeln!(out, "{}", folder.join("ca.pem").display())?;
    Ok(())
}

fn token<H: Household>(
    name: &str,
    state: &StateArguments<H>,
    order: impl FnOnce(SpiffeName) -> TokenOrder,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (authority, names) = state.authority()?;
    let name = whole_name(name, &names.trust_domain);
    let name =
        SpiffeName::parse(&name).with_context(|| format!("{name} is no name for a certificate"))?;
    if name.role() == Role::None {
        bail!(
            "{name} would be good for nothing: names are operator/NAME, authority/NAME, p2psp/ID/ROLE/N, …"
        );
    }
    let order = order(name);
    let url = &order.url;
    if !url.starts_with("https://") || !is_base_url(url) {
        bail!("--url {url} is not of the form https://HOST[:PORT]");
    }
    writeln!(out, "{}", authority.token(&order)?)?;
    Ok(())
}

fn bounded(ttl_minutes: u64) -> anyhow::Result<u64> {
    if ttl_minutes == 0 || ttl_minutes > MAX_TTL_MINUTES {
        bail!("a token is good for 1 to {MAX_TTL_MINUTES} minutes, not {ttl_minutes}");
    }
    Ok(ttl_minutes)
}

fn revoke<H: Household>(
    which: &str,
    state: &StateArguments<H>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (authority, names) = state.authority()?;
    let is_serial = which.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
    let which =
        if is_serial { which.to_ascii_lowercase() } else { whole_name(which, &names.trust_domain) };
    let revoked = authority.revoke(&which)?;
    for entry in &revoked {
        writeln!(out, "revoked {} {}", entry.serial, entry.name)?;
    }
    state.inputs.revoked(state.state_dir.clone(), &revoked)
}

fn status<H: Household>(
    state: &StateArguments<H>,
    format: Format,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (authority, _) = state.authority()?;
    let entries = authority.status()?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let now = i64::try_from(now)?;
    match format {
        Format::Json => {
            let list: serde_json::Value = entries
                .iter()
                .map(|entry| {
                    serde_json::json!({
                        "serial": entry.serial,
                        "name": entry.name,
                        "not-after-unix-s": entry.not_after,
                        "state": state_name(entry.state(now)),
                    })
                })
                .collect();
            writeln!(out, "{list:#}")?;
        }
        Format::Text => {
            writeln!(out, "{:<32}  {:<8}  {:>9}  name", "serial", "state", "days left")?;
            for entry in entries {
                let days = (entry.not_after - now) / (24 * 60 * 60);
                writeln!(
                    out,
                    "{:<32}  {:<8}  {days:>9}  {}",
                    entry.serial,
                    state_name(entry.state(now)),
                    entry.name
                )?;
            }
        }
    }
    Ok(())
}

const fn state_name(state: State) -> &'static str {
    match state {
        State::Valid => "valid",
        State::Revoked => "revoked",
        State::Expired => "expired",
    }
}

fn whole_name(name: &str, trust_domain: &str) -> String {
    if name.starts_with("spiffe://") {
        name.to_owned()
    } else {
        format!("spiffe://{trust_domain}/{name}")
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
