//! Logs to standard error, as text or JSON. Secrets are never logged, client addresses truncated.

use std::fmt;
use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How to log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LogSettings {
    /// `text` or `json`.
    pub format: Format,
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as `warn,unis=debug`.
    pub level: String,
}

/// The shape of a line.
#[derive(Copy, Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One object a line, for machines.
    Json,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: Format::Text, level: "info".to_owned() }
    }
}

/// Why logging did not start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level means nothing.
    #[error("`{0}` is no log level")]
    Level(String),
    /// Another subscriber is in place.
    #[error("logging was started before")]
    Started,
}

/// Starts logging for the whole process.
///
/// # Errors
/// [`LogError`].
pub fn init(settings: &LogSettings) -> Result<(), LogError> {
    let filter =
        EnvFilter::try_new(&settings.level).map_err(|_| LogError::Level(settings.level.clone()))?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = match settings.format {
        Format::Text => {
            let colours = std::io::stderr().is_terminal();
            registry.with(layer().with_ansi(colours).with_writer(std::io::stderr)).try_init()
        }
        Format::Json => registry.with(layer().json().with_writer(std::io::stderr)).try_init(),
    };
    started.map_err(|_| LogError::Started)
}

/// A client's address as it may be logged: its /24 or /48, without port.
#[derive(Copy, Clone, Debug)]
pub struct Truncated(pub SocketAddr);

impl fmt::Display for Truncated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.ip().to_canonical() {
            IpAddr::V4(four) => {
                let [a, b, c, _] = four.octets();
                write!(f, "{a}.{b}.{c}.0/24")
            }
            IpAddr::V6(six) => {
                let [a, b, c, ..] = six.segments();
                write!(f, "{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truncated(text: &str) -> String {
        Truncated(text.parse().unwrap()).to_string()
    }

    #[test]
    fn what_tells_hosts_apart_is_left_out() {
        assert_eq!(truncated("192.0.2.77:4711"), "192.0.2.0/24");
        assert_eq!(truncated("[2001:db8:1:2::3]:4711"), "2001:db8:1::/48");
        assert_eq!(truncated("[::ffff:192.0.2.77]:1"), "192.0.2.0/24");
    }
}
