//! What the crate counts about itself. Names get the registry's prefix in front.

mod expiry;
pub mod process;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

pub(crate) use crate::metrics::expiry::Ends;
use crate::metrics::expiry::{OfAuthority, OfParty};

/// One label with a value from a fixed set.
pub(crate) type Label = [(&'static str, &'static str); 1];

/// Counters and gauges of listeners and TLS. Clones share their values.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    pub(crate) connections_open: Gauge,
    pub(crate) connections_accepted: Counter,
    pub(crate) connections_refused: Family<Label, Counter>,
    pub(crate) connections_cut: Family<Label, Counter>,
    pub(crate) handshakes_failed: Family<Label, Counter>,
    pub(crate) accept_errors: Counter,
    pub(crate) requests: Counter,
    pub(crate) requests_in_work: Gauge,
    pub(crate) requests_shed: Counter,
    pub(crate) tls_reloads: Family<Label, Counter>,
    pub(crate) cert_not_after: Family<Label, Gauge>,
    ca_not_after: Family<OfAuthority, Gauge>,
    crl_next_update: Family<OfParty, Gauge>,
}

impl Metrics {
    /// Values that no registry knows yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the values visible under `<prefix>_connections_open` and so on.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("connections_open", "Connections open", self.connections_open.clone());
        registry.register(
            "connections_accepted",
            "Connections accepted",
            self.connections_accepted.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections closed at once because of a cap, by cap",
            self.connections_refused.clone(),
        );
        registry.register(
            "connections_cut",
            "Connections closed by the server, by reason",
            self.connections_cut.clone(),
        );
        registry.register(
            "handshakes_failed",
            "TLS handshakes that failed, by reason",
            self.handshakes_failed.clone(),
        );
        registry.register("accept_errors", "Failures of accept()", self.accept_errors.clone());
        registry.register("requests", "Requests received", self.requests.clone());
        registry.register(
            "requests_in_work",
            "Requests that a handler works on",
            self.requests_in_work.clone(),
        );
        registry.register(
            "requests_shed",
            "Requests answered 503 because too many were in work",
            self.requests_shed.clone(),
        );
        registry.register(
            "tls_reloads",
            "Reloads of certificates, bundles and revocation lists, by outcome",
            self.tls_reloads.clone(),
        );
        registry.register_with_unit(
            "cert_not_after",
            "End of validity of the certificate in use, Unix time",
            Unit::Seconds,
            self.cert_not_after.clone(),
        );
        registry.register_with_unit(
            "ca_not_after",
            "End of validity of each CA certificate that is believed, Unix time",
            Unit::Seconds,
            self.ca_not_after.clone(),
        );
        registry.register_with_unit(
            "crl_next_update",
            "When a party's revocation list lapses and its certificates are refused, Unix time",
            Unit::Seconds,
            self.crl_next_update.clone(),
        );
    }

    /// What one side believes ends then; `old` is what it believed until now.
    pub(crate) fn believed_ends(&self, old: &Ends, new: &Ends) {
        for (of, ends) in &new.authorities {
            self.ca_not_after.get_or_create(of).set(*ends);
        }
        for (of, ends) in &new.lists {
            self.crl_next_update.get_or_create(of).set(*ends);
        }
        let is_new = |of: &OfAuthority| new.authorities.iter().any(|(known, _)| known == of);
        for (of, _) in old.authorities.iter().filter(|(of, _)| !is_new(of)) {
            self.ca_not_after.remove(of);
        }
        let is_new = |of: &OfParty| new.lists.iter().any(|(known, _)| known == of);
        for (of, _) in old.lists.iter().filter(|(of, _)| !is_new(of)) {
            self.crl_next_update.remove(of);
        }
    }

    pub(crate) fn reloaded(&self, outcome: &'static str) {
        self.tls_reloads.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(crate) fn certificate_ends(&self, side: &'static str, unix_seconds: i64) {
        self.cert_not_after.get_or_create(&[("side", side)]).set(unix_seconds);
    }

    pub(crate) fn refused(&self, cap: &'static str) {
        self.connections_refused.get_or_create(&[("cap", cap)]).inc();
    }

    pub(crate) fn cut(&self, reason: &'static str) {
        self.connections_cut.get_or_create(&[("reason", reason)]).inc();
    }

    pub(crate) fn handshake_failed(&self, reason: &'static str) {
        self.handshakes_failed.get_or_create(&[("reason", reason)]).inc();
    }
}
