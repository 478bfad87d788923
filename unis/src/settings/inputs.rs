//! What the command line says about settings, and how it is laid over file and environment.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use link::settings::{Layered, SettingsError, merge};
use toml::{Table, Value};

use crate::settings::Settings;

/// Settings that a network may have of its own.
const OF_NETWORKS: [&str; 5] =
    ["aggregation", "default-capacity-mbps", "default-pid-cost", "reduce-prefixes", "routingcost"];

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

/// Merges the layers; `environment` is all variables, of which those with our prefix count.
pub(crate) fn layered(
    inputs: &Inputs,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Settings, SettingsError> {
    let mut settings = merge(inputs.file.as_deref(), environment, &inputs.set)?;
    apply_options(&mut settings, inputs)?;
    Ok(settings)
}

impl Layered for Settings {
    const ENVIRONMENT_PREFIX: &'static str = "UNIS__";
    const PATHS: &'static [&'static str] = &["state-dir", "network", "partner"];

    fn rebase(&mut self, folder: &Path) {
        self.state_dir = self.state_dir.take().map(|path| folder.join(path));
        for network in self.network.list_mut() {
            for source in &mut network.source {
                if let Some((format, path)) = source.split_once('=') {
                    *source = format!("{format}={}", folder.join(path).display());
                }
            }
        }
        for partner in &mut self.partner {
            partner.bundle = partner.bundle.take().map(|path| folder.join(path));
            partner.crl = partner.crl.take().map(|path| folder.join(path));
            if let Some(digest) = &mut partner.digest {
                digest.ha1_file = folder.join(&digest.ha1_file);
            }
        }
    }

    fn overrule(table: &mut Table, path: &[String]) {
        if path.first().is_some_and(|first| OF_NETWORKS.contains(&first.as_str())) {
            overrule_networks(table, path);
        }
    }
}

/// What is set for all networks by a later layer wins over what an earlier one set for one.
fn overrule_networks(table: &mut Table, path: &[String]) {
    let networks = match table.get_mut("network") {
        Some(Value::Array(list)) => list.as_mut_slice(),
        Some(one) => std::slice::from_mut(one),
        None => return,
    };
    for network in networks {
        remove(network, path);
    }
}

fn remove(value: &mut Value, path: &[String]) {
    let (Some(table), Some((first, rest))) = (value.as_table_mut(), path.split_first()) else {
        return;
    };
    if rest.is_empty() {
        table.remove(first);
    } else if let Some(inner) = table.get_mut(first) {
        remove(inner, rest);
    }
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

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use crate::settings::inputs::{Inputs, layered};
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
        let settings = layered(&inputs, environment).map_err(|error| error.to_string())?;
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
    fn a_key_that_stands_elsewhere_is_told_with_its_table() {
        let told = |file: &str| load(Some(file), &[], &[]).unwrap_err();
        for (file, table) in [
            ("source = [\"gml=a.gml\"]\n", "1: unknown key `source`: it stands in [network]"),
            ("asn = 3\n", "1: unknown key `asn`: it stands in [network]"),
            ("weight = \"hops\"\n", "1: unknown key `weight`: it stands in [routingcost]"),
            ("crl = \"a.pem\"\n", "1: unknown key `crl`: it stands in [[partner]]"),
            ("max-streams = 3\n", "1: unknown key `max-streams`: it stands in [limits]"),
        ] {
            assert!(told(file).ends_with(table), "{file}: {}", told(file));
        }
        let set = load(None, &[], &["requests-per-second=3"]).unwrap_err();
        assert!(set.ends_with("unknown key `requests-per-second`: it stands in [limits]"), "{set}");
        assert!(told("nothing-such = 1\n").contains("expected one of"));
    }

    #[test]
    fn a_wrong_value_is_told_with_its_line_and_what_would_be_right() {
        for (file, told) in [
            ("\nlisten = \"localhost:8443\"\n", "2: is not of the form IP:PORT"),
            ("listen = 127.0.0.1:8443  # all\n", "1: `127.0.0.1:8443` is no value; a text stands"),
            ("max-pairs = -1\n", "1: invalid value: integer `-1`, expected a whole number from 0"),
            ("[network]\nasn = 4294967296\n", "2: invalid value: integer `4294967296`, expected"),
            ("[network]\nasn = 4294967296\n", "a whole number from 0 to 4294967295"),
            ("[log]\nlevel = \"loud\"\n", "2: `loud` is no log level"),
            ("[network]\n\nsource = [\"a.toml\"]\n", "3: source `a.toml` has no format"),
            ("[[network]]\nname = \"a\"\nsource = \"csv=a\"\n", "3: unknown source format `csv`"),
        ] {
            let error = load(Some(file), &[], &[]).unwrap_err();
            assert!(
                error.contains(&format!("unis.toml:{told}")) || error.ends_with(told),
                "{error}"
            );
        }
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
