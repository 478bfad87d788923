//! Commands that work on a provider's state: beside a running server, or without one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use link::daemon::{pki_folder, pki_settings};
use link::pki::{Authority, Folder, PkiError, State};

use crate::cli::InputArguments;
use crate::index::Ixs;
use crate::settings::{Part, Settings};
use crate::users::{Act, Rules, SqliteLedger, Ums};

/// Where the state is.
#[derive(Args, Clone, Debug)]
pub struct StateArguments {
    /// Folder with keys and databases
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    #[command(flatten)]
    inputs: InputArguments,
}

/// How something is printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// What goes on record has to say something.
pub(crate) fn reason(text: &str) -> Result<String, String> {
    match text.trim().is_empty() {
        true => Err("say why: it goes on record".to_owned()),
        false => Ok(text.to_owned()),
    }
}

impl StateArguments {
    /// Of a folder and settings that are given.
    pub(crate) const fn of(state_dir: Option<PathBuf>, inputs: InputArguments) -> Self {
        Self { state_dir, inputs }
    }

    /// The settings in force.
    ///
    /// # Errors
    /// They are refused.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        let inputs = self.inputs.inputs().in_folder(self.state_dir.clone());
        Ok(Settings::load(&inputs)?)
    }

    /// The folder.
    ///
    /// # Errors
    /// The settings are refused.
    pub fn folder(&self) -> anyhow::Result<PathBuf> {
        Ok(self.settings()?.state_dir()?)
    }

    /// UMS over the users that are there.
    ///
    /// # Errors
    /// There are none.
    pub fn ums(&self) -> anyhow::Result<Ums> {
        let settings = self.settings()?;
        let path = settings.state_dir()?.join("users.db");
        if !path.is_file() {
            bail!("{}", absent(&settings, Part::Ums, &path));
        }
        let rules = Rules::of(&settings.users, &settings.class);
        Ok(Ums::new(Arc::new(SqliteLedger::open(&path)?), rules))
    }

    /// IXS over the index that is there.
    ///
    /// # Errors
    /// There is none.
    pub fn ixs(&self) -> anyhow::Result<Ixs> {
        let settings = self.settings()?;
        let path = settings.state_dir()?.join("index.db");
        if !path.is_file() {
            bail!("{}", absent(&settings, Part::Ixs, &path));
        }
        Ok(Ixs::open(&path)?)
    }

    /// Revokes all valid certificates of a user, whose tokens are good no more either, or of a peer
    /// by its id; what was revoked. Where the CA is elsewhere there is nothing.
    ///
    /// # Errors
    /// The CA refuses.
    pub fn revoke(&self, who: &str) -> anyhow::Result<Vec<String>> {
        let identity = self.settings()?.identity()?;
        let folder = pki_folder(&identity);
        // Enrolled with a CA that is elsewhere.
        if identity.authority_url.is_some() || !Folder::at(&folder).ca_key().exists() {
            return Ok(Vec::new());
        }
        let authority = match Authority::open(&folder, &pki_settings(&identity, &folder)?) {
            Ok(authority) => authority,
            Err(PkiError::Absent(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error).context("no CA can be opened"),
        };
        let now = i64::try_from(unix_now())?;
        let mut revoked = Vec::new();
        match authority.void_tokens(who)? {
            0 => {}
            tokens => revoked.push(format!("{tokens} tokens")),
        }
        for entry in authority.status()? {
            let is_meant = entry.user.as_deref() == Some(who) || entry.peer() == Some(who);
            if is_meant && entry.state(now) == State::Valid {
                revoked.extend(authority.revoke(&entry.serial)?.into_iter().map(|it| it.serial));
            }
        }
        Ok(revoked)
    }
}

/// That a role's file is not there, and whose server has it.
fn absent(settings: &Settings, part: Part, path: &Path) -> String {
    let path = path.display();
    let elsewhere = settings.role_server.iter().find(|server| server.role == part);
    match elsewhere {
        Some(server) if !settings.role.contains(&part) => format!(
            "{path} is not there: the role {part} is with the server at {}; run this with its settings, or its --state-dir",
            server.url
        ),
        _ => format!("{path} is not there: no server with the role {part} has run here"),
    }
}

/// What an operator does, now.
#[must_use]
pub fn operator() -> Act {
    Act { actor: "operator".to_owned(), now: unix_now() }
}

/// Unix seconds.
#[must_use]
pub fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Waits for an answer of a role that works on files.
///
/// # Errors
/// There is no runtime, or the answer is one.
pub fn wait<T, E: Into<anyhow::Error>>(
    answer: impl Future<Output = Result<T, E>>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(answer).map_err(Into::into)
}
