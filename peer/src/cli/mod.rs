//! The command line: one file per command.

pub mod account;
pub mod config;
pub mod enroll;
pub mod get;
pub mod limits;
pub mod login;
mod play;
mod progress;
pub mod report;
pub mod search;
pub mod serve;
mod session;
pub mod share;
pub mod status;
pub mod stop;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use link::daemon::manual;

use crate::home::Home;
use crate::settings::{Inputs, Settings};

/// Share and fetch files with peers that are near: a managed peer-to-peer client (TR 20002).
#[derive(Debug, Parser)]
#[command(name = "peer", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
First steps:
  peer enroll TOKEN                     become a peer of the provider that gave the token
  peer share holiday.mp4                register it, and serve it until Ctrl-C
  peer search holiday                   what there is
  peer get holiday.mp4 -o Downloads     fetch it from the nearest peers
  peer config default > peer.toml       every setting, documented";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a key, and get a certificate for it with a token of the provider
    Enroll(enroll::Arguments),
    /// Sign up with a provider and get a certificate; tokens for further peers, an end to lost ones
    Login(login::Arguments),
    /// Share a file or a folder
    Share(share::Arguments),
    /// Find contents by words
    Search(search::Arguments),
    /// Fetch a content
    Get(get::Arguments),
    /// Share and fetch in the background until told to stop
    Serve(serve::Arguments),
    /// Show what the running peer shares and fetches
    Status(status::Arguments),
    /// Show or change what the running peer gives and takes at most
    Limits(limits::Arguments),
    /// Give up a content of the running peer; its files stay
    Stop(stop::Arguments),
    /// Show class, credit and consent of this peer's user
    Account(account::Arguments),
    /// Show who got a content that this peer's user has published
    Report(report::Arguments),
    /// Print the documented default settings, or the ones in force
    Config(config::Arguments),
    /// Write a manual page for each command
    Man(manual::ManArguments),
    /// Print the script with which a shell completes commands and options
    Completions(manual::CompletionArguments),
}

/// Where settings come from.
#[derive(Args, Clone, Debug, Default)]
pub struct InputArguments {
    /// Settings file (TOML); `peer config default` prints one with every setting explained
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, such as limits.up-kbps=2000
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Folder of certificate, key and contents [default: setting state-dir]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl InputArguments {
    /// As the settings take them.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        Inputs {
            file: self.config.clone(),
            set: self.set.clone(),
            state_dir: self.state_dir.clone(),
            ..Inputs::default()
        }
    }

    /// The settings, and the state folder that they name.
    ///
    /// # Errors
    /// A setting is refused, or the folder cannot be made.
    pub fn open(&self) -> anyhow::Result<(Settings, Home)> {
        let settings = Settings::load(&self.inputs())?;
        let home = Home::open(&settings.state_dir()?)?;
        Ok((settings, home))
    }
}
