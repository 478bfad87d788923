//! What the server counts (RFC 7285 §16.2.5), in the names that Prometheus expects.

use std::sync::atomic::AtomicU64;
use std::time::UNIX_EPOCH;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::maps::version::Version;

/// One service of the directory and what became of the request.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub struct Served {
    service: &'static str,
    status: u16,
}

/// One service of the directory.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub struct Service {
    service: &'static str,
}

/// One network, by the id of its map.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub struct OfNetwork {
    network: String,
}

/// The counters and gauges of the server. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    requests: Family<Served, Counter>,
    request_bytes: Family<Service, Counter>,
    response_bytes: Family<Service, Counter>,
    reloads: Counter,
    failed_reloads: Counter,
    loaded_at: Gauge<f64, AtomicU64>,
    pids: Family<OfNetwork, Gauge>,
    prefixes: Family<OfNetwork, Gauge>,
    pairs: Family<OfNetwork, Gauge>,
}

impl Metrics {
    /// Makes the metrics known to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("unis");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Version of this server", build);
        registry.register("requests", "Requests by service and status", self.requests.clone());
        registry.register_with_unit(
            "request",
            "Length of request bodies by service",
            Unit::Bytes,
            self.request_bytes.clone(),
        );
        registry.register_with_unit(
            "response",
            "Length of answers by service",
            Unit::Bytes,
            self.response_bytes.clone(),
        );
        registry.register("reloads", "Versions put in force after the first", self.reloads.clone());
        registry.register(
            "reloads_failed",
            "Reloads that kept the old version",
            self.failed_reloads.clone(),
        );
        registry.register(
            "map_loaded_timestamp_seconds",
            "When the version in force was loaded",
            self.loaded_at.clone(),
        );
        registry.register("pids", "PIDs of a network", self.pids.clone());
        registry.register("prefixes", "Prefixes of a network", self.prefixes.clone());
        registry.register("cost_pairs", "Pairs with a routingcost", self.pairs.clone());
    }

    /// Counts a request that was answered; `service` is a name of the resource table.
    pub fn served(
        &self,
        service: &'static str,
        status: u16,
        request_bytes: u64,
        response_bytes: u64,
    ) {
        self.requests.get_or_create(&Served { service, status }).inc();
        self.request_bytes.get_or_create(&Service { service }).inc_by(request_bytes);
        self.response_bytes.get_or_create(&Service { service }).inc_by(response_bytes);
    }

    /// Counts a reload.
    pub fn reloaded(&self, ok: bool) {
        if ok {
            self.reloads.inc()
        } else {
            self.failed_reloads.inc()
        };
    }

    /// Describes the version in force.
    pub fn describe(&self, version: &Version) {
        let age = version.loaded_at().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.loaded_at.set(age.as_secs_f64());
        for family in [&self.pids, &self.prefixes, &self.pairs] {
            family.clear();
        }
        for network in version.networks() {
            let label = OfNetwork { network: network.id("network-map") };
            let snapshot = network.snapshot();
            let pairs = snapshot.matrix("routingcost").map_or(0, netmap::CostMatrix::pairs);
            let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            self.pids.get_or_create(&label).set(count(snapshot.pids().len()));
            self.prefixes.get_or_create(&label).set(count(snapshot.prefixes().len()));
            self.pairs.get_or_create(&label).set(count(pairs));
        }
    }
}
