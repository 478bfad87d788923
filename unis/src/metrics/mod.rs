//! What the server counts (RFC 7285 §16.2.5), in the names that Prometheus expects.
//!
//! - [`Metrics`]: requests and reloads, counted as they happen
//! - [`maps`]: the version in force, looked at when it is asked for

pub mod maps;

use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::maps::version::Version;

/// What a request was for.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Subject {
    /// A resource of the directory, by its id.
    Resource(Arc<str>),
    /// Anything else: the directory itself, enrolment, nothing.
    Other(&'static str),
}

impl EncodeLabelValue for Subject {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        let text: &str = match self {
            Self::Resource(id) => id,
            Self::Other(name) => name,
        };
        text.encode(encoder)
    }
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Served {
    resource: Subject,
    status: u16,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Of {
    resource: Subject,
}

/// The counters of the server. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    requests: Family<Served, Counter>,
    request_bytes: Family<Of, Counter>,
    response_bytes: Family<Of, Counter>,
    reloads: Counter,
    failed_reloads: Counter,
    map_updates: Family<Of, Counter>,
}

impl Metrics {
    /// Makes the metrics known to `registry`, which puts its prefix in front.
    pub fn register(&self, registry: &mut Registry) {
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Version of this server", build);
        registry.register("requests", "Requests by resource and status", self.requests.clone());
        registry.register_with_unit(
            "request",
            "Length of the request bodies read, by resource",
            Unit::Bytes,
            self.request_bytes.clone(),
        );
        registry.register_with_unit(
            "response",
            "Length of the response bodies sent, by resource",
            Unit::Bytes,
            self.response_bytes.clone(),
        );
        registry.register("reloads", "Versions put in force after the first", self.reloads.clone());
        registry.register(
            "reloads_failed",
            "Reloads that kept the old version, or a part of it",
            self.failed_reloads.clone(),
        );
        registry.register(
            "map_updates",
            "Reloads that changed the content of a map",
            self.map_updates.clone(),
        );
    }

    /// Counts a request that is answered; the counter is for the bytes of its response.
    pub fn answered(&self, subject: &Subject, status: u16) -> Counter {
        let resource = subject.clone();
        self.requests.get_or_create(&Served { resource, status }).inc();
        self.response_bytes.get_or_create_owned(&Of { resource: subject.clone() })
    }

    /// Counts the body of a request.
    pub fn read(&self, id: &Arc<str>, bytes: usize) {
        let of = Of { resource: Subject::Resource(Arc::clone(id)) };
        self.request_bytes.get_or_create(&of).inc_by(bytes as u64);
    }

    /// Counts a reload.
    pub fn reloaded(&self, ok: bool) {
        if ok {
            self.reloads.inc()
        } else {
            self.failed_reloads.inc()
        };
    }

    /// Makes the maps' counters begin at 0, so that their first change is seen as one.
    pub fn begin(&self, version: &Version) {
        for resource in version.resources().iter().filter(|resource| resource.tag().is_some()) {
            let of = Of { resource: Subject::Resource(Arc::clone(&resource.id)) };
            drop(self.map_updates.get_or_create(&of));
        }
    }

    /// Counts the maps whose content the new version changed, by their tags.
    pub fn updated(&self, old: &Version, new: &Version) {
        for resource in new.resources() {
            let before = old.with_id(&resource.id).and_then(|before| before.tag());
            if resource.tag() != before {
                let of = Of { resource: Subject::Resource(Arc::clone(&resource.id)) };
                self.map_updates.get_or_create(&of).inc();
            }
        }
    }
}
