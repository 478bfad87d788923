//! Settings: what an operator can choose, with safe defaults.
//!
//! `default.toml` is the manual (`unis config default` prints it); a test holds it against these
//! structs. The layers (file, environment, command line) are merged in `layers`, checked here, and
//! each component gets only its own part.

mod assign;
mod layers;
mod network;
mod partner;
mod view;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use crate::settings::layers::{Inputs, SettingsError};
pub use crate::settings::network::{NetworkSettings, Networks, Penalty, Routingcost};
pub use crate::settings::partner::PartnerSettings;
pub use crate::settings::view::View;

/// The documented default file.
pub const DEFAULT_FILE: &str = include_str!("default.toml");

/// The trust domain of a CA that is made without one being named.
pub const DEFAULT_TRUST_DOMAIN: &str = "isp.localhost";

/// All settings of the server. Field by field: see [`DEFAULT_FILE`].
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// Address of the ALTO service.
    pub listen: SocketAddr,
    /// Address of health and metrics; loopback only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_listen: Option<SocketAddr>,
    /// Folder of keys, certificates and the revocation list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<PathBuf>,
    /// Scheme and authority of the URIs in the directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// SPIFFE trust domain of this organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_domain: Option<String>,
    /// Further names for the server certificate.
    pub server_names: Vec<String>,
    /// What a client without certificate sees.
    pub public_view: View,
    /// Bound on sources x destinations of one endpoint cost query.
    pub max_pairs: usize,
    /// Bound on a request body, bytes.
    pub max_body_bytes: usize,
    /// Bound on the pairs of a map that is rendered once per version.
    pub max_rendered_pairs: usize,
    /// Seconds between two looks at the source files; 0 switches the looking off.
    pub reload_poll_seconds: u64,
    /// Seconds until the body of a request has to be there.
    pub body_seconds: u64,
    /// Cost of pairs with the default PID; none if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_pid_cost: Option<f64>,
    /// Capacity of links that state none, Mbit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_capacity_mbps: Option<f64>,
    /// What a link and a neighbour cost.
    pub routingcost: Routingcost,
    /// Where and how to log.
    pub log: link::log::LogSettings,
    /// Time, size and count bounds of the listener.
    pub limits: link::server::Limits,
    /// The networks served.
    pub network: Networks,
    /// Partners of bilateral agreements (TR 20002 §7.2.1).
    pub partner: Vec<PartnerSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            admin_listen: None,
            state_dir: None,
            public_url: None,
            trust_domain: None,
            server_names: Vec::new(),
            public_view: View::None,
            max_pairs: 100_000,
            max_body_bytes: 1024 * 1024,
            max_rendered_pairs: 2_000_000,
            reload_poll_seconds: 1,
            body_seconds: 15,
            default_pid_cost: None,
            default_capacity_mbps: None,
            routingcost: Routingcost::standard(),
            log: link::log::LogSettings::default(),
            limits: link::server::Limits::default(),
            network: Networks::default(),
            partner: Vec::new(),
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
        let settings = layers::merge(inputs, std::env::vars_os())?;
        settings.check()?;
        Ok(settings)
    }

    /// The folder of keys and certificates, from the setting or from the usual places.
    ///
    /// # Errors
    /// None of `STATE_DIRECTORY`, `XDG_STATE_HOME` and `HOME` is set.
    pub fn state_dir(&self) -> Result<PathBuf, SettingsError> {
        let from = |name: &str, below: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(|value| Path::new(&value).join(below))
        };
        self.state_dir
            .clone()
            .or_else(|| from("STATE_DIRECTORY", ""))
            .or_else(|| from("XDG_STATE_HOME", "unis"))
            .or_else(|| from("HOME", ".local/state/unis"))
            .ok_or_else(|| {
                SettingsError::invalid(
                    "state-dir",
                    "is not set, and neither is HOME; give --state-dir",
                )
            })
    }

    /// How long the body of a request may take.
    #[must_use]
    pub const fn body_deadline(&self) -> Duration {
        Duration::from_secs(self.body_seconds)
    }

    fn check(&self) -> Result<(), SettingsError> {
        if let Some(admin) = self.admin_listen.filter(|address| !address.ip().is_loopback()) {
            return Err(SettingsError::invalid(
                "admin-listen",
                format!(
                    "{admin} is not a loopback address; metrics and health carry no access control"
                ),
            ));
        }
        if let Some(url) = self.public_url.as_ref().filter(|url| !is_base_url(url)) {
            return Err(SettingsError::invalid(
                "public-url",
                format!(
                    "{url:?} is not of the form https://HOST[:PORT], without a slash at the end"
                ),
            ));
        }
        for (key, bound) in [
            ("max-pairs", self.max_pairs as u64),
            ("max-body-bytes", self.max_body_bytes as u64),
            ("body-seconds", self.body_seconds),
        ] {
            if bound == 0 {
                return Err(SettingsError::invalid(key, "has to be above 0"));
            }
        }
        non_negative("default-pid-cost", self.default_pid_cost)?;
        positive("default-capacity-mbps", self.default_capacity_mbps)?;
        self.limits.check().map_err(|error| SettingsError::invalid("limits", error.to_string()))?;
        self.routingcost.check("")?;
        self.network.check()?;
        partner::check_all(&self.partner)
    }
}

/// Scheme, host and perhaps a port, and nothing else.
pub(crate) fn is_base_url(url: &str) -> bool {
    let Some((scheme, authority)) = url.split_once("://") else { return false };
    let Ok(authority) = authority.parse::<http::uri::Authority>() else { return false };
    let after_host = &authority.as_str()[authority.host().len()..];
    let port = after_host
        .strip_prefix(':')
        .map_or(after_host.is_empty(), |port| port.parse::<u16>().is_ok());
    matches!(scheme, "http" | "https") && !authority.host().is_empty() && port
}

/// Refuses a number that is below zero or not finite.
fn non_negative(key: &str, value: Option<f64>) -> Result<(), SettingsError> {
    match value {
        Some(value) if !value.is_finite() || value < 0.0 => Err(SettingsError::invalid(
            key,
            format!("{value} is not a finite number of at least 0"),
        )),
        _ => Ok(()),
    }
}

/// Refuses a number that is not above zero or not finite.
fn positive(key: &str, value: Option<f64>) -> Result<(), SettingsError> {
    match value {
        Some(value) if !value.is_finite() || value <= 0.0 => {
            Err(SettingsError::invalid(key, format!("{value} is not a finite number above 0")))
        }
        _ => Ok(()),
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
