//! The layers of the settings: file, then environment (`UNIS__…`), then the command line, the last
//! one winning.
//!
//! ```text
//! unis.toml ──► checked alone: errors carry their line ─┐
//! UNIS__ROUTINGCOST__WEIGHT=hops ──► a table ───────────┼─► merged table ──► Settings
//! --set routingcost.weight=hops, --source, --listen ────┘
//! ```

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::settings::Settings;
use crate::settings::assign::assign;

/// Environment variables of the settings begin with this.
const ENVIRONMENT_PREFIX: &str = "UNIS__";
/// A settings file may be this long.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// A key may have this many parts.
const MAX_KEY_PARTS: usize = 8;

/// How the library's complaints call a type, and what an operator calls it.
const TYPES: [(&str, &str); 6] = [
    ("usize", "a whole number"),
    ("u64", "a whole number"),
    ("u32", "a whole number"),
    ("a nonzero u32", "a whole number above 0"),
    ("f64", "a number"),
    ("a boolean", "true or false"),
];

/// What the command line says about settings.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// `--config FILE`.
    pub file: Option<PathBuf>,
    /// `--source FORMAT=PATH`, in place of the sources of the one network.
    pub sources: Vec<String>,
    /// `--set key=value`.
    pub set: Vec<String>,
    /// `--listen IP:PORT`.
    pub listen: Option<SocketAddr>,
    /// `--state-dir DIR`.
    pub state_dir: Option<PathBuf>,
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
    pub(crate) fn invalid(key: &str, message: impl Into<String>) -> Self {
        Self::Invalid { key: key.to_owned(), message: message.into() }
    }

    fn layer(place: impl Into<String>, message: impl AsRef<str>) -> Self {
        Self::Layer { place: place.into(), message: with_suggestion(message.as_ref()) }
    }
}

/// Merges the layers; `environment` is all variables, of which those with our prefix count.
pub(crate) fn merge(
    inputs: &Inputs,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Settings, SettingsError> {
    let mut merged = inputs.file.as_deref().map_or_else(|| Ok(Table::new()), read_file)?;
    for (name, value) in environment {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
        if let Some(key) = name.strip_prefix(ENVIRONMENT_PREFIX) {
            let path: Vec<String> =
                key.split("__").map(|part| part.to_ascii_lowercase().replace('_', "-")).collect();
            set(&mut merged, name, &path, value)?;
        }
    }
    for assignment in &inputs.set {
        let place = format!("--set {assignment}");
        let Some((key, value)) = assignment.split_once('=') else {
            return Err(SettingsError::layer(place, "is not of the form KEY=VALUE"));
        };
        let path: Vec<String> = key.trim().split('.').map(str::to_owned).collect();
        set(&mut merged, &place, &path, value.trim())?;
    }
    let mut settings: Settings = Value::Table(merged)
        .try_into()
        .map_err(|error: toml::de::Error| SettingsError::layer("settings", error.message()))?;
    apply_options(&mut settings, inputs)?;
    Ok(settings)
}

/// Reads the file, and checks it alone so that an error carries its line. Paths in it become
/// relative to its folder.
fn read_file(path: &Path) -> Result<Table, SettingsError> {
    let unreadable = |source| SettingsError::Read { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_FILE_BYTES {
        let message = format!("{size} bytes are more than the {MAX_FILE_BYTES} of a settings file");
        return Err(SettingsError::layer(path.display().to_string(), message));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let located = |error: toml::de::Error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        SettingsError::layer(format!("{}:{line}", path.display()), error.message())
    };
    let mut settings: Settings = toml::from_str(&text).map_err(located)?;
    let mut table: Table = toml::from_str(&text).map_err(located)?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    rebase(&mut settings, &mut table, folder);
    Ok(table)
}

/// Makes the paths of a settings file relative to the folder that it stands in.
fn rebase(settings: &mut Settings, table: &mut Table, folder: &Path) {
    if let Some(state) = &settings.state_dir {
        table.insert("state-dir".to_owned(), text(&folder.join(state)));
    }
    for network in settings.network.list_mut() {
        for source in &mut network.source {
            if let Some((format, path)) = source.split_once('=') {
                *source = format!("{format}={}", folder.join(path).display());
            }
        }
    }
    for partner in &mut settings.partner {
        partner.bundle = partner.bundle.take().map(|path| folder.join(path));
        partner.crl = partner.crl.take().map(|path| folder.join(path));
    }
    for key in ["network", "partner"] {
        if let (true, Ok(mut whole)) = (table.contains_key(key), Table::try_from(&*settings))
            && let Some(value) = whole.remove(key)
        {
            table.insert(key.to_owned(), value);
        }
    }
}

fn text(path: &Path) -> Value {
    Value::String(path.display().to_string())
}

/// Sets one value in the merged table and checks that the result still is a set of settings.
fn set(merged: &mut Table, place: &str, path: &[String], value: &str) -> Result<(), SettingsError> {
    if path.len() > MAX_KEY_PARTS || path.iter().any(String::is_empty) {
        return Err(SettingsError::layer(place, "the key has an empty part or too many parts"));
    }
    let parsed = toml::from_str::<Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    let mut changed = merged.clone();
    assign(&mut changed, path, parsed).map_err(|message| SettingsError::layer(place, message))?;
    Value::Table(changed.clone())
        .try_into::<Settings>()
        .map_err(|error: toml::de::Error| SettingsError::layer(place, error.message()))?;
    *merged = changed;
    Ok(())
}

/// The options with a name of their own.
fn apply_options(settings: &mut Settings, inputs: &Inputs) -> Result<(), SettingsError> {
    if let Some(listen) = inputs.listen {
        settings.listen = listen;
    }
    if let Some(state_dir) = &inputs.state_dir {
        settings.state_dir = Some(state_dir.clone());
    }
    if inputs.sources.is_empty() {
        return Ok(());
    }
    let networks = settings.network.list_mut();
    if networks.is_empty() {
        networks.push(crate::settings::NetworkSettings::default());
    }
    let [network] = networks.as_mut_slice() else {
        return Err(SettingsError::layer(
            "--source",
            "the settings file has several networks; give their sources there",
        ));
    };
    network.source.clone_from(&inputs.sources);
    Ok(())
}

/// Adds the nearest known key to "unknown field `x`, expected one of `a`, `b`".
fn with_suggestion(message: &str) -> String {
    let mut message = message.replace("unknown field", "unknown key");
    for (of_code, of_people) in TYPES {
        message = message.replace(&format!("expected {of_code}"), &format!("expected {of_people}"));
    }
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((unknown, known)) = names.split_first().filter(|_| message.starts_with("unknown"))
    else {
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

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use crate::settings::layers::{Inputs, merge};
    use crate::settings::{Settings, View};

    fn load(
        file: Option<&str>,
        environment: &[(&str, &str)],
        set: &[&str],
    ) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("unis.toml");
        if let Some(text) = file {
            std::fs::write(&path, text).unwrap();
        }
        let inputs = Inputs {
            file: file.map(|_| path),
            set: set.iter().map(|&text| text.to_owned()).collect(),
            ..Inputs::default()
        };
        let environment = environment.iter().map(|&(k, v)| (OsString::from(k), OsString::from(v)));
        let settings = merge(&inputs, environment).map_err(|error| error.to_string())?;
        settings.check().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
        let file = "max-pairs = 1\nmax-body-bytes = 1\nbody-seconds = 1\n";
        let environment = [("UNIS__MAX_BODY_BYTES", "2"), ("UNIS__BODY_SECONDS", "2")];
        let settings = load(Some(file), &environment, &["body-seconds=3"]).unwrap();
        assert_eq!((settings.max_pairs, settings.max_body_bytes, settings.body_seconds), (1, 2, 3));
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_a_suggestion() {
        let error =
            load(Some("max-pairs = 1\n[routingcost]\nwieght = \"hops\"\n"), &[], &[]).unwrap_err();
        assert!(
            error.contains("unis.toml:3: unknown key `wieght`: did you mean `weight`?"),
            "{error}"
        );
        let error = load(None, &[], &["routingcost.penalty.pear=1"]).unwrap_err();
        assert!(error.contains("--set routingcost.penalty.pear=1: "), "{error}");
        assert!(error.contains("did you mean `peer`?"), "{error}");
        let error = load(None, &[("UNIS__MAX_PAIR", "1")], &[]).unwrap_err();
        assert!(
            error.starts_with("UNIS__MAX_PAIR: unknown key `max-pair`: did you mean"),
            "{error}"
        );
    }

    #[test]
    fn the_own_as_can_be_set_with_and_without_a_network_table() {
        for file in [
            None,
            Some("[network]\nsource = \"inventory=a\"\n"),
            Some("[[network]]\nname = \"a\"\n"),
        ] {
            let settings = load(file, &[], &["network.asn=137"]).unwrap();
            assert_eq!(settings.network.list()[0].asn, Some(137), "{file:?}");
        }
        let several = "[[network]]\nname = \"a\"\n[[network]]\nname = \"b\"\n";
        let settings = load(Some(several), &[], &["network.b.asn=137"]).unwrap();
        assert_eq!(settings.network.list()[1].asn, Some(137));
        assert!(load(Some(several), &[], &["network.asn=137"]).unwrap_err().contains("several"));
    }

    #[test]
    fn the_command_line_wins_over_what_the_file_says_of_one_network() {
        let file = "[network]\nname = \"a\"\n[network.routingcost]\nweight = \"hops\"\n";
        let options = |set: &[&str]| {
            let settings = load(Some(file), &[], set).unwrap();
            settings.network.list()[0].options(&settings).weight.unwrap().to_string()
        };
        assert_eq!(options(&[]), "hops");
        assert_eq!(options(&["routingcost.weight=igp"]), "igp");
    }

    #[test]
    fn paths_of_a_file_are_relative_to_its_folder() {
        let file = "[network]\nsource = [\"inventory=net.toml\"]\n";
        let settings = load(Some(file), &[], &[]).unwrap();
        let source = &settings.network.list()[0].source[0];
        assert!(source.starts_with("inventory=/") && source.ends_with("/net.toml"), "{source}");
    }

    #[test]
    fn values_out_of_range_are_refused_by_name() {
        for (set, says) in [
            ("routingcost.penalty.peer=-1", "routingcost.penalty.peer"),
            ("default-pid-cost=nan", "default-pid-cost"),
            ("admin-listen=192.0.2.1:80", "admin-listen"),
            ("public-view=everything", "public-view"),
            ("routingcost.weight=heavy", "weight"),
            ("max-pairs=-1", "max-pairs"),
        ] {
            let error = load(None, &[], &[set]).unwrap_err();
            assert!(error.contains(says), "{set}: {error}");
        }
    }

    #[test]
    fn a_public_view_is_a_word_or_a_truth_value() {
        for (text, view) in
            [("true", View::Full), ("false", View::None), ("ordinal", View::Ordinal)]
        {
            assert_eq!(
                load(None, &[], &[&format!("public-view={text}")]).unwrap().public_view,
                view
            );
        }
    }
}
