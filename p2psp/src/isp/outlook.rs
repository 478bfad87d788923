//! What one peer's ISP says of the network, at one time.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use mp2p::message::list::RankedBy;
use netmap::{Pid, Row};

use crate::isp::{Atlas, Endpoints, Nearness};

/// The metric that ranks.
pub(crate) const METRIC: &str = "routingcost";

/// The view of one peer's ISP. Taken once a request.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    isp: Option<Arc<str>>,
    atlas: Option<Arc<Atlas>>,
    from: Option<Pid>,
    is_stale: bool,
    endpoints: Option<Arc<Endpoints>>,
    users: Arc<[IpNet]>,
}

impl Outlook {
    /// A peer of whose network nothing is known.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The view of `isp` from `asker`; `atlas` is absent as long as no map has come.
    #[must_use]
    pub fn new(isp: Arc<str>, atlas: Option<Arc<Atlas>>, asker: IpAddr, is_stale: bool) -> Self {
        let from = atlas.as_ref().and_then(|atlas| atlas.map().pid_of(asker));
        Self { isp: Some(isp), atlas, from, is_stale, ..Self::default() }
    }

    /// An ISP that gives no map, and is to be asked.
    #[must_use]
    pub fn of_endpoints(isp: Arc<str>, endpoints: Arc<Endpoints>) -> Self {
        Self { isp: Some(isp), endpoints: Some(endpoints), ..Self::default() }
    }

    /// The same where the ISP's users are known by their prefixes; none: it is not said.
    #[must_use]
    pub fn with_users(self, users: Arc<[IpNet]>) -> Self {
        Self { users, ..self }
    }

    /// Whether it is said who the users of the asker's ISP are.
    #[must_use]
    pub fn knows_users(&self) -> bool {
        !self.users.is_empty()
    }

    /// The users of the asker's ISP; none: it is not said who they are.
    pub(crate) const fn users(&self) -> &Arc<[IpNet]> {
        &self.users
    }

    /// Whom to ask how far others are, where no map says it.
    #[must_use]
    pub fn endpoints(&self) -> Option<&Endpoints> {
        self.endpoints.as_deref()
    }

    /// The ISP's name in the settings.
    #[must_use]
    pub fn isp(&self) -> Option<&str> {
        self.isp.as_deref()
    }

    /// The version of the ISP's map: members placed by it stay where they are as long as its
    /// network map is the same.
    #[must_use]
    pub const fn atlas(&self) -> Option<&Arc<Atlas>> {
        self.atlas.as_ref()
    }

    /// ISP and map, shared.
    pub(crate) fn shared(&self) -> Option<(Arc<str>, Arc<Atlas>)> {
        Some((Arc::clone(self.isp.as_ref()?), Arc::clone(self.atlas.as_ref()?)))
    }

    /// The costs from the asker's PID; none where it is in none or there are none.
    #[must_use]
    pub fn costs(&self) -> Option<Row<'_>> {
        self.atlas.as_ref()?.costs(self.from?)
    }

    /// All PIDs, near to far from the asker's.
    pub(crate) fn nearness(&self) -> Option<Arc<Nearness>> {
        self.atlas.as_ref()?.nearness(self.from?)
    }

    /// The PID of an address.
    #[must_use]
    pub fn place(&self, address: IpAddr) -> Option<Pid> {
        self.atlas.as_ref()?.map().pid_of(address)
    }

    /// The ordinal cost from the asker to a PID; `None` where there is none.
    #[must_use]
    pub fn ordinal(&self, to: Option<Pid>) -> Option<u32> {
        self.costs()?.ordinal(to?)
    }

    /// The PID of the asker.
    #[must_use]
    pub const fn from(&self) -> Option<Pid> {
        self.from
    }

    /// PID name of the asker, for explanations to operators.
    #[must_use]
    pub fn from_name(&self) -> Option<&str> {
        self.name(self.from)
    }

    /// The name of a PID, for explanations to operators.
    #[must_use]
    pub fn name(&self, pid: Option<Pid>) -> Option<&str> {
        Some(self.atlas.as_ref()?.map().pids().name(pid?).as_str())
    }

    /// The cost as the ISP wrote it, for explanations to operators.
    #[must_use]
    pub fn cost(&self, to: Option<Pid>) -> Option<&str> {
        let matrix = self.atlas.as_ref()?.map().matrix(METRIC)?;
        Some(matrix.table().text(matrix.ordinal(self.from?, to?)?))
    }

    /// What a list by this view rests on.
    #[must_use]
    pub fn ranked_by(&self) -> RankedBy {
        match (self.from, self.is_stale) {
            (None, _) => RankedBy::Score,
            (Some(_), true) => RankedBy::StaleMap,
            (Some(_), false) => RankedBy::Map,
        }
    }
}
