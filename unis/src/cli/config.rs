//! `unis config`: the documented default file, or the settings in force.

use std::io::{IsTerminal, Read, Write, stdin};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use link::digest::Ha1;

use crate::cli::InputArguments;
use crate::settings::{DEFAULT_FILE, DigestSettings, Settings, is_plain};

/// A password is no shorter, characters.
const MIN_PASSWORD: usize = 12;
/// Longest password read, bytes.
const MAX_PASSWORD_BYTES: u64 = 1024;

/// Arguments of `unis config`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every setting with its default, explained: a settings file to start from
    Default,
    /// The settings in force after file, environment and command line; secrets are not shown
    Effective(InputArguments),
    /// The line that stands for a user's password in a partner's ha1-file. The password is the
    /// first line of standard input; on a terminal one is made up and told on standard error
    Digest {
        /// The name that the client will give
        user: String,
        /// The realm of the server, setting digest.realm
        #[arg(long, value_name = "REALM")]
        realm: Option<String>,
    },
}

/// Prints what was asked for.
///
/// # Errors
/// The settings are refused.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    match &arguments.what {
        None | Some(What::Default) => write!(out, "{DEFAULT_FILE}")?,
        Some(What::Effective(inputs)) => {
            let settings = Settings::load(&inputs.inputs())?;
            let mut table = toml::Table::try_from(&settings)?;
            redact(&mut table);
            write!(out, "{}", toml::to_string_pretty(&table)?)?;
        }
        Some(What::Digest { user, realm }) => digest(user, realm.as_deref(), out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn digest(user: &str, realm: Option<&str>, out: &mut dyn Write) -> anyhow::Result<()> {
    let standard = DigestSettings::default().realm;
    let realm = realm.unwrap_or(&standard);
    for text in [user, realm] {
        if !is_plain(text) {
            bail!("{text:?} has to be ASCII letters, digits and .-_@, 64 at most");
        }
    }
    let password = if stdin().is_terminal() { made_up()? } else { read_password()? };
    writeln!(out, "{user}:{realm}:{}", Ha1::of(user, realm, &password).as_str())?;
    Ok(())
}

fn made_up() -> anyhow::Result<String> {
    let password = link::digest::password()?;
    eprintln!("password: {password}");
    Ok(password)
}

fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    stdin().take(MAX_PASSWORD_BYTES).read_to_string(&mut text).context("no password")?;
    let password = text.lines().next().unwrap_or_default();
    if password.chars().count() < MIN_PASSWORD {
        bail!("the password on standard input is shorter than {MIN_PASSWORD} characters");
    }
    Ok(password.to_owned())
}

/// Replaces what is secret by its name; today that is a user name or password in a URL.
fn redact(table: &mut toml::Table) {
    if let Some(toml::Value::String(url)) = table.get_mut("public-url")
        && let Some((scheme, rest)) = url.split_once("://")
        && let Some((_, host)) = rest.rsplit_once('@')
    {
        *url = format!("{scheme}://***@{host}");
    }
}
