//! Settings: what the person at this machine can choose, with safe defaults.
//!
//! `default.toml` is the manual (`peer config default` prints it); a test holds it against these
//! structs.

mod cache;
mod inputs;
mod limits;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use link::settings::SettingsError;
use serde::{Deserialize, Serialize};

pub use crate::settings::cache::CacheSettings;
pub use crate::settings::limits::{Limits, Window, bytes_per_second};
pub use link::settings::Inputs;

/// The documented default file.
pub const DEFAULT_FILE: &str = include_str!("default.toml");

/// Most peers in care that can be set: a batch of the provider's has room for them.
const MAX_CARE: u32 = 999;
/// Longest wait for a batch, well below what its peers wait.
const MAX_BATCH_MS: u64 = 5000;
/// Longest time between two looks, seconds.
const MAX_REFRESH_SECONDS: u64 = 86_400;

/// All settings of a peer. Field by field: see [`DEFAULT_FILE`].
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// Address where other peers reach this one.
    pub listen: SocketAddr,
    /// The port that others reach us at, where it is not the one listened on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announce_port: Option<u16>,
    /// The address that this peer's own connections come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_address: Option<IpAddr>,
    /// Folder of keys and contents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<PathBuf>,
    /// Folder for what is fetched, where a command names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download_dir: Option<PathBuf>,
    /// Whether there is a web page.
    pub web_page: bool,
    /// Address of the web page; loopback only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_listen: Option<SocketAddr>,
    /// Address of health and metrics; loopback only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_listen: Option<SocketAddr>,
    /// Where the roles of the provider are, where they are apart.
    pub provider: ProviderUrls,
    /// The ISP, asked directly.
    pub isp: IspSettings,
    /// What this peer does for others beside sharing.
    pub role: Vec<Role>,
    /// As a relay.
    pub relay: RelaySettings,
    /// Ways past what stands between this peer and others.
    pub nat: NatSettings,
    /// As a super peer.
    pub super_peer: SuperPeerSettings,
    /// As a cache.
    pub cache: CacheSettings,
    /// What this peer gives and takes at most.
    pub limits: Limits,
    /// To whom it gives.
    pub sharing: Sharing,
    /// How often the provider is asked for what others may not have.
    pub refresh: RefreshSettings,
    /// Where and how to log.
    pub log: link::log::LogSettings,
}

/// What a peer does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Shares and fetches.
    Peer,
    /// Leads others to peers that cannot be dialled (TR 20002 §8.2.6).
    Relay,
    /// Keeps contents for others and gives them (TR 20002 §8.2.5).
    Cache,
    /// Reports for others (TR 20002 §8.3.10).
    Super,
}

/// A peer as a super peer, and in the care of one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SuperPeerSettings {
    /// Whether this peer reports through a super peer where the provider has one for it.
    pub report_through: bool,
    /// Address of the super peer.
    pub listen: SocketAddr,
    /// The port that others reach it at, where it is not the one listened on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announce_port: Option<u16>,
    /// Peers in its care at most.
    pub capacity: u32,
    /// Milliseconds that a report waits for others to go with it.
    pub batch_ms: u64,
}

impl Default for SuperPeerSettings {
    fn default() -> Self {
        Self {
            report_through: true,
            listen: SocketAddr::from(([0, 0, 0, 0], 0)),
            announce_port: None,
            capacity: 100,
            batch_ms: 1000,
        }
    }
}

impl SuperPeerSettings {
    fn check(&self) -> Result<(), SettingsError> {
        if !(1..=MAX_CARE).contains(&self.capacity) {
            let message = format!("{} is not 1 to {MAX_CARE}", self.capacity);
            return Err(SettingsError::invalid("super-peer.capacity", message));
        }
        if self.batch_ms > MAX_BATCH_MS {
            let message = format!("{} is above {MAX_BATCH_MS}", self.batch_ms);
            return Err(SettingsError::invalid("super-peer.batch-ms", message));
        }
        Ok(())
    }
}

/// How often what the provider says of everybody is fetched.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RefreshSettings {
    /// Seconds between looks at the list of forbidden contents.
    pub denylist_seconds: u64,
    /// Seconds between looks at the list of revoked certificates.
    pub revocations_seconds: u64,
}

impl Default for RefreshSettings {
    fn default() -> Self {
        Self { denylist_seconds: 300, revocations_seconds: 300 }
    }
}

/// A peer as a relay.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RelaySettings {
    /// Address of the relay.
    pub listen: SocketAddr,
    /// The port that others reach it at, where it is not the one listened on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announce_port: Option<u16>,
    /// What it has to give in all, kbit/s.
    pub bandwidth_kbps: u64,
    /// Peers that keep a connection at a time.
    pub circuits: u32,
    /// Whether what of it nobody uses goes to those who are here, beyond what is reserved for them.
    pub lend_idle: bool,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 0)),
            announce_port: None,
            bandwidth_kbps: 10_000,
            circuits: 16,
            lend_idle: true,
        }
    }
}

/// Ways past what stands between this peer and others (TR 20002 §8.3.3).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct NatSettings {
    /// Whether ways to others are opened at the provider's word, past NATs and firewalls.
    pub punch: bool,
    /// Whether that may lead to addresses of private networks.
    pub private_addresses: bool,
}

impl Default for NatSettings {
    fn default() -> Self {
        Self { punch: true, private_addresses: false }
    }
}

/// The public view of the ISP's server (reference point R4).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct IspSettings {
    /// URL of its directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unis: Option<String>,
    /// The CA certificates that its server is checked by; unset: the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}

/// Scheme and authority of each role of the provider; unset: where this peer enrolled.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ProviderUrls {
    /// Overlays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oms: Option<String>,
    /// Status of peers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pams: Option<String>,
    /// Users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ums: Option<String>,
    /// The index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ixs: Option<String>,
}

/// To whom this peer gives (TR 20002 §7.5.3).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Sharing {
    /// The lowest class that it serves.
    pub class_floor: u8,
    /// Whether others may see its status as it is, instead of a score.
    pub show_status: bool,
    /// Whether others are shown the passkey, which names this peer's user; without it they have the
    /// class confirmed by the provider.
    pub show_passkey: bool,
}

impl Default for Sharing {
    fn default() -> Self {
        Self { class_floor: 0, show_status: false, show_passkey: true }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 0)),
            announce_port: None,
            source_address: None,
            state_dir: None,
            download_dir: None,
            web_page: true,
            web_listen: None,
            admin_listen: None,
            provider: ProviderUrls::default(),
            isp: IspSettings::default(),
            role: vec![Role::Peer],
            relay: RelaySettings::default(),
            nat: NatSettings::default(),
            super_peer: SuperPeerSettings::default(),
            cache: CacheSettings::default(),
            limits: Limits::default(),
            sharing: Sharing::default(),
            refresh: RefreshSettings::default(),
            log: link::log::LogSettings {
                // Certificates of peers live for a day or so: no list of revoked ones is missing.
                level: link::log::Level::standard("warn,link::trust::party=error"),
                ..link::log::LogSettings::default()
            },
        }
    }
}

impl Settings {
    /// Reads, merges and checks.
    ///
    /// # Errors
    /// The first setting that is wrong, and where it stands.
    pub fn load(inputs: &Inputs) -> Result<Self, SettingsError> {
        let settings = inputs.layered::<Self>(std::env::vars_os())?;
        settings.check()?;
        Ok(settings)
    }

    /// Connections with other peers at a time: a cache has one for each reservation beside those
    /// of its own contents.
    #[must_use]
    pub fn connections(&self) -> usize {
        let kept = if self.role.contains(&Role::Cache) { self.cache.reservations } else { 0 };
        self.limits.connections.saturating_add(kept as usize)
    }

    /// Folder of keys and contents.
    ///
    /// # Errors
    /// None is set, and there is no place for one.
    pub fn state_dir(&self) -> Result<PathBuf, SettingsError> {
        link::settings::state_dir(self.state_dir.as_deref(), "mp2p-peer")
    }

    fn check(&self) -> Result<(), SettingsError> {
        link::settings::check_admin(self.admin_listen)?;
        if let Some(page) = self.web_listen.filter(|page| !page.ip().is_loopback()) {
            return Err(SettingsError::invalid(
                "web-listen",
                format!(
                    "{page} is not a loopback address; whoever sees the page commands this peer"
                ),
            ));
        }
        let urls = &self.provider;
        for (role, url) in
            [("oms", &urls.oms), ("pams", &urls.pams), ("ums", &urls.ums), ("ixs", &urls.ixs)]
        {
            if let Some(url) = url.as_ref().filter(|url| !link::settings::is_base_url(url)) {
                let message = format!("{url} is not of the form https://HOST[:PORT]");
                return Err(SettingsError::invalid(&format!("provider.{role}"), message));
            }
        }
        for (key, seconds) in [
            ("refresh.denylist-seconds", self.refresh.denylist_seconds),
            ("refresh.revocations-seconds", self.refresh.revocations_seconds),
        ] {
            if !(1..=MAX_REFRESH_SECONDS).contains(&seconds) {
                let message = format!("{seconds} is not 1 to {MAX_REFRESH_SECONDS}");
                return Err(SettingsError::invalid(key, message));
            }
        }
        if [Role::Cache, Role::Relay].iter().all(|role| self.role.contains(role)) {
            let message = "the provider takes a peer as a cache or as a relay, not as both; run one \
                           for each, with a state folder of its own";
            return Err(SettingsError::invalid("role", message));
        }
        self.super_peer.check()?;
        self.cache.check()?;
        self.limits.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_has_a_connection_for_each_of_its_reservations() {
        let mut settings = Settings::default();
        assert_eq!(settings.connections(), 60);
        settings.role.push(Role::Cache);
        assert_eq!(settings.connections(), 60 + 256);
    }

    /// OMS has one registration of a peer as a server: each of two would end what the other serves.
    #[test]
    fn a_peer_is_a_cache_or_a_relay_and_not_both() {
        use Role::{Cache, Peer, Relay, Super};
        let check = |role: &[Role]| Settings { role: role.to_vec(), ..Settings::default() }.check();
        assert!(check(&[Peer, Cache, Super]).is_ok() && check(&[Peer, Relay, Super]).is_ok());
        let refused = check(&[Relay, Peer, Cache]).unwrap_err().to_string();
        assert!(refused.contains("setting role: ") && refused.contains("not as both"), "{refused}");
    }

    #[test]
    fn the_manual_has_every_setting_with_its_default() {
        let read: Settings = toml::from_str(DEFAULT_FILE).unwrap();
        let (read, made) =
            (toml::Table::try_from(&read), toml::Table::try_from(Settings::default()));
        assert_eq!(read.unwrap(), made.unwrap());
        // What is unset by default stands there as a comment.
        let unset = [
            "announce-port",
            "source-address",
            "state-dir",
            "download-dir",
            "web-listen",
            "admin-listen",
        ];
        for key in unset {
            assert!(DEFAULT_FILE.contains(&format!("\n# {key} = ")), "{key}");
        }
    }

    #[test]
    fn the_page_is_for_this_machine_alone() {
        let settings =
            Settings { web_listen: Some(([192, 0, 2, 1], 80).into()), ..Settings::default() };
        assert!(settings.check().unwrap_err().to_string().contains("web-listen"));
    }
}
