//! Settings: what an operator can choose, with safe defaults.
//!
//! `default.toml` is the manual (`unis config default` prints it); a test holds it against these
//! structs. The layers (file, environment, command line) are merged in `inputs`, checked here, and
//! each component gets only its own part.

mod aggregation;
mod inputs;
mod network;
mod partner;
mod view;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use link::daemon::IdentitySettings;
use link::settings::{check_admin, check_names, is_base_url, non_negative, positive};
use serde::{Deserialize, Serialize};

pub use link::settings::SettingsError;

pub use crate::settings::aggregation::{Aggregation, By};
pub use crate::settings::inputs::Inputs;
pub use crate::settings::network::{NetworkSettings, Networks, Penalty, Routingcost};
pub(crate) use crate::settings::partner::is_plain;
pub use crate::settings::partner::{DigestSettings, PartnerDigest, PartnerSettings};
pub use crate::settings::view::View;

/// The documented default file.
pub const DEFAULT_FILE: &str = include_str!("default.toml");

/// What a query of the endpoint services nests: itself, its endpoints, a list of them.
const LEAST_JSON_DEPTH: usize = 3;

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
    /// Bound on such pairs of one client in a second; 0 is none.
    pub pairs_per_second: u32,
    /// Bound on a request body, bytes.
    pub max_body_bytes: usize,
    /// Bound on the levels of arrays and objects in a request body.
    pub max_json_depth: usize,
    /// Bound on the pairs of a map that is rendered once per version.
    pub max_rendered_pairs: usize,
    /// Seconds between two looks at the source files; 0 switches the looking off.
    pub reload_poll_seconds: u64,
    /// Seconds after which a reload that is not done is given up.
    pub reload_timeout_seconds: u64,
    /// Bound on what a reload may take away, percent of a network's PIDs, prefixes or costs.
    pub reload_max_loss_percent: u8,
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
    /// How few PIDs a network has.
    pub aggregation: Aggregation,
    /// Whether prefixes are made as few as give each address the same PID.
    pub reduce_prefixes: bool,
    /// Where and how to log.
    pub log: link::log::LogSettings,
    /// Time, size and count bounds of the listener.
    pub limits: link::server::Limits,
    /// The networks served.
    pub network: Networks,
    /// What partners' passwords are for.
    pub digest: DigestSettings,
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
            pairs_per_second: 1_000_000,
            max_body_bytes: 1024 * 1024,
            max_json_depth: alto::json::MAX_DEPTH,
            max_rendered_pairs: 2_000_000,
            reload_poll_seconds: 1,
            reload_timeout_seconds: 600,
            reload_max_loss_percent: 100,
            body_seconds: 15,
            default_pid_cost: None,
            default_capacity_mbps: None,
            routingcost: Routingcost::standard(),
            aggregation: Aggregation::standard(),
            reduce_prefixes: false,
            log: link::log::LogSettings::default(),
            limits: link::server::Limits::default(),
            network: Networks::default(),
            digest: DigestSettings::default(),
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
        let settings = inputs::layered(inputs, std::env::vars_os())?;
        settings.check()?;
        Ok(settings)
    }

    /// The folder of keys and certificates, from the setting or from the usual places.
    ///
    /// # Errors
    /// None of `STATE_DIRECTORY`, `XDG_STATE_HOME` and `HOME` is set.
    pub fn state_dir(&self) -> Result<PathBuf, SettingsError> {
        link::settings::state_dir(self.state_dir.as_deref(), "unis")
    }

    /// Who this server is, and whom it believes.
    ///
    /// # Errors
    /// As for [`Settings::state_dir`].
    pub fn identity(&self) -> Result<IdentitySettings, SettingsError> {
        let asn = self.network.list().iter().find_map(|network| network.asn).unwrap_or(0);
        Ok(IdentitySettings {
            state_dir: self.state_dir()?,
            trust_domain: self.trust_domain.clone(),
            default_trust_domain: DEFAULT_TRUST_DOMAIN,
            server_path: format!("isp/{asn}/unis/1"),
            server_names: self.server_names.clone(),
            max_intermediates: self.limits.max_intermediates,
            partners: self
                .partner
                .iter()
                .filter(|partner| partner.has_certificates())
                .map(PartnerSettings::trust)
                .collect(),
            authority_url: None,
            peer_life: link::pki::PEER_LIFE,
        })
    }

    /// How long the body of a request may take.
    #[must_use]
    pub const fn body_deadline(&self) -> Duration {
        Duration::from_secs(self.body_seconds)
    }

    fn check(&self) -> Result<(), SettingsError> {
        check_admin(self.admin_listen)?;
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
            ("reload-timeout-seconds", self.reload_timeout_seconds),
        ] {
            if bound == 0 {
                return Err(SettingsError::invalid(key, "has to be above 0"));
            }
        }
        if !(LEAST_JSON_DEPTH..=alto::json::MAX_DEPTH).contains(&self.max_json_depth) {
            let (least, most) = (LEAST_JSON_DEPTH, alto::json::MAX_DEPTH);
            let reason = format!("is from {least}, what a query needs, to {most}");
            return Err(SettingsError::invalid("max-json-depth", reason));
        }
        if self.reload_max_loss_percent > 100 {
            return Err(SettingsError::invalid("reload-max-loss-percent", "is at most 100"));
        }
        non_negative("default-pid-cost", self.default_pid_cost)?;
        positive("default-capacity-mbps", self.default_capacity_mbps)?;
        self.limits.check().map_err(|error| SettingsError::invalid("limits", error.to_string()))?;
        self.routingcost.check("")?;
        self.aggregation.check("")?;
        self.network.check()?;
        self.digest.check()?;
        let own = self.trust_domain.as_deref();
        check_names(own, &self.server_names)?;
        partner::check_all(own, &self.partner)
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
