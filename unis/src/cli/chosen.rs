//! One network of those that are loaded, and one of its metrics, for commands that look at one.

use anyhow::{Context, bail};
use netmap::CostMatrix;

use crate::maps::network::ServedNetwork;
use crate::maps::version::Version;
use crate::progress::Bar;
use crate::settings::{Inputs, Settings};

/// A loaded version and the network of it that is meant.
pub(crate) struct Chosen {
    version: Version,
    index: usize,
}

impl Chosen {
    /// Loads what the inputs name, with a progress bar; `name` says which of several networks.
    pub(crate) fn load(inputs: &Inputs, name: Option<&str>) -> anyhow::Result<Self> {
        let settings = Settings::load(inputs)?;
        let version = Version::load(&settings, &Bar::default())?;
        Ok(Self { version, index: index(&settings, name)? })
    }

    /// The network.
    pub(crate) fn network(&self) -> &ServedNetwork {
        &self.version.networks()[self.index]
    }

    /// Its costs in a metric.
    pub(crate) fn matrix(&self, metric: &str) -> anyhow::Result<&CostMatrix> {
        let network = self.network();
        let known = || format!("no metric {metric:?}: there are {}", network.metrics().join(", "));
        network.snapshot().matrix(metric).with_context(known)
    }
}

fn index(settings: &Settings, name: Option<&str>) -> anyhow::Result<usize> {
    let networks = settings.network.list().iter();
    let names: Vec<&str> =
        networks.map(|network| network.name.as_deref().unwrap_or_default()).collect();
    match name {
        None if names.len() > 1 => {
            bail!("several networks: say which with --network ({})", names.join(", "))
        }
        None => Ok(0),
        Some(name) => names
            .iter()
            .position(|known| *known == name)
            .with_context(|| format!("no network {name:?}: there are {}", names.join(", "))),
    }
}
