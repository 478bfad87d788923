//! All networks and resources of one load: an immutable value that a request takes once.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use topology::{LoadError, Progress};

use crate::maps::network::ServedNetwork;
use crate::maps::table::{self, Resource};
use crate::settings::{Settings, SettingsError};

/// Everything that clients see, of one moment.
pub struct Version {
    networks: Vec<Arc<ServedNetwork>>,
    resources: Vec<Arc<Resource>>,
    by_path: HashMap<String, usize>,
    loaded_at: SystemTime,
}

/// Why the operator's files gave no version.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// No network is named anywhere.
    #[error(
        "no network: give --source FORMAT=PATH, or a [network] with sources in the settings file"
    )]
    NoNetwork,
    /// A network without a source.
    #[error("network {0:?} has no source")]
    NoSource(String),
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A file is.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Version {
    /// Loads all networks of the settings.
    ///
    /// # Errors
    /// No network, or one that cannot be loaded: the operator's file and line.
    pub fn load(settings: &Settings, progress: &dyn Progress) -> Result<Self, VersionError> {
        Self::load_beside(settings, progress, None)
    }

    /// The same beside the version in force: what stayed equal is shared, and costs are computed
    /// from the old ones where few links changed.
    ///
    /// # Errors
    /// As [`Version::load`].
    pub fn load_beside(
        settings: &Settings,
        progress: &dyn Progress,
        old: Option<&Self>,
    ) -> Result<Self, VersionError> {
        let list = settings.network.list();
        if list.is_empty() {
            return Err(VersionError::NoNetwork);
        }
        let mut networks = Vec::with_capacity(list.len());
        for network in list {
            let name = network.name.clone().unwrap_or_default();
            let sources = network.sources()?;
            if sources.is_empty() {
                return Err(if list.len() > 1 {
                    VersionError::NoSource(name)
                } else {
                    VersionError::NoNetwork
                });
            }
            let prefix = if list.len() > 1 { format!("{name}:") } else { String::new() };
            let before = old.and_then(|old| old.with_prefix(&prefix));
            let before = before.map(|network| network.topology());
            let options = network.options(settings);
            let loaded = topology::load_beside(&sources, &options, progress, before)?;
            networks.push(Arc::new(ServedNetwork::new(prefix, loaded)));
        }
        Ok(Self::of(networks, settings.max_rendered_pairs))
    }

    /// The resources over `networks`.
    #[must_use]
    pub fn of(networks: Vec<Arc<ServedNetwork>>, max_rendered_pairs: usize) -> Self {
        let resources = table::resources(&networks, max_rendered_pairs);
        let by_path = resources
            .iter()
            .enumerate()
            .map(|(index, resource)| (resource.path.clone(), index))
            .collect();
        Self { networks, resources, by_path, loaded_at: SystemTime::now() }
    }

    /// The same version, with the networks and the rendered bytes of `old` wherever nothing
    /// changed.
    #[must_use]
    pub fn sharing_with(self, old: &Self) -> Self {
        // In the same order too: the first network is the directory's default.
        let mut pairs = self.networks.iter().zip(&old.networks);
        let same = pairs.all(|(new, old)| new.is_same_as(old));
        if !same || self.networks.len() != old.networks.len() {
            return self;
        }
        Self {
            networks: old.networks.clone(),
            resources: old.resources.clone(),
            by_path: old.by_path.clone(),
            loaded_at: self.loaded_at,
        }
    }

    fn with_prefix(&self, prefix: &str) -> Option<&ServedNetwork> {
        self.networks.iter().find(|network| network.prefix() == prefix).map(Arc::as_ref)
    }

    /// The networks, the default one first.
    #[must_use]
    pub fn networks(&self) -> &[Arc<ServedNetwork>] {
        &self.networks
    }

    /// All resources but the directory itself.
    #[must_use]
    pub fn resources(&self) -> &[Arc<Resource>] {
        &self.resources
    }

    /// The resource at a path of this server.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Arc<Resource>> {
        Some(&self.resources[*self.by_path.get(path)?])
    }

    /// The resource with an id.
    #[must_use]
    pub fn with_id(&self, id: &str) -> Option<&Arc<Resource>> {
        self.resources.iter().find(|resource| *resource.id == *id)
    }

    /// In short, for the service manager: `serving 51 PIDs, 1226 prefixes`.
    #[must_use]
    pub fn told(&self) -> String {
        let each = self.networks.iter().map(|network| network.snapshot());
        let (pids, prefixes) = each.fold((0, 0), |(pids, prefixes), snapshot| {
            (pids + snapshot.pids().len(), prefixes + snapshot.prefixes().len())
        });
        format!("serving {pids} PIDs, {prefixes} prefixes")
    }

    /// When it was loaded.
    #[must_use]
    pub const fn loaded_at(&self) -> SystemTime {
        self.loaded_at
    }
}

/// The files that settings read from: what to watch for changes.
///
/// # Errors
/// A source that is not `FORMAT=PATH`.
pub fn files(settings: &Settings) -> Result<Vec<PathBuf>, SettingsError> {
    let mut files = Vec::new();
    for network in settings.network.list() {
        files.extend(network.sources()?.iter().map(|source| source.file().to_owned()));
    }
    Ok(files)
}
