//! `p2psp users`: who they are, and who goes.

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use mp2p::id::{PeerId, UserId};
use mp2p::message::account::Account;
use mp2p::message::profile::Profile;
use serde_json::json;

use crate::cli::dates;
use crate::cli::state::{Format, StateArguments, operator, wait};
use crate::users::Ums;

/// Users of one question.
const PAGE: u32 = 1000;
/// Bytes of a MiB.
const MIB: i64 = 1 << 20;

const EXAMPLES: &str = "\
Works on the files, beside a running server or without one.

Examples:
  p2psp users --state-dir state                          all, a line each
  p2psp users anna --state-dir state                     credit, peers and days of one
  p2psp users revoke anna --state-dir state              out, with all peers; `admit` lets in again
  p2psp users trust anna 10 --state-dir state            a reputation by hand";

/// Arguments of `p2psp users`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// One user, with credit and days
    user: Option<UserId>,
    #[command(flatten)]
    state: StateArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lock a user out and revoke all certificates of the user's peers; or end one peer, by its id
    Revoke {
        /// A user, or the id of a peer
        who: String,
        #[command(flatten)]
        state: StateArguments,
    },
    /// Give a user a reputation by hand, -100 to 100: complaints of users with a low one do not
    /// count
    Trust {
        /// The user
        user: UserId,
        /// The reputation from now on
        #[arg(allow_negative_numbers = true)]
        #[arg(value_parser = clap::value_parser!(i64).range(-100..=100))]
        reputation: i64,
        #[command(flatten)]
        state: StateArguments,
    },
    /// Let a user in again who was locked out
    Admit {
        /// The user
        user: UserId,
        #[command(flatten)]
        state: StateArguments,
    },
}

/// Does what was asked for.
///
/// # Errors
/// There is no such user, or no ledger.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    match &arguments.what {
        Some(What::Revoke { who, state }) => revoke(who, state, out)?,
        Some(What::Admit { user, state }) => {
            if !wait(state.ums()?.ledger().lock(user, false, &operator()))? {
                bail!("there is no user {user}");
            }
            writeln!(out, "{user} may come in again; `p2psp invite {user}` makes a token")?;
        }
        Some(What::Trust { user, reputation, state }) => {
            if !wait(state.ums()?.ledger().trust(user, *reputation, &operator()))? {
                bail!("there is no user {user}");
            }
            writeln!(out, "{user} has the reputation {}", reputation)?;
        }
        None => {
            let ums = arguments.state.ums()?;
            match &arguments.user {
                Some(user) => one(&ums, user, arguments.format, out)?,
                None => all(&ums, arguments.format, out)?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn revoke(who: &str, state: &StateArguments, out: &mut dyn Write) -> anyhow::Result<()> {
    let ums = state.ums()?;
    // Out first, so that nothing comes in between.
    let (is_known, user) = match PeerId::parse(who) {
        Ok(peer) => (wait(ums.ledger().end_peer(&peer, &operator()))?, None),
        Err(_) => {
            let user = UserId::parse(who)?;
            (wait(ums.ledger().lock(&user, true, &operator()))?, Some(user))
        }
    };
    let revoked = state.revoke(who)?;
    match user {
        _ if is_known => {}
        _ if revoked.is_empty() => bail!("there is no user and no peer {who}"),
        // Invited or enrolled, and joined nothing yet.
        Some(user) => wait(ums.ledger().bar(&user, &operator()))?,
        None => {}
    }
    writeln!(out, "{who} is out")?;
    for serial in revoked {
        writeln!(out, "revoked {serial}")?;
    }
    Ok(())
}

fn all(ums: &Ums, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    if format == Format::Text {
        writeln!(
            out,
            "{:<24} {:>5} {:>10} {:>6} {:>6}  network",
            "user", "class", "reputation", "joins", "peers"
        )?;
    }
    let mut after: Option<UserId> = None;
    loop {
        let page = wait(ums.ledger().profiles(after.as_ref(), PAGE))?;
        for profile in &page {
            line(profile, format, out)?;
        }
        after = match page.into_iter().last() {
            Some(last) => Some(last.user_id),
            None if after.is_none() && format == Format::Text => {
                writeln!(out, "no users: nobody's peer has joined yet")?;
                return Ok(());
            }
            None => return Ok(()),
        };
    }
}

/// One line a user, so that a list of millions needs no memory.
fn line(profile: &Profile, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    match format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(profile)?)?,
        Format::Text => writeln!(
            out,
            "{:<24} {:>5} {:>10} {:>6} {:>6}  {}{}",
            profile.user_id.as_str(),
            profile.class,
            profile.reputation,
            profile.joins,
            profile.peers.len(),
            profile.network.as_deref().unwrap_or("-"),
            if profile.locked_out { "  locked out" } else { "" }
        )?,
    }
    Ok(())
}

fn one(ums: &Ums, user: &UserId, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let (profile, account) = (wait(ums.profile(user))?, wait(ums.account(user))?);
    let (Some(profile), Some(account)) = (profile, account) else {
        bail!("there is no user {user}");
    };
    match format {
        Format::Json => {
            writeln!(out, "{:#}", json!({"profile": profile, "account": account}))?;
        }
        Format::Text => text(&profile, &account, out)?,
    }
    Ok(())
}

fn text(profile: &Profile, account: &Account, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "user        {}", profile.user_id)?;
    if profile.locked_out {
        writeln!(out, "state       locked out; `p2psp users admit {}` ends it", profile.user_id)?;
    }
    writeln!(out, "class       {}", profile.class)?;
    writeln!(out, "reputation  {}", profile.reputation)?;
    writeln!(out, "credit      {} MiB", account.credit.balance() / MIB)?;
    for peer in &profile.peers {
        writeln!(out, "peer        {peer}")?;
    }
    writeln!(
        out,
        "{:>10} {:>6} {:>12} {:>12} {:>12} {:>12}",
        "day", "joins", "given MiB", "got MiB", "relayed MiB", "credited MiB"
    )?;
    let mib = |bytes: u64| bytes >> 20;
    for day in &account.days {
        writeln!(
            out,
            "{:>10} {:>6} {:>12} {:>12} {:>12} {:>12}",
            dates::day(day.day),
            day.joins,
            mib(day.given),
            mib(day.got),
            mib(day.relayed),
            mib(day.credited)
        )?;
    }
    Ok(())
}
