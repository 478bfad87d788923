//! Logs as text or JSON, to standard error or to syslog (RFC 5424, as RFC 7285 §16.2.1 asks).
//! Secrets are never logged, client addresses truncated, what others wrote is made printable.

mod level;
mod lines;
mod syslog;
mod target;

use std::fmt;
use std::io::{self, IsTerminal};
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::log::lines::{Json, Printable};
use crate::log::syslog::Syslog;

pub use crate::log::level::{Level, LevelError};
pub use crate::log::target::{Address, Target, TargetError};

/// How to log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LogSettings {
    /// `text` or `json`.
    pub format: Format,
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as `warn,unis=debug`.
    pub level: Level,
    /// `stderr`, `syslog`, `unix:PATH` or `udp:IP:PORT`.
    pub target: Target,
}

/// The shape of a line, or of a record's message.
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
        Self { format: Format::Text, level: Level::default(), target: Target::Stderr }
    }
}

/// Why logging did not start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No socket can be had for syslog.
    #[error("no socket for syslog: {0}")]
    Socket(#[from] io::Error),
    /// Another subscriber is in place.
    #[error("logging was started before")]
    Started,
}

/// Starts logging for the whole process.
///
/// # Errors
/// [`LogError`].
pub fn init(settings: &LogSettings) -> Result<(), LogError> {
    let registry = tracing_subscriber::registry().with(settings.level.filter());
    let shape = match settings.target.address() {
        None => to_stderr(settings.format),
        Some(address) => to_syslog(settings.format, Syslog::open(&address)?),
    };
    registry.with(shape).try_init().map_err(|_| LogError::Started)
}

type Shape<S> = Box<dyn Layer<S> + Send + Sync>;

fn to_stderr<S>(format: Format) -> Shape<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    match format {
        Format::Text => {
            let colours = io::stderr().is_terminal();
            let lines = layer().fmt_fields(Printable::default()).with_ansi(colours);
            Box::new(lines.with_writer(io::stderr))
        }
        Format::Json => Box::new(layer().json().with_writer(Json(io::stderr))),
    }
}

/// Time, level and origin stand in the record's header; JSON has them as well, for what collects
/// the messages alone.
fn to_syslog<S>(format: Format, syslog: Syslog) -> Shape<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    match format {
        Format::Text => {
            let lines = layer().fmt_fields(Printable::default()).with_ansi(false);
            let lines = lines.without_time().with_level(false).with_target(false);
            Box::new(lines.with_writer(syslog))
        }
        Format::Json => Box::new(layer().json().with_writer(Json(syslog))),
    }
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
