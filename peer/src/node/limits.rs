//! The limits in force: those of the settings, and over them what its user has chosen by a command
//! or the page. That is kept in `STATE/limits.json`, each limit by its name, so that it outlives a
//! restart, and what is changed in the settings alone is taken from there.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::{fs, io};

use anyhow::Context;
use serde_json::{Map, Value};

use crate::control::message::LimitsInForce;
use crate::home::{read_json, replace};
use crate::node::{Node, budget};
use crate::settings::Limits;
use crate::transfer::Command;

/// Longest file read back.
const MAX_BYTES: u64 = 1 << 20;

/// What the settings say, and what was chosen over it.
#[derive(Debug)]
pub(crate) struct Choice {
    path: PathBuf,
    settings: Limits,
    chosen: Map<String, Value>,
}

impl Choice {
    /// As an earlier run left it at `path`; nothing is chosen where that is damaged or makes no
    /// sense any more.
    pub(crate) fn open(path: PathBuf, settings: Limits) -> Self {
        let read = read_json::<Map<String, Value>>(&path, MAX_BYTES);
        let sound = read.map_err(anyhow::Error::from).and_then(|chosen| {
            over(&settings, &chosen)?;
            Ok(chosen)
        });
        let chosen = sound.unwrap_or_else(|error| {
            let is_none =
                error.downcast_ref().map(io::Error::kind) == Some(io::ErrorKind::NotFound);
            if !is_none {
                let (path, error) = (path.display(), format!("{error:#}"));
                tracing::warn!(%path, error, "the limits that were chosen are not taken");
            }
            Map::new()
        });
        Self { path, settings, chosen }
    }

    /// What is in force.
    pub(crate) fn limits(&self) -> Limits {
        over(&self.settings, &self.chosen).unwrap_or_else(|_| self.settings.clone())
    }

    /// The names of what was chosen.
    fn names(&self) -> Vec<String> {
        self.chosen.keys().cloned().collect()
    }

    /// Takes what is wanted, and keeps what of it is not as the settings say.
    fn choose(&mut self, wanted: &Limits) -> anyhow::Result<()> {
        let chosen = between(&self.settings, wanted)?;
        keep(&self.path, &chosen).with_context(|| self.path.display().to_string())?;
        self.chosen = chosen;
        Ok(())
    }

    /// The settings say something else from now on.
    fn settle(&mut self, settings: Limits) -> anyhow::Result<()> {
        over(&settings, &self.chosen)?;
        self.settings = settings;
        Ok(())
    }
}

impl Node {
    /// Its limits, and which of them were chosen.
    #[must_use]
    pub fn limits_in_force(&self) -> LimitsInForce {
        let choice = self.choice.lock().unwrap_or_else(PoisonError::into_inner);
        let limits = choice.limits();
        let window = limits.window_at(budget::minute_of_the_day()).cloned();
        LimitsInForce { limits, chosen: choice.names(), window }
    }

    /// Takes other limits; they hold at once, and after a restart.
    ///
    /// # Errors
    /// They make no sense, or cannot be kept; nothing is changed then.
    pub fn set_limits(&self, limits: &Limits) -> anyhow::Result<()> {
        limits.check()?;
        self.choose(|choice| choice.choose(limits))
    }

    /// The limits of the settings hold again.
    ///
    /// # Errors
    /// That cannot be kept; nothing is changed then.
    pub fn reset_limits(&self) -> anyhow::Result<()> {
        self.choose(|choice| choice.choose(&choice.settings.clone()))
    }

    /// The settings were read again: what was not chosen is as they say.
    ///
    /// # Errors
    /// They make no sense with what was chosen; nothing is changed then.
    pub(crate) fn settle_limits(&self, settings: Limits) -> anyhow::Result<()> {
        self.choose(|choice| choice.settle(settings))
    }

    fn choose(&self, change: impl FnOnce(&mut Choice) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut choice = self.choice.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut choice)?;
        let limits = choice.limits();
        self.settings.write().unwrap_or_else(PoisonError::into_inner).limits = limits.clone();
        self.connections.set(self.settings().connections());
        self.set_rates(budget::rates(&limits));
        self.each(|_| true, || Command::Limits);
        Ok(())
    }
}

/// The limits of the settings with what was chosen over them.
fn over(settings: &Limits, chosen: &Map<String, Value>) -> anyhow::Result<Limits> {
    let mut all = named(settings)?;
    all.extend(chosen.clone());
    let limits: Limits = serde_json::from_value(Value::Object(all))?;
    limits.check()?;
    Ok(limits)
}

/// What of the limits that are wanted the settings do not say.
fn between(settings: &Limits, wanted: &Limits) -> anyhow::Result<Map<String, Value>> {
    let said = named(settings)?;
    let mut chosen = named(wanted)?;
    chosen.retain(|name, value| said.get(name) != Some(value));
    Ok(chosen)
}

fn named(limits: &Limits) -> anyhow::Result<Map<String, Value>> {
    match serde_json::to_value(limits)? {
        Value::Object(named) => Ok(named),
        _ => anyhow::bail!("limits have no names"),
    }
}

fn keep(path: &Path, chosen: &Map<String, Value>) -> io::Result<()> {
    if !chosen.is_empty() {
        return replace(path, &serde_json::to_vec_pretty(chosen)?);
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_outlives_a_restart_and_the_rest_is_as_the_settings_say() {
        let folder = tempfile::tempdir().unwrap();
        let open = |up_kbps, down_kbps| {
            let settings = Limits { up_kbps, down_kbps, ..Limits::default() };
            Choice::open(folder.path().join("limits.json"), settings)
        };
        let mut choice = open(100, 200);
        let wanted = Limits { up_kbps: 7, ..choice.limits() };
        choice.choose(&wanted).unwrap();
        assert_eq!((choice.limits(), choice.names()), (wanted, vec!["up-kbps".to_owned()]));
        // Other settings: what was not chosen is taken from them.
        let mut choice = open(300, 400);
        assert_eq!((choice.limits().up_kbps, choice.limits().down_kbps), (7, 400));
        let again = Limits { down_kbps: 500, ..Limits::default() };
        choice.settle(again).unwrap();
        assert_eq!((choice.limits().up_kbps, choice.limits().down_kbps), (7, 500));
        // Back to them, and nothing is left of it.
        choice.choose(&choice.settings.clone()).unwrap();
        assert_eq!((choice.limits().up_kbps, choice.names().len()), (0, 0));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_damaged_or_makes_no_sense_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("limits.json");
        for text in ["", "{\"up\": 1}", "{\"connections\": 0}", "[1]", "{\"up-kbps\": -1}"] {
            fs::write(&path, text).unwrap();
            let choice = Choice::open(path.clone(), Limits::default());
            assert_eq!((choice.limits(), choice.names().len()), (Limits::default(), 0), "{text}");
        }
    }
}
