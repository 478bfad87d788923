//! Where the members of an overlay are in one version of one ISP's network map.
//!
//! ```text
//!  buckets:  Berlin → [0, 3]   Hamburg → [1]   no PID → [7]      (only of PIDs where somebody is)
//!  near to far, few buckets:   the costs of these, sorted
//!               many buckets:  down the order of all PIDs, as far as need be
//! ```

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::Bound;
use std::sync::Arc;

use ipnet::IpNet;
use netmap::Pid;
use smallvec::SmallVec;

use crate::isp::{Atlas, Outlook};

/// Where more than one in so many PIDs has members, PIDs are gone through in their order.
const FEW: usize = 16;

/// Members by their PID.
#[derive(Debug)]
pub(crate) struct Placing {
    isp: Arc<str>,
    atlas: Arc<Atlas>,
    buckets: Vec<Bucket>,
    index: Index,
    /// The ISP's users, where it is said who they are.
    users: Arc<[IpNet]>,
    /// How many of them are in a PID, where any is.
    users_in: BTreeMap<Option<Pid>, u32>,
}

#[derive(Debug)]
struct Bucket {
    pid: Option<Pid>,
    /// Slots of members, in the order in which they came but for those who left.
    members: SmallVec<[u32; 4]>,
}

/// The bucket of each PID.
#[derive(Debug)]
enum Index {
    Few(HashMap<Option<Pid>, u32>),
    /// By PID, none at the end; [`NOBODY`] where there is none.
    Many(Box<[u32]>),
}

const NOBODY: u32 = u32::MAX;

/// A PID where somebody is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop<'a> {
    pub(crate) pid: Option<Pid>,
    pub(crate) ordinal: Option<u32>,
    pub(crate) members: &'a [u32],
}

impl Placing {
    /// Nobody yet, by the map of `outlook`; none where it has none.
    pub(crate) fn new(outlook: &Outlook) -> Option<Self> {
        let (isp, atlas) = outlook.shared()?;
        let (index, users) = (Index::Few(HashMap::new()), Arc::clone(outlook.users()));
        Some(Self { isp, atlas, buckets: Vec::new(), index, users, users_in: BTreeMap::new() })
    }

    /// Whether it is of the same ISP.
    pub(crate) fn is_of(&self, outlook: &Outlook) -> bool {
        outlook.isp() == Some(&*self.isp)
    }

    /// Whether members are where this outlook has them, by these very costs or by others.
    pub(crate) fn is_current(&self, outlook: &Outlook) -> bool {
        let same = |atlas: &Arc<Atlas>| {
            Arc::ptr_eq(atlas, &self.atlas)
                || atlas.map().network_tag() == self.atlas.map().network_tag()
        };
        let users = outlook.users();
        let has_users =
            Arc::ptr_eq(users, &self.users) || users.is_empty() && self.users.is_empty();
        self.is_of(outlook) && has_users && outlook.atlas().is_some_and(same)
    }

    /// Costs of an older version need not stay in memory; the outlook has to be current.
    pub(crate) fn renew(&mut self, outlook: &Outlook) {
        if let Some(atlas) = outlook.atlas().filter(|atlas| !Arc::ptr_eq(atlas, &self.atlas)) {
            self.atlas = Arc::clone(atlas);
        }
    }

    pub(crate) fn is_renewed(&self, outlook: &Outlook) -> bool {
        outlook.atlas().is_some_and(|atlas| Arc::ptr_eq(atlas, &self.atlas))
    }

    pub(crate) fn add(&mut self, address: IpAddr, slot: u32) {
        let pid = self.atlas.map().pid_of(address);
        if self.is_user(address) {
            *self.users_in.entry(pid).or_default() += 1;
        }
        if let Some(at) = self.index.find(pid) {
            self.buckets[at as usize].members.push(slot);
            return;
        }
        self.index.put(pid, self.buckets.len() as u32);
        self.buckets.push(Bucket { pid, members: SmallVec::from_slice(&[slot]) });
        let pids = self.atlas.map().pids().len();
        if matches!(self.index, Index::Few(_)) && self.buckets.len() * FEW > pids {
            let mut places = vec![NOBODY; pids + 1].into_boxed_slice();
            for (at, bucket) in (0..).zip(&self.buckets) {
                places[place(bucket.pid, pids)] = at;
            }
            self.index = Index::Many(places);
        }
    }

    pub(crate) fn drop_slot(&mut self, address: IpAddr, slot: u32) {
        let pid = self.atlas.map().pid_of(address);
        let Some(at) = self.index.find(pid) else { return };
        let members = &mut self.buckets[at as usize].members;
        if let Some(place) = position(members, slot) {
            members.swap_remove(place);
        }
        if self.is_user(address) {
            let left = self.users_in.get_mut(&pid).map(|count| {
                *count -= 1;
                *count
            });
            if left == Some(0) {
                self.users_in.remove(&pid);
            }
        }
        let members = &self.buckets[at as usize].members;
        if members.is_empty() {
            self.buckets.swap_remove(at as usize);
            self.index.put(pid, NOBODY);
            if let Some(moved) = self.buckets.get(at as usize) {
                self.index.put(moved.pid, at);
            }
        }
    }

    /// All members, PID by PID.
    pub(crate) fn all(&self) -> impl Iterator<Item = u32> {
        self.buckets.iter().flat_map(|bucket| bucket.members.iter().copied())
    }

    /// Members have other slots from now on: each that of `to` at its old one.
    pub(crate) fn renumber(&mut self, to: &[u32]) {
        for slot in self.buckets.iter_mut().flat_map(|bucket| &mut bucket.members) {
            *slot = to[*slot as usize];
        }
    }

    /// The members in a PID.
    pub(crate) fn members(&self, pid: Option<Pid>) -> &[u32] {
        self.index.find(pid).map_or(&[], |at| &self.buckets[at as usize].members)
    }

    fn is_user(&self, address: IpAddr) -> bool {
        self.users.iter().any(|prefix| prefix.contains(&address))
    }

    /// The members of each PID where one of the ISP's users is, and of PID `from`, by PID.
    pub(crate) fn of_users(&self, from: Pid) -> impl Iterator<Item = &[u32]> {
        let from = Some(from);
        let before = self.users_in.range(..from).map(|(pid, _)| *pid);
        let behind = self.users_in.range((Bound::Excluded(from), Bound::Unbounded));
        let all = before.chain([from]).chain(behind.map(|(pid, _)| *pid));
        all.map(|pid| self.members(pid))
    }

    /// Goes from PID to PID, near to far, as long as `visit` says so. Equally near ones, and those
    /// without cost, which come last, by their index.
    pub(crate) fn tour<'a>(&'a self, outlook: &Outlook, mut visit: impl FnMut(Stop<'a>) -> bool) {
        let costs = outlook.costs();
        let ordinal = |pid: Option<Pid>| costs.and_then(|costs| costs.ordinal(pid?));
        let stop = |at: u32| {
            let Bucket { pid, members } = &self.buckets[at as usize];
            Stop { pid: *pid, ordinal: ordinal(*pid), members }
        };
        match &self.index {
            Index::Few(_) => {
                // Cost, PID: no PID comes first among those without cost.
                let key = |(at, bucket): (u32, &Bucket)| {
                    let cost = u64::from(ordinal(bucket.pid).unwrap_or(u32::MAX));
                    let pid = bucket.pid.map_or(0, |pid| pid.index() as u64 + 1);
                    (cost << 32 | pid, at)
                };
                let mut order: SmallVec<[(u64, u32); 32]> =
                    (0..).zip(&self.buckets).map(key).collect();
                order.sort_unstable_by_key(|(key, _)| *key);
                let _ = order.into_iter().all(|(_, at)| visit(stop(at)));
            }
            Index::Many(places) => {
                let pids = places.len() - 1;
                let near = outlook.nearness();
                let (order, reached) =
                    near.as_ref().map_or((&[][..], 0), |n| (&n.order, n.reached));
                // What has no cost begins with those in no PID.
                let at = |pid: u32| places.get(pid as usize).copied().filter(|at| *at != NOBODY);
                let mut reach = order[..reached].iter().filter_map(|(pid, ordinal)| {
                    let Bucket { pid, members } = &self.buckets[at(*pid)? as usize];
                    Some(Stop { pid: *pid, ordinal: Some(*ordinal), members })
                });
                let unreached = order.get(reached..).unwrap_or_default();
                let all = 0..if near.is_some() { 0 } else { pids as u32 };
                let unreached = unreached.iter().map(|(pid, _)| *pid).chain(all);
                let mut rest = [pids as u32].into_iter().chain(unreached).filter_map(at);
                let _ = reach.all(&mut visit) && rest.all(|at| visit(stop(at)));
            }
        }
    }
}

impl Index {
    fn find(&self, pid: Option<Pid>) -> Option<u32> {
        match self {
            Self::Few(places) => places.get(&pid).copied(),
            Self::Many(places) => {
                Some(places[place(pid, places.len() - 1)]).filter(|at| *at != NOBODY)
            }
        }
    }

    fn put(&mut self, pid: Option<Pid>, at: u32) {
        match self {
            Self::Few(places) if at == NOBODY => drop(places.remove(&pid)),
            Self::Few(places) => drop(places.insert(pid, at)),
            Self::Many(places) => places[place(pid, places.len() - 1)] = at,
        }
    }
}

/// Where a slot is; many are looked at together.
fn position(members: &[u32], slot: u32) -> Option<usize> {
    const TOGETHER: usize = 64;
    let part = members.chunks(TOGETHER).position(|part| part.contains(&slot))?;
    let begin = part * TOGETHER;
    members[begin..].iter().position(|member| *member == slot).map(|at| begin + at)
}

/// Of `pids` PIDs, or behind them.
fn place(pid: Option<Pid>, pids: usize) -> usize {
    pid.map_or(pids, Pid::index)
}
