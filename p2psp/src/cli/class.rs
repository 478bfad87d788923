//! `p2psp class`: classes by a policy file, or by hand.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use mp2p::id::UserId;

use crate::cli::state::{StateArguments, operator, unix_now, wait};
use crate::users::Policy;

const EXAMPLES: &str = "\
Examples:
  p2psp class --policy classes.toml --dry-run --state-dir state    who would get which
  p2psp class --config p2psp.toml                                  by the file of class.policy
  p2psp class set anna 3 --config p2psp.toml                       for good
  p2psp class set anna auto --config p2psp.toml                    by the policy again";

/// Arguments of `p2psp class`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// The policy file [default: setting class.policy]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Say who would get another class, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    state: StateArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Give a user a class that no policy changes, or leave it to the policy again
    Set {
        /// The user
        user: UserId,
        /// 0 to 255, or `auto`
        #[arg(allow_negative_numbers = true)]
        class: Wanted,
        #[command(flatten)]
        state: StateArguments,
    },
}

/// A class, or the policy's.
#[derive(Clone, Copy, Debug)]
struct Wanted(Option<u8>);

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self(None)),
            _ => text
                .parse()
                .map(|class| Self(Some(class)))
                .map_err(|_| format!("{text:?} is no class: 0 to 255 are, or `auto`")),
        }
    }
}

/// Does what was asked for.
///
/// # Errors
/// The policy is refused, or there is no such user.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    if let Some(What::Set { user, class: Wanted(class), state }) = &arguments.what {
        if !wait(state.ums()?.ledger().pin(user, *class, &operator()))? {
            bail!("there is no user {user}");
        }
        match class {
            Some(class) => writeln!(out, "{user} has class {class}")?,
            None => by_policy(user, arguments, state, out)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    let of_settings = arguments.state.settings()?.class.policy;
    let path = arguments.policy.clone().or(of_settings);
    let path = path.context("no --policy is given, and the setting class.policy is unset")?;
    let (policy, ums, by) = (Policy::read(&path)?, arguments.state.ums()?, operator());
    let changes = wait(ums.review(&policy, unix_now()))?;
    for change in &changes {
        let mib = change.earned >> 20;
        writeln!(out, "{} {} -> {} ({mib} MiB earned)", change.user, change.from, change.to)?;
    }
    match arguments.dry_run {
        true => writeln!(out, "{} would change", changes.len())?,
        false => writeln!(out, "{} changed", wait(ums.reclass(changes, &by))?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives a user, who was given one by hand, the class of the policy at once.
fn by_policy(
    user: &UserId,
    arguments: &Arguments,
    state: &StateArguments,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let ums = state.ums()?;
    let path = arguments.policy.clone().or(state.settings()?.class.policy);
    if let Some(path) = &path {
        let mut changes = wait(ums.review(&Policy::read(path)?, unix_now()))?;
        changes.retain(|change| change.user == *user);
        wait(ums.reclass(changes, &operator()))?;
    }
    let class = wait(ums.ledger().profile(user))?.map_or(0, |profile| profile.class);
    match path {
        Some(_) => writeln!(out, "{user} has class {class}, as the policy gives")?,
        None => writeln!(
            out,
            "{user} has class {class} until a policy changes it; the setting class.policy is unset"
        )?,
    }
    Ok(())
}
