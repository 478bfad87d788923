//! Where the members of an overlay are in one version of one ISP's network map.
//!
//! ```text
//!  buckets:  Berlin → [0, 3]   Hamburg → [1]   no PID → [7]      (only of PIDs where somebody is)
//! ```

mod tour;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::Bound;
use std::sync::Arc;

use ipnet::IpNet;
use netmap::Pid;
use smallvec::SmallVec;

use crate::isp::{Atlas, Outlook};
pub(crate) use crate::overlay::placing::tour::Stop;

/// Where more than one in so many PIDs has members, PIDs are gone through in their order.
const FEW: usize = 16;

/// Members by their PID.
#[derive(Debug)]
pub(crate) struct Placing {
    isp: Arc<str>,
    atlas: Arc<Atlas>,
    /// Of the map.
    pids: u32,
    buckets: Vec<Bucket>,
    index: Index,
    /// The ISP's users, where it is said who they are.
    users: Arc<[IpNet]>,
    /// How many of them are in a PID, where any is.
    users_in: BTreeMap<Option<Pid>, u32>,
}

#[derive(Debug)]
struct Bucket {
    /// Its index; [`NOWHERE`] of those in none.
    pid: u32,
    /// Slots of members, in the order in which they came but for those who left.
    members: SmallVec<[u32; 4]>,
}

/// The bucket of each PID.
#[derive(Debug)]
enum Index {
    Few(HashMap<u32, u32>),
    /// By PID, no PID at the end; [`NOBODY`] where there is none.
    Many(Box<[u32]>),
}

const NOBODY: u32 = u32::MAX;
/// What stands for the index of a PID where there is none.
pub(crate) const NOWHERE: u32 = u32::MAX;

impl Placing {
    /// Nobody yet, by the map of `outlook`; none where it has none.
    pub(crate) fn new(outlook: &Outlook) -> Option<Self> {
        let (isp, atlas) = outlook.shared()?;
        let (pids, users) = (atlas.map().pids().len() as u32, Arc::clone(outlook.users()));
        let (buckets, index) = (Vec::new(), Index::Few(HashMap::new()));
        Some(Self { isp, atlas, pids, buckets, index, users, users_in: BTreeMap::new() })
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
        let pid = number(pid);
        if let Some(at) = self.index.find(pid) {
            self.buckets[at as usize].members.push(slot);
            return;
        }
        self.index.put(pid, self.buckets.len() as u32);
        self.buckets.push(Bucket { pid, members: SmallVec::from_slice(&[slot]) });
        let pids = self.pids as usize;
        if matches!(self.index, Index::Few(_)) && self.buckets.len() * FEW > pids {
            self.index = Index::Many(vec![NOBODY; pids + 1].into_boxed_slice());
            for (at, bucket) in (0..).zip(&self.buckets) {
                self.index.put(bucket.pid, at);
            }
        }
    }

    pub(crate) fn drop_slot(&mut self, address: IpAddr, slot: u32) {
        let pid = self.atlas.map().pid_of(address);
        let Some(at) = self.index.find(number(pid)) else { return };
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
            self.index.put(number(pid), NOBODY);
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
        self.index.find(number(pid)).map_or(&[], |at| &self.buckets[at as usize].members)
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
}

impl Index {
    fn find(&self, pid: u32) -> Option<u32> {
        match self {
            Self::Few(places) => places.get(&pid).copied(),
            Self::Many(places) => Some(places[place(pid, places)]).filter(|at| *at != NOBODY),
        }
    }

    fn put(&mut self, pid: u32, at: u32) {
        match self {
            Self::Few(places) if at == NOBODY => drop(places.remove(&pid)),
            Self::Few(places) => drop(places.insert(pid, at)),
            Self::Many(places) => places[place(pid, places)] = at,
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

/// The index of a PID, or [`NOWHERE`].
fn number(pid: Option<Pid>) -> u32 {
    pid.map_or(NOWHERE, |pid| pid.index() as u32)
}

/// Where a PID stands in what has an item for each, and one for none behind.
fn place<T>(pid: u32, all: &[T]) -> usize {
    (pid as usize).min(all.len() - 1)
}
