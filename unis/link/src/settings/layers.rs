//! The layers of the settings: file, then environment (`UNIS__…`), then `--set`, the last one
//! winning.
//!
//! ```text
//! unis.toml ──► checked alone: errors carry their line ─┐
//! UNIS__ROUTINGCOST__WEIGHT=hops ──► a table ───────────┼─► merged table ──► settings
//! --set routingcost.weight=hops ────────────────────────┘
//! ```

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::regular;
use crate::settings::assign::assign;
use crate::settings::elsewhere::table_of;

/// A settings file may be this long.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// A key may have this many parts.
const MAX_KEY_PARTS: usize = 8;

/// How the library's complaints call a type, and what an operator calls it.
const TYPES: [(&str, &str); 8] = [
    ("usize", "a whole number from 0"),
    ("u64", "a whole number from 0"),
    ("u32", "a whole number from 0 to 4294967295"),
    ("u16", "a whole number from 0 to 65535"),
    ("u8", "a whole number from 0 to 255"),
    ("a nonzero u32", "a whole number above 0"),
    ("f64", "a number"),
    ("a boolean", "true or false"),
];

/// Settings that are put together from layers.
pub trait Layered: DeserializeOwned + Serialize {
    /// Environment variables of these settings begin with it: `UNIS__`.
    const ENVIRONMENT_PREFIX: &'static str;
    /// Keys, at the top, of what [`Layered::rebase`] changes.
    const PATHS: &'static [&'static str];

    /// Makes the paths of a settings file relative to the folder that it stands in.
    fn rebase(&mut self, folder: &Path);

    /// Called after a later layer set the value at `path`: what it overrules elsewhere goes.
    fn overrule(_table: &mut Table, _path: &[String]) {}
}

/// Why settings were refused. Reads `PLACE: message`.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A layer says something that is not a setting.
    #[error("{place}: {message}")]
    Layer {
        /// `FILE:LINE`, the variable or the option.
        place: String,
        /// What is wrong, with a suggestion where there is one.
        message: String,
    },
    /// A value is well-formed but not sensible.
    #[error("setting {key}: {message}")]
    Invalid {
        /// The setting.
        key: String,
        /// What is wrong.
        message: String,
    },
}

impl SettingsError {
    /// A value that cannot be taken.
    pub fn invalid(key: &str, message: impl Into<String>) -> Self {
        Self::Invalid { key: key.to_owned(), message: message.into() }
    }

    /// Something in a layer that is not a setting.
    pub fn layer(place: impl Into<String>, message: impl AsRef<str>) -> Self {
        Self::Layer { place: place.into(), message: with_suggestion(message.as_ref()) }
    }
}

/// Merges the layers: `file`, `environment` (all variables, of which those with the prefix count)
/// and `assignments` (`key=value`).
///
/// # Errors
/// A file that cannot be read, a syntax error or unknown key with its place.
pub fn merge<S: Layered>(
    file: Option<&Path>,
    environment: impl Iterator<Item = (OsString, OsString)>,
    assignments: &[String],
) -> Result<S, SettingsError> {
    let mut merged = file.map_or_else(|| Ok(Table::new()), read_file::<S>)?;
    for (name, value) in environment {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
        if let Some(key) = name.strip_prefix(S::ENVIRONMENT_PREFIX) {
            let path: Vec<String> =
                key.split("__").map(|part| part.to_ascii_lowercase().replace('_', "-")).collect();
            set::<S>(&mut merged, name, &path, value)?;
        }
    }
    for assignment in assignments {
        let place = format!("--set {assignment}");
        let Some((key, value)) = assignment.split_once('=') else {
            return Err(SettingsError::layer(place, "is not of the form KEY=VALUE"));
        };
        let path: Vec<String> = key.trim().split('.').map(str::to_owned).collect();
        set::<S>(&mut merged, &place, &path, value.trim())?;
    }
    Value::Table(merged)
        .try_into()
        .map_err(|error: toml::de::Error| SettingsError::layer("settings", error.message()))
}

/// Reads the file, and checks it alone so that an error carries its line. Paths in it become
/// relative to its folder.
fn read_file<S: Layered>(path: &Path) -> Result<Table, SettingsError> {
    let text = regular::read_text(path, MAX_FILE_BYTES).map_err(|source| match source.kind() {
        ErrorKind::FileTooLarge => {
            let message = format!("more than the {MAX_FILE_BYTES} bytes of a settings file");
            SettingsError::layer(path.display().to_string(), message)
        }
        _ => SettingsError::Read { path: path.to_owned(), source },
    })?;
    let located = |error: toml::de::Error| {
        let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count());
        let unquoted = text.lines().nth(line).and_then(unquoted);
        let message = unquoted.unwrap_or_else(|| with_table::<S>(error.message()));
        SettingsError::layer(format!("{}:{}", path.display(), line + 1), message)
    };
    let mut settings: S = toml::from_str(&text).map_err(located)?;
    let mut table: Table = toml::from_str(&text).map_err(located)?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    settings.rebase(folder);
    let rebased = Table::try_from(&settings)
        .map_err(|error| SettingsError::layer(path.display().to_string(), error.to_string()))?;
    for (key, value) in rebased {
        if S::PATHS.contains(&key.as_str()) && table.contains_key(&key) {
            table.insert(key, value);
        }
    }
    Ok(table)
}

/// What is wrong with a line whose value would be good between quotes, such as
/// `listen = 127.0.0.1:8443`.
fn unquoted(line: &str) -> Option<String> {
    let (_, value) = line.split_once('=')?;
    let value = value.split('#').next().unwrap_or_default().trim();
    let is_value = |value: &str| toml::from_str::<Table>(&format!("value = {value}")).is_ok();
    let bare = !value.is_empty() && !value.contains(['"', '\'', '[', '{']) && !is_value(value);
    bare.then(|| format!("`{value}` is no value; a text stands in quotes: {value:?}"))
}

/// Sets one value in the merged table and checks that the result still is a set of settings.
fn set<S: Layered>(
    merged: &mut Table,
    place: &str,
    path: &[String],
    value: &str,
) -> Result<(), SettingsError> {
    if path.len() > MAX_KEY_PARTS || path.iter().any(String::is_empty) {
        return Err(SettingsError::layer(place, "the key has an empty part or too many parts"));
    }
    let parsed = toml::from_str::<Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    let mut changed = merged.clone();
    assign(&mut changed, path, parsed).map_err(|message| SettingsError::layer(place, message))?;
    S::overrule(&mut changed, path);
    Value::Table(changed.clone()).try_into::<S>().map_err(|error: toml::de::Error| {
        SettingsError::layer(place, with_table::<S>(error.message()))
    })?;
    *merged = changed;
    Ok(())
}

/// Says of an unknown key which table has it, where one has.
fn with_table<S: Layered>(message: &str) -> String {
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    let found = unknown.and_then(|(key, _)| table_of::<S>(key).map(|table| (key, table)));
    found.map_or_else(
        || message.to_owned(),
        |(key, table)| format!("unknown key `{key}`: it stands in {table}"),
    )
}

/// Adds the nearest known key to "unknown field `x`, expected one of `a`, `b`".
fn with_suggestion(message: &str) -> String {
    let mut message = message
        .replace("unknown field", "unknown key")
        .replace("invalid socket address syntax", "is not of the form IP:PORT, such as [::]:8443");
    for (of_code, of_people) in TYPES {
        message = message.replace(&format!("expected {of_code}"), &format!("expected {of_people}"));
    }
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let is_list = message.starts_with("unknown") && message.contains("expected");
    let Some((unknown, known)) = names.split_first().filter(|_| is_list) else {
        return message;
    };
    let nearest = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(unknown, name), *name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .min();
    nearest.map_or_else(
        || message.clone(),
        |(_, name)| format!("unknown key `{unknown}`: did you mean `{name}`?"),
    )
}
