//! The command line: one file per command.

pub mod asking;
pub mod audit;
pub mod backup;
pub mod bench;
pub mod check;
pub mod class;
mod dates;
pub mod denylist;
pub mod expel;
pub mod invite;
pub mod openapi;
pub mod overlays;
pub mod report;
pub mod serve;
pub mod state;
pub mod takedown;
pub mod users;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use link::daemon::{IdentitySettings, config, manual, pki};
use link::pki::Entry;
use mp2p::id::PeerId;

use crate::cli::state::{StateArguments, operator, wait};
use crate::settings::{DEFAULT_FILE, Inputs, Settings};

/// P2PSP manages peer-to-peer overlays for a service provider: it tells each peer whom to ask
/// first, by the maps of the peers' own ISPs (TR 20002; RFC 7285).
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
First steps:
  p2psp serve --state-dir state                  all roles in one process
  p2psp invite anna --state-dir state            a token with which a peer of anna's enrols
  p2psp pki enroll TOKEN --out peer              on the peer: make a key, get a certificate
  p2psp config default > p2psp.toml              every setting, documented";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve peers over mutual TLS
    Serve(serve::Arguments),
    /// Check settings and the files that they name; exit 0 clean, 2 refused
    Check(check::Arguments),
    /// Print the documented default settings, or the ones in force
    Config(config::Arguments<InputArguments>),
    /// Print a one-time token with which a peer of a user enrols
    Invite(invite::Arguments),
    /// List users, show one, lock one out
    Users(users::Arguments),
    /// Give users their classes, by a policy file or by hand
    Class(class::Arguments),
    /// List the overlays of a running server
    Overlays(overlays::OverlaysArguments),
    /// List the members of an overlay
    Peers(overlays::PeersArguments),
    /// Show the list that a peer would get now, and why
    Rank(overlays::RankArguments),
    /// Show how the contents of an overlay were distributed
    Report(report::Arguments),
    /// Put a peer out of an overlay, or let it in again
    Expel(expel::Arguments),
    /// Have a distribution stopped, show how far that has come, or allow it again
    Takedown(takedown::Arguments),
    /// Forbid contents and fragments by their digests
    Denylist(denylist::Arguments),
    /// Check the audit trails
    Audit(audit::Arguments),
    /// Copy databases and keys into one file, beside a running server
    Backup(backup::BackupArguments),
    /// Put a backup back, where no server runs
    Restore(backup::RestoreArguments),
    /// Print what can be asked of the server, as an OpenAPI document
    Openapi,
    /// Measure ranked lists and durable commands on this machine
    Bench(bench::Arguments),
    /// Keys and certificates: create a CA, enrol, renew, revoke, go over to another CA
    Pki(pki::Arguments<InputArguments>),
    /// Write a manual page for each command
    Man(manual::ManArguments),
    /// Print the script with which a shell completes commands and options
    Completions(manual::CompletionArguments),
}

/// Where settings come from.
#[derive(Args, Clone, Debug, Default)]
pub struct InputArguments {
    #[command(flatten)]
    common: link::daemon::InputArguments,
}

impl config::Sources for InputArguments {
    const DEFAULT_FILE: &'static str = DEFAULT_FILE;

    fn in_force(&self) -> anyhow::Result<String> {
        Ok(toml::to_string_pretty(&Settings::load(&self.inputs())?)?)
    }
}

impl InputArguments {
    /// As the settings take them.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        Inputs { common: self.common.inputs(), role: Vec::new() }
    }
}

impl pki::Household for InputArguments {
    const PROGRAM: &'static str = "p2psp";

    fn identity(&self, state_dir: Option<PathBuf>) -> anyhow::Result<IdentitySettings> {
        Ok(Settings::load(&self.inputs().in_folder(state_dir))?.identity()?)
    }

    fn url(&self, state_dir: Option<PathBuf>) -> anyhow::Result<String> {
        let settings = Settings::load(&self.inputs().in_folder(state_dir))?;
        Ok(pki::reached_at(settings.public_url.as_deref(), settings.listen))
    }

    /// The trail of UMS has it; where no UMS has run there is none.
    fn turned(&self, state_dir: Option<PathBuf>, step: &str, ca: u32) -> anyhow::Result<()> {
        let state = StateArguments::of(state_dir, self.clone());
        match state.ums() {
            Ok(ums) => wait(ums.ledger().turned(step, ca, &operator())),
            Err(_) => Ok(()),
        }
    }

    /// Members whose certificate is gone leave the lists: OMS hears of them from UMS.
    fn revoked(&self, state_dir: Option<PathBuf>, entries: &[Entry]) -> anyhow::Result<()> {
        let peer = |entry: &Entry| PeerId::parse(entry.peer()?).ok();
        let peers: Vec<PeerId> = entries.iter().filter_map(peer).collect();
        let state = StateArguments::of(state_dir, self.clone());
        // Where no UMS has run nobody has joined.
        match (peers.is_empty(), state.ums()) {
            (false, Ok(ums)) => wait(ums.ledger().revoked(&peers, &operator())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use link::pki::Token;

    use super::*;

    /// What `p2psp ARGUMENTS` prints.
    fn said(arguments: &[&str]) -> String {
        let mut out = Vec::new();
        let all = ["p2psp"].iter().chain(arguments);
        match Cli::try_parse_from(all).unwrap().command {
            Command::Pki(arguments) => pki::run(arguments, &mut out).unwrap(),
            Command::Invite(arguments) => invite::run(&arguments, &mut out).unwrap(),
            _ => panic!("not tried here"),
        };
        String::from_utf8(out).unwrap().trim().to_owned()
    }

    #[test]
    fn tokens_lead_to_where_the_settings_say_that_the_provider_is() {
        let folder = tempfile::tempdir().unwrap();
        let state = ["--state-dir", folder.path().to_str().unwrap()];
        said(&[&["pki", "init", "--org", "provider.example"], &state[..]].concat());
        // The port is the one that docs/settings.md names for the provider.
        let cases: [(&[&str], &str); 4] = [
            (&[], "https://localhost:9443"),
            (&["--set", "listen=127.0.0.1:32443"], "https://localhost:32443"),
            (&["--set", "public-url=https://p2p.example"], "https://p2p.example"),
            (&["--url", "https://near.example:1"], "https://near.example:1"),
        ];
        for (more, expected) in cases {
            for what in [&["pki", "token", "p2psp/p2psp/cs/1"][..], &["invite", "anna"]] {
                let token: Token = said(&[what, &state, more].concat()).parse().unwrap();
                assert_eq!(token.url, expected, "{what:?} {more:?}");
            }
        }
    }
}
