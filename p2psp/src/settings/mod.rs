//! Settings: what an operator can choose, with safe defaults.
//!
//! `default.toml` is the manual (`p2psp config default` prints it); a test holds it against these
//! structs. Each component gets only its own part.

mod activity;
mod events;
mod inputs;
mod isp;
mod overlay;
mod reservation;
mod role;
mod users;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use link::daemon::IdentitySettings;
use link::settings::{check_admin, check_names, is_base_url};
use serde::{Deserialize, Serialize};

pub use link::settings::SettingsError;

pub use crate::settings::activity::ActivitySettings;
pub use crate::settings::events::EventSettings;
pub use crate::settings::inputs::Inputs;
pub use crate::settings::isp::{IspSettings, Service};
pub use crate::settings::overlay::OverlaySettings;
pub use crate::settings::reservation::ReservationSettings;
pub use crate::settings::role::{Part, RoleServer};
pub use crate::settings::users::{ClassSettings, SignUpBy, UsersSettings};

/// The documented default file.
pub const DEFAULT_FILE: &str = include_str!("default.toml");
/// The trust domain of a CA that is made without one being named.
pub const DEFAULT_TRUST_DOMAIN: &str = "p2psp.localhost";

/// All settings of the server. Field by field: see [`DEFAULT_FILE`].
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// Address of the service.
    pub listen: SocketAddr,
    /// Address of health and metrics; loopback only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_listen: Option<SocketAddr>,
    /// Folder of keys, certificates and databases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<PathBuf>,
    /// Scheme and authority under which peers reach this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// SPIFFE trust domain of this provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_domain: Option<String>,
    /// The provider's id in the names of its servers.
    pub provider: String,
    /// Further names for the server certificate.
    pub server_names: Vec<String>,
    /// Which roles this process has.
    pub role: Vec<Part>,
    /// Where the provider's CA is, if not in this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority_url: Option<String>,
    /// Roles of other processes.
    pub role_server: Vec<RoleServer>,
    /// Bound on a request body, bytes.
    pub max_body_bytes: usize,
    /// Seconds until the body of a request has to be there.
    pub body_seconds: u64,
    /// Milliseconds that one role waits for another.
    pub call_timeout_ms: u64,
    /// Membership.
    pub overlay: OverlaySettings,
    /// Cache and relay servers.
    pub reservation: ReservationSettings,
    /// Event streams.
    pub events: EventSettings,
    /// Peer lists.
    pub list: ListSettings,
    /// Status of peers.
    pub activity: ActivitySettings,
    /// Users and their credit.
    pub users: UsersSettings,
    /// Classes of users.
    pub class: ClassSettings,
    /// ISPs whose maps are followed.
    pub isp: Vec<IspSettings>,
    /// Where and how to log.
    pub log: link::log::LogSettings,
    /// Time, size and count bounds of the listener.
    pub limits: link::server::Limits,
}

/// What a peer list looks like.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ListSettings {
    /// Entries where the peer asks for no number.
    pub size: u16,
    /// Entries at most.
    pub max_size: u16,
    /// Share of entries from beyond the nearest peers, per cent; one at least.
    pub bridge_percent: u8,
    /// What becomes of overloaded peers.
    pub overloaded: Overloaded,
    /// Members of a PID that fetch from outside.
    pub gateways: u16,
    /// Of those, members that fetch the same fragment.
    pub gateway_quota: u16,
}

/// What becomes of overloaded peers in a list (TR 20002 §8.3.2).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overloaded {
    /// They stand last.
    #[default]
    Last,
    /// They are left out.
    Drop,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9443)),
            admin_listen: None,
            state_dir: None,
            public_url: None,
            trust_domain: None,
            provider: "p2psp".to_owned(),
            server_names: Vec::new(),
            role: Part::ALL.to_vec(),
            authority_url: None,
            role_server: Vec::new(),
            max_body_bytes: 64 * 1024,
            body_seconds: 15,
            call_timeout_ms: 500,
            overlay: OverlaySettings::default(),
            reservation: ReservationSettings::default(),
            events: EventSettings::default(),
            list: ListSettings::default(),
            activity: ActivitySettings::default(),
            users: UsersSettings::default(),
            class: ClassSettings::default(),
            isp: Vec::new(),
            log: link::log::LogSettings::default(),
            limits: link::server::Limits::default(),
        }
    }
}

impl Default for ListSettings {
    fn default() -> Self {
        Self {
            size: 50,
            max_size: 200,
            bridge_percent: 20,
            overloaded: Overloaded::Last,
            gateways: 64,
            gateway_quota: 2,
        }
    }
}

impl Settings {
    /// Reads and merges all layers, and checks what no single field can.
    ///
    /// # Errors
    /// A file that cannot be read, a syntax error or unknown key with its line, a value out of
    /// range.
    pub fn load(inputs: &Inputs) -> Result<Self, SettingsError> {
        let mut settings = inputs::layered(inputs, std::env::vars_os())?;
        role::complete(&mut settings.role_server, &settings.provider)?;
        settings.check()?;
        Ok(settings)
    }

    /// The folder of keys, certificates and databases.
    ///
    /// # Errors
    /// None of `STATE_DIRECTORY`, `XDG_STATE_HOME` and `HOME` is set.
    pub fn state_dir(&self) -> Result<PathBuf, SettingsError> {
        link::settings::state_dir(self.state_dir.as_deref(), "p2psp")
    }

    /// Who this server is.
    ///
    /// # Errors
    /// As for [`Settings::state_dir`].
    pub fn identity(&self) -> Result<IdentitySettings, SettingsError> {
        let part = self.role.first().map_or("oms", |part| part.as_str());
        Ok(IdentitySettings {
            state_dir: self.state_dir()?,
            trust_domain: self.trust_domain.clone(),
            default_trust_domain: DEFAULT_TRUST_DOMAIN,
            server_path: format!("p2psp/{}/{part}/1", self.provider),
            server_names: self.server_names.clone(),
            max_intermediates: self.limits.max_intermediates,
            partners: Vec::new(),
            authority_url: self.authority_url.clone(),
            peer_life: Duration::from_secs(self.users.certificate_seconds),
        })
    }

    /// How long one role waits for another.
    #[must_use]
    pub const fn call_timeout(&self) -> Duration {
        Duration::from_millis(self.call_timeout_ms)
    }

    fn check(&self) -> Result<(), SettingsError> {
        check_admin(self.admin_listen)?;
        for (key, url) in [("public-url", &self.public_url), ("authority-url", &self.authority_url)]
        {
            if let Some(url) = url.as_ref().filter(|url| !is_base_url(url)) {
                let message = format!(
                    "{url:?} is not of the form https://HOST[:PORT], without a slash at the end"
                );
                return Err(SettingsError::invalid(key, message));
            }
        }
        if self.role.is_empty() {
            return Err(SettingsError::invalid("role", "names no role"));
        }
        role::check_provider(&self.provider)?;
        check_names(self.trust_domain.as_deref(), &self.server_names)?;
        let overlay = &self.overlay;
        for (key, bound) in [
            ("max-body-bytes", self.max_body_bytes as u64),
            ("body-seconds", self.body_seconds),
            ("call-timeout-ms", self.call_timeout_ms),
            ("overlay.max-overlays", overlay.max_overlays as u64),
            ("overlay.max-members", overlay.max_members as u64),
            ("overlay.max-per-user", overlay.max_per_user as u64),
            ("overlay.heartbeat-seconds", overlay.heartbeat_seconds),
            ("overlay.probe-timeout-ms", overlay.probe_timeout_ms),
            ("overlay.quarantine-seconds", overlay.quarantine_seconds),
            ("list.gateway-quota", u64::from(self.list.gateway_quota)),
            ("list.size", u64::from(self.list.size)),
            ("reservation.max-servers", self.reservation.max_servers as u64),
            ("reservation.hold-seconds", self.reservation.hold_seconds),
            ("reservation.max-duration-seconds", self.reservation.max_duration_seconds),
            ("reservation.server-expires-seconds", self.reservation.server_expires_seconds),
            ("events.max-peers", self.events.max_peers as u64),
            ("events.max-events", self.events.max_events as u64),
            ("events.keep-alive-seconds", self.events.keep_alive_seconds),
        ] {
            if bound == 0 {
                return Err(SettingsError::invalid(key, "has to be above 0"));
            }
        }
        overlay.check()?;
        self.activity.check()?;
        if self.list.bridge_percent > 100 {
            return Err(SettingsError::invalid("list.bridge-percent", "has to be 0 to 100"));
        }
        if usize::from(self.list.max_size) > mp2p::message::list::MAX_ENTRIES
            || self.list.size > self.list.max_size
        {
            let most = mp2p::message::list::MAX_ENTRIES;
            let message = format!("has to be at least list.size, and {most} at most");
            return Err(SettingsError::invalid("list.max-size", message));
        }
        let reservation = &self.reservation;
        if reservation.cache_release_above < reservation.cache_attach_below {
            let message = "is below cache-attach-below: caches would come and go";
            return Err(SettingsError::invalid("reservation.cache-release-above", message));
        }
        if usize::from(self.list.gateways) > mp2p::message::gateway::MAX_GATEWAYS {
            let most = mp2p::message::gateway::MAX_GATEWAYS;
            return Err(SettingsError::invalid(
                "list.gateways",
                format!("has to be {most} at most"),
            ));
        }
        self.limits.check().map_err(|error| SettingsError::invalid("limits", error.to_string()))?;
        users::check(&self.users, &self.class)?;
        isp::check_all(&self.isp)
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::{DEFAULT_FILE, Settings};

    #[test]
    fn the_documented_file_says_what_the_defaults_are() {
        let written: Settings = toml::from_str(DEFAULT_FILE).unwrap();
        let parsed = toml::Table::try_from(&written).unwrap();
        assert_eq!(parsed, toml::Table::try_from(Settings::default()).unwrap());
    }

    #[test]
    fn every_setting_is_documented() {
        for key in toml::Table::try_from(Settings::default()).unwrap().keys() {
            let documented = DEFAULT_FILE.contains(&format!("{key} ="))
                || DEFAULT_FILE.contains(&format!("[{key}"));
            assert!(documented, "{key} does not stand in default.toml");
        }
    }
}
