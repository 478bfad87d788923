//! What a listener grants its clients.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::rate::{Rate, Source, SourceRate};
use crate::trust::MAX_INTERMEDIATES;

/// Smallest header buffer that hyper takes.
const MIN_HEADER_BYTES: usize = 8192;

/// What a connection's window begins with (RFC 9113 §6.9.2); it cannot be less.
const MIN_WINDOW_BYTES: u64 = 65_535;
/// Largest window (RFC 9113 §6.9.1).
const MAX_WINDOW_BYTES: u32 = (1 << 31) - 1;

/// Bounds of a listener. Every count is a cap, every time a deadline; none of them is optional.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Connections open at a time; more are closed at once.
    pub max_connections: usize,
    /// Connections open at a time from one IPv4 address or one IPv6 /64.
    pub max_connections_per_source: usize,
    /// Whether the cap and the rates per source hold for loopback addresses too.
    pub cap_loopback: bool,
    /// TLS handshakes in work at a time; more wait, within their deadline. A connection counts from
    /// its complete ClientHello on, so that silent ones take no place.
    pub max_handshakes: usize,
    /// TLS handshakes a second from one IPv4 /24 or IPv6 /48; more connections are closed at once.
    /// 0 is no bound.
    pub handshakes_per_second: u32,
    /// How many of those may come at once.
    pub handshake_burst: u32,
    /// Certificates that a client's chain may have between its own and the bundle.
    pub max_intermediates: usize,
    /// Requests a second from one IPv4 address or one IPv6 /64, for handlers that ask
    /// [`Limits::request_rate`]; more are answered 429. 0 is no bound.
    pub requests_per_second: u32,
    /// How many of those may come at once.
    pub request_burst: u32,
    /// For the whole TLS handshake.
    pub handshake_timeout_ms: u64,
    /// Until the first byte of a request (HTTP/2: the whole preface).
    pub first_byte_timeout_ms: u64,
    /// HTTP/1.1: from the first byte of a request to the end of its headers.
    pub header_timeout_ms: u64,
    /// Without a request in work.
    pub idle_timeout_ms: u64,
    /// Without the client taking a byte of an answer, of each one for itself.
    pub write_timeout_ms: u64,
    /// For a handler to begin its answer; then 503.
    pub handler_timeout_ms: u64,
    /// Headers of a request.
    pub max_headers: usize,
    /// Bytes of a request's head.
    pub max_header_bytes: usize,
    /// HTTP/2: requests of one connection at a time.
    pub max_streams: u32,
    /// HTTP/2: requests that a client may reset before they were looked at; more end the connection
    /// (CVE-2023-44487).
    pub max_pending_resets: usize,
    /// HTTP/2: requests that may have to be reset for faults of the client; more end the
    /// connection.
    pub max_local_resets: usize,
    /// HTTP/2: bytes of one request's body that may be under way.
    pub stream_window_bytes: u32,
    /// HTTP/2: bytes of all request bodies of one connection that may be under way.
    pub connection_window_bytes: u32,
    /// Requests in work at a time over all connections; more are answered 503.
    pub max_requests_in_work: usize,
    /// Requests in work at a time over all connections from one IPv4 address or one IPv6 /64; more
    /// are answered 503, so that nobody who takes answers slowly takes all places.
    pub max_requests_in_work_per_source: usize,
    /// What those are told to wait, `Retry-After`.
    pub retry_after_s: u32,
    /// HTTP/2: time between pings.
    pub ping_interval_ms: u64,
    /// HTTP/2: for the answer to a ping.
    pub ping_timeout_ms: u64,
    /// For requests in work to finish at shutdown.
    pub drain_timeout_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 16_384,
            max_connections_per_source: 1024,
            cap_loopback: false,
            max_handshakes: 1024,
            handshakes_per_second: 200,
            handshake_burst: 400,
            max_intermediates: MAX_INTERMEDIATES,
            requests_per_second: 1000,
            request_burst: 2000,
            handshake_timeout_ms: 5_000,
            first_byte_timeout_ms: 5_000,
            header_timeout_ms: 10_000,
            idle_timeout_ms: 120_000,
            write_timeout_ms: 30_000,
            handler_timeout_ms: 30_000,
            max_headers: 64,
            max_header_bytes: 16 << 10,
            max_streams: 64,
            max_pending_resets: 20,
            max_local_resets: 128,
            stream_window_bytes: 256 << 10,
            connection_window_bytes: 1 << 20,
            max_requests_in_work: 1024,
            max_requests_in_work_per_source: 256,
            retry_after_s: 1,
            ping_interval_ms: 30_000,
            ping_timeout_ms: 20_000,
            drain_timeout_ms: 30_000,
        }
    }
}

/// A bound that makes no sense.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{name}` is {value}, it must be at least {least}")]
pub struct LimitError {
    /// The key.
    pub name: &'static str,
    /// What it is.
    pub value: u64,
    /// What it must be at least.
    pub least: u64,
}

impl Limits {
    /// Refuses bounds with which nothing could be served.
    ///
    /// # Errors
    /// The first such bound.
    pub fn check(&self) -> Result<(), LimitError> {
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        let bounds = [
            ("max-connections", count(self.max_connections), 1),
            ("max-connections-per-source", count(self.max_connections_per_source), 1),
            ("max-handshakes", count(self.max_handshakes), 1),
            ("handshake-burst", u64::from(self.handshake_burst), 1),
            ("request-burst", u64::from(self.request_burst), 1),
            ("handshake-timeout-ms", self.handshake_timeout_ms, 1),
            ("first-byte-timeout-ms", self.first_byte_timeout_ms, 1),
            ("header-timeout-ms", self.header_timeout_ms, 1),
            ("idle-timeout-ms", self.idle_timeout_ms, 1),
            ("write-timeout-ms", self.write_timeout_ms, 1),
            ("handler-timeout-ms", self.handler_timeout_ms, 1),
            ("max-headers", count(self.max_headers), 1),
            ("max-header-bytes", count(self.max_header_bytes), count(MIN_HEADER_BYTES)),
            ("max-streams", u64::from(self.max_streams), 1),
            ("max-pending-resets", count(self.max_pending_resets), 1),
            ("max-local-resets", count(self.max_local_resets), 1),
            ("stream-window-bytes", u64::from(self.stream_window_bytes), 1),
            ("connection-window-bytes", u64::from(self.connection_window_bytes), MIN_WINDOW_BYTES),
            ("max-requests-in-work", count(self.max_requests_in_work), 1),
            ("max-requests-in-work-per-source", count(self.max_requests_in_work_per_source), 1),
            ("ping-interval-ms", self.ping_interval_ms, 1),
            ("ping-timeout-ms", self.ping_timeout_ms, 1),
        ];
        match bounds.into_iter().find(|(_, value, least)| value < least) {
            Some((name, value, least)) => Err(LimitError { name, value, least }),
            None => Ok(()),
        }
    }

    /// The bound on requests of one address, if there is one.
    pub fn request_rate(&self) -> Option<SourceRate> {
        let rate = Rate { per_second: self.requests_per_second, burst: self.request_burst };
        SourceRate::new(Source::Host, rate, self.cap_loopback)
    }

    pub(crate) fn handshake_rate(&self) -> Option<SourceRate> {
        let rate = Rate { per_second: self.handshakes_per_second, burst: self.handshake_burst };
        SourceRate::new(Source::Network, rate, self.cap_loopback)
    }

    pub(crate) fn handshake_timeout(&self) -> Duration {
        Duration::from_millis(self.handshake_timeout_ms)
    }

    /// Without a byte of an answer taken.
    pub fn write_timeout(&self) -> Duration {
        Duration::from_millis(self.write_timeout_ms)
    }

    pub(crate) fn handler_timeout(&self) -> Duration {
        Duration::from_millis(self.handler_timeout_ms)
    }

    pub(crate) fn ping_interval(&self) -> Duration {
        Duration::from_millis(self.ping_interval_ms)
    }

    pub(crate) fn ping_timeout(&self) -> Duration {
        Duration::from_millis(self.ping_timeout_ms)
    }

    pub(crate) fn windows(&self) -> (u32, u32) {
        let (stream, connection) = (self.stream_window_bytes, self.connection_window_bytes);
        (stream.min(MAX_WINDOW_BYTES), connection.min(MAX_WINDOW_BYTES))
    }

    pub(crate) fn drain_timeout(&self) -> Duration {
        Duration::from_millis(self.drain_timeout_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_serve() {
        Limits::default().check().unwrap();
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        let limits: Limits = serde_json::from_str(r#"{"max-headers": 7}"#).unwrap();
        assert_eq!(limits, Limits { max_headers: 7, ..Limits::default() });
        assert!(serde_json::from_str::<Limits>(r#"{"max-header": 7}"#).is_err());
    }

    #[test]
    fn a_bound_that_lets_nobody_in_is_named() {
        let limits = Limits { max_header_bytes: 100, ..Limits::default() };
        let text = limits.check().unwrap_err().to_string();
        assert_eq!(text, "`max-header-bytes` is 100, it must be at least 8192");
    }
}
