//! What the server counts, by reference point of the framework.

use mp2p::message::list::RankedBy;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// A request and what became of it.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Served {
    point: &'static str,
    operation: &'static str,
    status: u16,
}

/// What lists rest on.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Ranked {
    by: &'static str,
}

/// Whose map.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct OfIsp {
    isp: String,
}

/// Who did not answer.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Lacked {
    point: &'static str,
}

/// The counters and gauges of the server. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    requests: Family<Served, Counter>,
    lists: Family<Ranked, Counter>,
    lacked: Family<Lacked, Counter>,
    maps_fetched: Family<OfIsp, Gauge>,
    maps_checked: Family<OfIsp, Gauge>,
    members: Gauge,
    listeners: Gauge,
    reporting: Gauge,
    silent: Gauge,
    failed: Counter,
    quarantined: Counter,
}

impl Metrics {
    /// Makes the metrics known to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("p2psp");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Version of this server", build);
        registry.register("requests", "Requests by reference point", self.requests.clone());
        registry.register("lists", "Peer lists by what their order rests on", self.lists.clone());
        let help = "Answers of other roles that a list went out without";
        registry.register("answers_lacked", help, self.lacked.clone());
        let help = "When an ISP's map in force was fetched, Unix time";
        registry.register("isp_map_fetched_unix_seconds", help, self.maps_fetched.clone());
        let help = "When an ISP's UNIS last said that its map in force is the newest, Unix time";
        registry.register("isp_map_checked_unix_seconds", help, self.maps_checked.clone());
        registry.register(
            "members",
            "Members of all overlays at the last sweep",
            self.members.clone(),
        );
        let help = "Members taken off the lists after others reported them";
        registry.register("members_failed", help, self.failed.clone());
        let help = "Members that stand last in lists after several users complained";
        registry.register("members_quarantined", help, self.quarantined.clone());
        let help = "Peers that listened to their events at the last sweep";
        registry.register("listeners", help, self.listeners.clone());
        let help = "Peers that reported their status of late, at the last sweep";
        registry.register("peers_reporting", help, self.reporting.clone());
        let help = "Peers whose reports do not come any more, at the last sweep";
        registry.register("peers_silent", help, self.silent.clone());
    }

    /// Counts a request.
    pub fn served(&self, point: &'static str, operation: &'static str, status: u16) {
        self.requests.get_or_create(&Served { point, operation, status }).inc();
    }

    /// Counts a list.
    pub fn listed(&self, by: RankedBy) {
        let by = match by {
            RankedBy::Map => "map",
            RankedBy::StaleMap => "stale-map",
            RankedBy::Ecs => "ecs",
            RankedBy::Score => "score",
        };
        self.lists.get_or_create(&Ranked { by }).inc();
    }

    /// When maps of ISPs were fetched and last found to be the newest, Unix seconds; those of ISPs
    /// that are not named are none any more.
    pub fn date_maps<'a>(&self, dates: impl Iterator<Item = (&'a str, Option<u64>, Option<u64>)>) {
        self.maps_fetched.clear();
        self.maps_checked.clear();
        for (isp, fetched, checked) in dates {
            let of_isp = OfIsp { isp: isp.to_owned() };
            for (family, at) in [(&self.maps_fetched, fetched), (&self.maps_checked, checked)] {
                let Some(at) = at else { continue };
                family.get_or_create(&of_isp).set(i64::try_from(at).unwrap_or(i64::MAX));
            }
        }
    }

    /// Counts a missing answer at a reference point.
    pub fn lacked(&self, point: &'static str) {
        self.lacked.get_or_create(&Lacked { point }).inc();
    }

    /// How many peers report their status, and how many do not any more.
    pub fn count_reporting(&self, reporting: usize, silent: usize) {
        self.reporting.set(i64::try_from(reporting).unwrap_or(i64::MAX));
        self.silent.set(i64::try_from(silent).unwrap_or(i64::MAX));
    }

    /// Counts a member that others reported and that is off the lists.
    pub fn failed(&self) {
        self.failed.inc();
    }

    /// Counts a member of which several users complained.
    pub fn quarantined(&self) {
        self.quarantined.inc();
    }

    /// How many peers listen to their events.
    pub fn count_listeners(&self, listeners: usize) {
        self.listeners.set(i64::try_from(listeners).unwrap_or(i64::MAX));
    }

    /// How many members there are.
    pub fn count_members(&self, members: usize) {
        self.members.set(i64::try_from(members).unwrap_or(i64::MAX));
    }
}
