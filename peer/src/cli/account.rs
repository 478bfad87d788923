//! `peer account`: what the provider keeps of this peer's user.

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};
use http::Method;
use indicatif::HumanBytes;
use link::daemon::run_to_end;
use mp2p::message::account::{Account, Consent};
use serde_json::Value;

use crate::cli::InputArguments;
use crate::identity::Identity;
use crate::provider::{Provider, ProviderError};

/// Arguments of `peer account`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Whether others may see this user's load and traffic as they are, instead of a score
    #[arg(long, value_enum, value_name = "YES|NO")]
    show_status: Option<Choice>,
    /// For programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    inputs: InputArguments,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Choice {
    Yes,
    No,
}

/// Prints class, credit and consent, after changing the consent where that was asked for.
///
/// # Errors
/// The provider does not answer.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (settings, home) = arguments.inputs.open()?;
    let identity = Identity::open(&home)?;
    let provider = Provider::new(&identity.url, identity.servers.clone(), &settings);
    let asked: Result<Account, ProviderError> = run_to_end(async {
        Ok(async {
            if let Some(choice) = arguments.show_status {
                let consent = Consent { show_status: Some(choice == Choice::Yes) };
                provider.tell(Method::PUT, "/ums/consent", Some(&consent)).await?;
            }
            provider.ask(Method::GET, "/ums/account", None::<&Value>).await
        }
        .await)
    })?;
    let account = match asked {
        Err(error) if error.code() == Some("not-found") => {
            bail!("there is no account yet; it is made when a content is first shared or fetched")
        }
        asked => asked?,
    };
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&account)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let credit = &account.credit;
    writeln!(out, "user {}, class {}", account.user_id, account.class)?;
    let sign = if credit.earned < credit.spent { "-" } else { "" };
    let balance = HumanBytes(credit.earned.abs_diff(credit.spent));
    let (earned, spent) = (HumanBytes(credit.earned), HumanBytes(credit.spent));
    writeln!(out, "credit {sign}{balance}: earned {earned}, spent {spent}")?;
    let shown = match account.show_status {
        Some(true) => "as it is",
        Some(false) => "as a score",
        None => "as each peer's settings say",
    };
    writeln!(out, "others see the status of its peers {shown}")?;
    Ok(ExitCode::SUCCESS)
}
