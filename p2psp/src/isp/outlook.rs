//! What one peer's ISP says of the network, at one time.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use mp2p::message::list::RankedBy;
use netmap::{Pid, Snapshot};

use crate::isp::Endpoints;

/// The metric that ranks.
pub(crate) const METRIC: &str = "routingcost";

/// The view of one peer's ISP. Taken once a request.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    isp: Option<Arc<str>>,
    map: Option<Arc<Snapshot>>,
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

    /// The view of `isp` from `asker`; `map` is absent as long as none has come.
    #[must_use]
    pub fn new(isp: Arc<str>, map: Option<Arc<Snapshot>>, asker: IpAddr, is_stale: bool) -> Self {
        let from = map.as_ref().and_then(|map| map.pid_of(asker));
        Self { isp: Some(isp), map, from, is_stale, ..Self::default() }
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

    /// Whether somebody is a user of the asker's ISP; `None`: it is not said who is.
    #[must_use]
    pub fn is_user(&self, address: IpAddr) -> Option<bool> {
        let mut users = self.users.iter();
        (!self.users.is_empty()).then(|| users.any(|prefix| prefix.contains(&address)))
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

    /// Names ISP and version of its network map: members placed by it stay where they are as long
    /// as it is the same.
    #[must_use]
    pub fn placing(&self) -> Option<(&str, &str)> {
        Some((self.isp.as_deref()?, self.map.as_ref()?.network_tag().as_str()))
    }

    /// The PID of an address.
    #[must_use]
    pub fn place(&self, address: IpAddr) -> Option<Pid> {
        self.map.as_ref()?.pid_of(address)
    }

    /// The ordinal cost from the asker to a PID; `None` where there is none.
    #[must_use]
    pub fn ordinal(&self, to: Option<Pid>) -> Option<u32> {
        self.map.as_ref()?.matrix(METRIC)?.ordinal(self.from?, to?)
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
        Some(self.map.as_ref()?.pids().name(pid?).as_str())
    }

    /// The cost as the ISP wrote it, for explanations to operators.
    #[must_use]
    pub fn cost(&self, to: Option<Pid>) -> Option<&str> {
        let matrix = self.map.as_ref()?.matrix(METRIC)?;
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
