//! The command line: one file per command.

pub mod account;
mod bring;
pub mod delegates;
pub mod enroll;
pub mod get;
mod got;
pub mod index;
pub mod limits;
pub mod login;
mod play;
mod progress;
pub mod report;
mod requirements;
pub mod search;
pub mod serve;
mod session;
pub mod share;
pub mod status;
pub mod stop;
mod watch;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use link::daemon::{config, manual};

use crate::home::Home;
use crate::settings::{DEFAULT_FILE, Inputs, Settings};

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
    /// Write the signed index file of a content, by which others fetch it
    Index(index::Arguments),
    /// Share and fetch until Ctrl-C or SIGTERM
    Serve(serve::Arguments),
    /// Show what the running peer shares and fetches
    Status(status::Arguments),
    /// Show or change what the running peer gives and takes at most
    Limits(limits::Arguments),
    /// Show the caches that stand in for this peer while it is away, or release them
    Delegates(delegates::Arguments),
    /// Give up a content; its files stay
    Stop(stop::Arguments),
    /// Show class, credit and consent of this peer's user
    Account(account::Arguments),
    /// Show who got a content that this peer's user has published
    Report(report::Arguments),
    /// Print the documented default settings, or the ones in force
    Config(config::Arguments<InputArguments>),
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
    /// Folder of certificate, key and contents [default: setting state-dir]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
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
        Inputs { state_dir: self.state_dir.clone(), ..self.common.inputs() }
    }

    /// The state folder, which is not made where it is not there.
    ///
    /// # Errors
    /// A setting is refused.
    pub fn home(&self) -> anyhow::Result<Home> {
        Ok(Home::at(&Settings::load(&self.inputs())?.state_dir()?))
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
