//! What a cache has to give (`[cache]`).

use std::path::PathBuf;

use link::settings::SettingsError;
use serde::{Deserialize, Serialize};

/// A peer as a cache server (TR 20002 §8.2.5).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CacheSettings {
    /// Where the contents lie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Room for contents of others, MiB; what is reserved at a time, and what lies there, is never
    /// more.
    pub storage_mib: u64,
    /// What it has to give in all, kbit/s.
    pub bandwidth_kbps: u64,
    /// Reservations at a time.
    pub reservations: u32,
}

/// Most room that can be set: 1 PiB.
const MAX_STORAGE_MIB: u64 = 1 << 30;
/// OMS tells of so many reservations in one answer.
const MAX_RESERVATIONS: u32 = 1024;

impl Default for CacheSettings {
    fn default() -> Self {
        Self { folder: None, storage_mib: 10 << 10, bandwidth_kbps: 100_000, reservations: 256 }
    }
}

impl CacheSettings {
    /// Room, bytes.
    #[must_use]
    pub fn storage_bytes(&self) -> u64 {
        self.storage_mib.saturating_mul(1 << 20)
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.storage_mib == 0 || self.storage_mib > MAX_STORAGE_MIB {
            let message = format!("{} is not 1 to {MAX_STORAGE_MIB}", self.storage_mib);
            return Err(SettingsError::invalid("cache.storage-mib", message));
        }
        if self.bandwidth_kbps == 0 {
            return Err(SettingsError::invalid("cache.bandwidth-kbps", "0 serves nobody"));
        }
        if self.reservations == 0 || self.reservations > MAX_RESERVATIONS {
            let message = format!("{} is not 1 to {MAX_RESERVATIONS}", self.reservations);
            return Err(SettingsError::invalid("cache.reservations", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_without_room_is_none() {
        assert!(CacheSettings::default().check().is_ok());
        for (key, settings) in [
            ("storage-mib", CacheSettings { storage_mib: 0, ..CacheSettings::default() }),
            ("bandwidth-kbps", CacheSettings { bandwidth_kbps: 0, ..CacheSettings::default() }),
            ("reservations", CacheSettings { reservations: 2000, ..CacheSettings::default() }),
        ] {
            assert!(settings.check().unwrap_err().to_string().contains(key), "{key}");
        }
    }
}
