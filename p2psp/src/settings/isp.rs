//! ISPs of bilateral agreements (TR 20002 §7.2.1): where their UNIS is, and whose addresses it
//! ranks for.

use std::collections::HashSet;
use std::path::PathBuf;

use alto_client::Url;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::settings::SettingsError;

/// ISPs at most: the map of each is kept in memory.
const MAX_ISPS: usize = 64;

/// One `[[isp]]` entry.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IspSettings {
    /// Name of the ISP in logs, metrics and profiles.
    pub name: String,
    /// URL of its UNIS' directory.
    pub url: String,
    /// What of its UNIS is used.
    #[serde(default)]
    pub service: Service,
    /// CA certificates of its UNIS (PEM).
    pub bundle: PathBuf,
    /// Its revocation list (PEM); without one nothing is checked for revocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl: Option<PathBuf>,
    /// Its SPIFFE trust domain; any server that the bundle vouches for where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_domain: Option<String>,
    /// Prefixes of its users, for whom its map ranks; all addresses if empty.
    #[serde(default)]
    pub prefixes: Vec<IpNet>,
    /// The certificate that it gave us (PEM); our own server certificate if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// The key to it (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// Seconds between two looks at its maps.
    #[serde(default = "thirty")]
    pub poll_seconds: u64,
    /// After so many seconds without a look that succeeded its map counts as stale.
    #[serde(default = "three_hundred")]
    pub stale_seconds: u64,
}

/// What an ISP gives by the agreement.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Its maps, which are followed: lists wait for nobody.
    #[default]
    Maps,
    /// Its endpoint cost service alone: asked for each list, with a deadline.
    EndpointCost,
}

const fn thirty() -> u64 {
    30
}

const fn three_hundred() -> u64 {
    300
}

/// Checks what one entry alone, or all together, can have wrong.
pub(crate) fn check_all(isps: &[IspSettings]) -> Result<(), SettingsError> {
    if isps.len() > MAX_ISPS {
        let message = format!("{} entries are more than {MAX_ISPS}", isps.len());
        return Err(SettingsError::invalid("isp", message));
    }
    let (mut names, mut prefixes) = (HashSet::new(), HashSet::new());
    for isp in isps {
        let key = format!("isp {:?}", isp.name);
        if isp.name.is_empty() || !names.insert(isp.name.as_str()) {
            return Err(SettingsError::invalid(&key, "needs a name of its own"));
        }
        if let Err(error) = Url::parse(&isp.url) {
            return Err(SettingsError::invalid(&key, error.to_string()));
        }
        if isp.certificate.is_some() != isp.key.is_some() {
            return Err(SettingsError::invalid(&key, "needs both certificate and key, or neither"));
        }
        if isp.poll_seconds == 0 {
            return Err(SettingsError::invalid(&key, "poll-seconds has to be above 0"));
        }
        let whole = ["0.0.0.0/0", "::/0"].map(str::to_owned);
        let theirs: Vec<String> = match isp.prefixes.is_empty() {
            true => whole.to_vec(),
            false => isp.prefixes.iter().map(|prefix| prefix.trunc().to_string()).collect(),
        };
        for prefix in theirs {
            if !prefixes.insert(prefix.clone()) {
                let message = format!("prefix {prefix} stands twice: whose map is to rank?");
                return Err(SettingsError::invalid(&key, message));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;
    use crate::settings::isp::check_all;

    fn refused(text: &str) -> String {
        let settings: Settings = toml::from_str(text).unwrap();
        check_all(&settings.isp).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn whose_map_ranks_an_address_is_never_open() {
        let one = "[[isp]]\nname = \"a\"\nurl = \"https://a/directory\"\nbundle = \"a.pem\"\n";
        assert_eq!(refused(one), "");
        let two = format!("{one}{}", one.replace("\"a\"", "\"b\""));
        assert!(refused(&two).contains("0.0.0.0/0 stands twice"), "{}", refused(&two));
        let apart = format!("{two}prefixes = [\"192.0.2.1/24\"]\n");
        assert_eq!(refused(&apart), "");
    }
}
