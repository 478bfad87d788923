//! `peer login`: become a user of a provider, or look after the own peers.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use http::Method;
use link::metrics::Metrics;
use link::pki::enrolment::EnrolmentError;
use link::pki::{Token, enrolment};
use link::settings::is_base_url;
use link::tls::{ClientTls, ClientTlsSettings, ServerTrust};
use mp2p::id::{PeerId, UserId};
use mp2p::message::account::{SignUp, SignedUp};
use serde_json::Value;

use crate::cli::session::block_on;
use crate::cli::{InputArguments, enroll};
use crate::home::{Home, make_private};
use crate::identity::Identity;
use crate::provider::{Provider, ProviderError};
use crate::settings::Settings;

/// Arguments of `peer login`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The provider, https://HOST[:PORT]
    #[arg(required_unless_present_any = ["further", "lost"])]
    url: Option<String>,
    /// The name to sign up by: 1 to 64 characters of a-z 0-9 . _ -
    #[arg(long, value_name = "NAME", required_unless_present_any = ["further", "lost"])]
    user: Option<UserId>,
    /// The fingerprint of the provider's authority, as the provider tells it: 64 hex digits;
    /// without it the one that answers is shown, and nothing is done
    #[arg(long, value_name = "HEX")]
    authority: Option<String>,
    /// Print a token for a further peer of the same user, to `peer enroll` with
    #[arg(long, conflicts_with_all = ["url", "user", "lost"])]
    further: bool,
    /// End another peer of the same user whose key is lost
    #[arg(long, value_name = "PEER-ID", conflicts_with_all = ["url", "user"])]
    lost: Option<PeerId>,
    #[command(flatten)]
    inputs: InputArguments,
}

/// Signs up and enrols; or does what an enrolled peer may do for its user.
///
/// # Errors
/// The provider invites its users, the name is taken, or its authority is another.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (settings, home) = arguments.inputs.open()?;
    block_on(async {
        match (&arguments.url, &arguments.user) {
            (Some(url), Some(user)) => {
                let fingerprint = arguments.authority.as_deref();
                sign_up((&home, &settings), (url, user), fingerprint, out).await
            }
            _ => look_after((&home, &settings), arguments.lost.as_ref(), out).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A new user: a token, and a certificate for it.
async fn sign_up(
    (home, settings): (&Home, &Settings),
    (url, user): (&str, &UserId),
    fingerprint: Option<&str>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if home.provider().is_ok() {
        bail!("{} has a certificate already; give another --state-dir", home.folder().display());
    }
    if !url.starts_with("https://") || !is_base_url(url) {
        bail!("{url} is not of the form https://HOST[:PORT]");
    }
    let pki = home.pki();
    make_private(&pki)?;
    let Some(fingerprint) = fingerprint else {
        let found = enrolment::meet_authority(url, None, &home.folder().join("met")).await?;
        bail!(
            "the authority at {url} has the fingerprint {found}; where the provider tells the \
             same, go on with --authority {found}"
        );
    };
    match enrolment::meet_authority(url, Some(fingerprint), &pki).await {
        Err(EnrolmentError::WrongAuthority(found)) => bail!(
            "the authority at {found} is another than --authority says: somebody sits in between, \
             or it is written wrong"
        ),
        met => met?,
    };
    let provider = Provider::new(url, stranger(&pki)?, settings);
    let wish = SignUp { user_id: user.clone() };
    let signed_up: Result<SignedUp, ProviderError> =
        provider.ask(Method::POST, "/ums/signup", Some(&wish)).await;
    let signed_up = match signed_up {
        Err(error) if error.code() == Some("closed") => {
            bail!("{url} invites its users: ask its operator for a token, and `peer enroll TOKEN`")
        }
        Err(error) if error.code() == Some("taken") => bail!(
            "there is a user {user} already; on one of that user's peers `peer login --further` \
             prints a token for this one"
        ),
        other => other?,
    };
    let token: Token = signed_up.token.parse().context("the provider's token")?;
    enroll::with_token(home, &token, false, out).await
}

/// Somebody without a certificate, who knows the authority.
fn stranger(pki: &Path) -> anyhow::Result<Arc<ClientTls>> {
    let server = ServerTrust { trust_domain: None, bundle: pki.join("ca.pem"), crl: None };
    let settings = ClientTlsSettings { own: None, servers: vec![server], expected: None };
    Ok(ClientTls::load(settings, Metrics::new())?)
}

/// A token for a further peer, or an end to a lost one.
async fn look_after(
    (home, settings): (&Home, &Settings),
    lost: Option<&PeerId>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let identity = Identity::open(home)?;
    let provider = Provider::new(&identity.url, Arc::clone(&identity.servers), settings);
    if let Some(lost) = lost {
        let path = format!("/ums/peer?peer-id={lost}");
        provider.tell(Method::DELETE, &path, None::<&Value>).await?;
        writeln!(out, "{lost} takes part no more")?;
        return Ok(());
    }
    let user_id = identity.user.context("the certificate names no user")?;
    let wish = SignUp { user_id };
    let signed_up: SignedUp = provider.ask(Method::POST, "/ums/signup", Some(&wish)).await?;
    writeln!(out, "{}", signed_up.token)?;
    Ok(())
}
