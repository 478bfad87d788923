//! What the peer counts, and what of it is read when somebody asks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Weak};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::control::message::{State, WayThere};
use crate::exchange::ReportKind;
use crate::node::Node;

/// Ranks that are told apart; all beyond are one.
const MAX_RANKS: u32 = 16;

/// How far bytes came.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct From {
    rank: String,
}

/// The way that bytes came.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct By {
    path: &'static str,
}

/// What went wrong with another peer.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Wrong {
    kind: &'static str,
}

/// The counters of a peer. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    received: Family<From, Counter>,
    came: Family<By, Counter>,
    sent: Counter,
    failures: Family<Wrong, Counter>,
}

impl Metrics {
    /// Makes known to `registry` what is counted, and how `node` is.
    pub fn register(&self, registry: &mut Registry, node: &Arc<Node>) {
        let registry = registry.sub_registry_with_prefix("peer");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Version of this peer", build);
        let help = "Content received from peers, by their rank in the list, 1 the nearest";
        registry.register_with_unit("received", help, Unit::Bytes, self.received.clone());
        let help = "Content received from peers, by the way that it came";
        registry.register_with_unit("received_by_path", help, Unit::Bytes, self.came.clone());
        let help = "Content sent to peers";
        registry.register_with_unit("sent", help, Unit::Bytes, self.sent.clone());
        let help = "Failures of other peers, as OMS is told of them";
        registry.register("failures", help, self.failures.clone());
        registry.register_collector(Box::new(Standing(Arc::downgrade(node))));
    }

    pub(crate) fn received(&self, rank: Option<u32>, bytes: usize) {
        let rank = match rank {
            None => "unknown".to_owned(),
            Some(rank) if rank > MAX_RANKS => format!("{}+", MAX_RANKS + 1),
            Some(rank) => rank.to_string(),
        };
        self.received.get_or_create(&From { rank }).inc_by(bytes as u64);
    }

    pub(crate) fn came(&self, path: WayThere, bytes: usize) {
        self.came.get_or_create(&By { path: path.word() }).inc_by(bytes as u64);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.sent.inc_by(bytes as u64);
    }

    pub(crate) fn failed(&self, kind: ReportKind) {
        let kind = match kind {
            ReportKind::Unreachable => "unreachable",
            ReportKind::Slow => "slow",
            ReportKind::Timeout => "timeout",
            ReportKind::BadFragment => "bad-fragment",
            ReportKind::Overload => "overload",
        };
        self.failures.get_or_create(&Wrong { kind }).inc();
    }
}

/// How a peer is, looked at when it is asked for.
#[derive(Debug)]
struct Standing(Weak<Node>);

impl Collector for Standing {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Some(node) = self.0.upgrade() else { return Ok(()) };
        let transfers = node.status().transfers;
        let mut states: BTreeMap<&str, u64> =
            ["failed", "fetching", "sharing", "stopped"].map(|state| (state, 0)).into();
        for transfer in &transfers {
            *states.entry(word(transfer.state)).or_default() += 1;
        }
        let family = encoder.encode_descriptor(
            "transfers",
            "Contents, by what is done with them",
            None,
            MetricType::Gauge,
        );
        let mut family = family?;
        for (state, count) in states {
            let label = [("state", state)];
            let labelled = family.encode_family(&label)?;
            ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX)).encode(labelled)?;
        }
        let mut paths: BTreeMap<&str, u64> = [WayThere::Direct, WayThere::Punched, WayThere::Relay]
            .map(|way| (way.word(), 0))
            .into();
        for neighbour in transfers.iter().flat_map(|transfer| &transfer.neighbours) {
            *paths.entry(neighbour.path.word()).or_default() += 1;
        }
        let help = "Connections with peers, by the way that they were made";
        let mut family = encoder.encode_descriptor("links", help, None, MetricType::Gauge)?;
        for (path, count) in paths {
            let label = [("path", path)];
            let labelled = family.encode_family(&label)?;
            ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX)).encode(labelled)?;
        }
        let mut gauge = |name: &str, help: &str, unit: Option<&Unit>, value: u64| {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?)
        };
        let neighbours = transfers.iter().map(|transfer| transfer.neighbours.len() as u64).sum();
        gauge("neighbours", "Connections with peers", None, neighbours)?;
        let sum = |of: fn(&crate::control::message::TransferStatus) -> u64| {
            transfers.iter().map(of).sum::<u64>()
        };
        let bytes = Some(&Unit::Bytes);
        gauge("wanted", "Content that is wanted", bytes, sum(|one| one.size))?;
        gauge("held", "Content of it that is here and checked", bytes, sum(|one| one.have))
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Failed => "failed",
        State::Fetching => "fetching",
        State::Sharing => "sharing",
        State::Stopped => "stopped",
    }
}
