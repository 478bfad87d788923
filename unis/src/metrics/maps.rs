//! Size and age of the maps in force (RFC 7285 §16.2.5), read from the version itself.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use netmap::CostMatrix;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::maps::current::Current;
use crate::maps::rendered::Coding;
use crate::maps::table::{Kind, Resource};
use crate::maps::version::Version;

/// Makes the maps in force visible; `registry` puts its prefix in front.
pub fn register(current: &Arc<Current>, registry: &mut Registry) {
    registry.register_collector(Box::new(Maps { current: Arc::clone(current) }));
}

struct Maps {
    current: Arc<Current>,
}

impl fmt::Debug for Maps {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Maps")
    }
}

impl Collector for Maps {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let version = self.current.get();
        age(&version, &mut encoder)?;
        networks(&version, &mut encoder)?;
        entries(&version, &mut encoder)?;
        encoded(&version, &mut encoder)?;
        memory(&version, &mut encoder)
    }
}

fn age(version: &Version, encoder: &mut DescriptorEncoder) -> fmt::Result {
    let loaded = version.loaded_at().duration_since(UNIX_EPOCH).unwrap_or_default();
    let help = "When the version in force was loaded, Unix time";
    let gauge = encoder.encode_descriptor(
        "map_loaded_timestamp",
        help,
        Some(&Unit::Seconds),
        MetricType::Gauge,
    )?;
    ConstGauge::new(loaded.as_secs_f64()).encode(gauge)?;
    let age = SystemTime::now().duration_since(version.loaded_at()).unwrap_or_default();
    let help = "How long ago the version in force was loaded";
    let gauge =
        encoder.encode_descriptor("map_age", help, Some(&Unit::Seconds), MetricType::Gauge)?;
    ConstGauge::new(age.as_secs_f64()).encode(gauge)
}

fn networks(version: &Version, encoder: &mut DescriptorEncoder) -> fmt::Result {
    let mut pids =
        encoder.encode_descriptor("pids", "PIDs of a network", None, MetricType::Gauge)?;
    for network in version.networks() {
        let labels = [("network", network.id("network-map"))];
        put(&mut pids, &labels, network.snapshot().pids().len())?;
    }
    let help = "Prefixes of a network";
    let mut prefixes = encoder.encode_descriptor("prefixes", help, None, MetricType::Gauge)?;
    for network in version.networks() {
        let labels = [("network", network.id("network-map"))];
        put(&mut prefixes, &labels, network.snapshot().prefixes().len())?;
    }
    Ok(())
}

fn entries(version: &Version, encoder: &mut DescriptorEncoder) -> fmt::Result {
    let help = "Prefixes of a network map, pairs of a cost map";
    let mut gauge = encoder.encode_descriptor("map_entries", help, None, MetricType::Gauge)?;
    for resource in version.resources() {
        if let Some(entries) = entries_of(resource) {
            put(&mut gauge, &[("resource", &*resource.id)], entries)?;
        }
    }
    Ok(())
}

fn entries_of(resource: &Resource) -> Option<usize> {
    let snapshot = resource.network.snapshot();
    match &resource.kind {
        Kind::NetworkMap => Some(snapshot.prefixes().len()),
        Kind::CostMap { metric, .. } => snapshot.matrix(metric).map(CostMatrix::pairs),
        _ => None,
    }
}

fn encoded(version: &Version, encoder: &mut DescriptorEncoder) -> fmt::Result {
    let help = "Length of a map as it is sent, by content coding; known once it was asked for";
    let mut gauge =
        encoder.encode_descriptor("map_encoded", help, Some(&Unit::Bytes), MetricType::Gauge)?;
    for resource in version.resources() {
        for coding in [Coding::Identity, Coding::Gzip, Coding::Brotli] {
            if let Some(bytes) = resource.rendered.encoded_bytes(coding) {
                let labels = [("resource", &*resource.id), ("coding", coding.name())];
                put(&mut gauge, &labels, bytes)?;
            }
        }
    }
    Ok(())
}

fn memory(version: &Version, encoder: &mut DescriptorEncoder) -> fmt::Result {
    let help = "Memory of a network's parts: PIDs and prefixes, each metric's costs, map texts";
    let mut gauge =
        encoder.encode_descriptor("map_memory", help, Some(&Unit::Bytes), MetricType::Gauge)?;
    for network in version.networks() {
        let id = network.id("network-map");
        let snapshot = network.snapshot();
        let mut part =
            |part: &str, bytes: usize| put(&mut gauge, &[("network", &*id), ("part", part)], bytes);
        part("network", snapshot.network_memory_bytes())?;
        for matrix in snapshot.matrices() {
            part(matrix.metric(), matrix.memory_bytes())?;
        }
        let of_this = |resource: &&Arc<Resource>| Arc::ptr_eq(&resource.network, network);
        let texts = version.resources().iter().filter(of_this);
        part("texts", texts.map(|resource| resource.rendered.held_bytes()).sum())?;
    }
    Ok(())
}

/// One sample; what is counted has room in an `i64`.
fn put<L: EncodeLabelSet>(gauge: &mut MetricEncoder<'_>, labels: &L, value: usize) -> fmt::Result {
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    gauge.encode_family(labels)?.encode_gauge(&value)
}
