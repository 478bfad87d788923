//! The own group: who of its members fetches which fragment from afar.
//!
//! Each member draws, for each fragment, a number for each member from their names: the highest one
//! is responsible (rendezvous hashing), so that all agree without asking and little changes when a
//! member comes or goes. No member gets more than its even share: what a full one would get goes to
//! the next highest.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mp2p::id::PeerId;

/// Shares are counted up to so many fragments; with more, chance is even enough.
const MAX_EVEN: u32 = 4096;
/// Members at most; the rest is not of the group.
const MAX_MEMBERS: usize = 512;
/// Shares are drawn anew at most so often.
const DRAW_EVERY: Duration = Duration::from_secs(1);
/// Members of a group that is no crowd.
const SMALL_GROUP: f64 = 6.0;

/// Members of the own group, and the share of each.
#[derive(Debug)]
pub(crate) struct Group {
    me: PeerId,
    members: BTreeSet<PeerId>,
    /// The last list had the addresses of all members.
    listed: bool,
    /// Cannot be reached, or took their leave.
    gone: BTreeSet<PeerId>,
    alive: Vec<PeerId>,
    /// Place in `alive` for each fragment.
    owner: Vec<u16>,
    /// How many drew more than this member, for each fragment.
    place: Vec<u16>,
    drawn: Option<Instant>,
    stale: bool,
}

impl Group {
    pub(crate) fn new(me: PeerId) -> Self {
        Self {
            me,
            members: BTreeSet::new(),
            listed: false,
            gone: BTreeSet::new(),
            alive: Vec::new(),
            owner: Vec::new(),
            place: Vec::new(),
            drawn: None,
            stale: true,
        }
    }

    /// Without members, nothing is far.
    pub(crate) fn is_known(&self) -> bool {
        !self.members.is_empty()
    }

    pub(crate) fn is_near(&self, peer: &PeerId) -> bool {
        self.members.is_empty() || self.members.contains(peer)
    }

    /// Whether the last list had the addresses of all members.
    pub(crate) const fn is_listed(&self) -> bool {
        self.listed
    }

    /// What a list says: who the members are, and which peers can be dialled.
    pub(crate) fn set<'a>(&mut self, members: &[PeerId], listed: impl Iterator<Item = &'a PeerId>) {
        let mut members: BTreeSet<PeerId> = members.iter().take(MAX_MEMBERS).cloned().collect();
        if !members.is_empty() {
            members.insert(self.me.clone());
        }
        let others = members.len().saturating_sub(1);
        self.listed = listed.filter(|peer| members.contains(*peer)).count() >= others;
        self.stale |= members != self.members;
        self.members = members;
        // A list may name one for long after it was lost.
        self.gone.retain(|peer| self.members.contains(peer));
    }

    pub(crate) fn gone(&mut self, peer: &PeerId) {
        self.stale |= self.members.contains(peer) && self.gone.insert(peer.clone());
    }

    pub(crate) fn back(&mut self, peer: &PeerId) {
        self.stale |= self.gone.remove(peer);
    }

    /// Draws the shares anew where members changed.
    pub(crate) fn draw(&mut self, fragments: u32, now: Instant) {
        let early = self.drawn.is_some_and(|drawn| now < drawn + DRAW_EVERY);
        if !self.stale || early || self.members.is_empty() {
            return;
        }
        (self.stale, self.drawn) = (false, Some(now));
        self.alive = self.members.difference(&self.gone).cloned().collect();
        self.owner = shares(&self.alive, fragments);
        let (me, names) = (name(&self.me), self.alive.iter().map(name).collect::<Vec<_>>());
        let before = |fragment: u32| {
            let own = draw(me, fragment);
            let before = names.iter().filter(|name| draw(**name, fragment) > own).count();
            u16::try_from(before).unwrap_or(u16::MAX)
        };
        self.place = (0..fragments).map(before).collect();
    }

    /// How many of the group come before this member where somebody has to take over a fragment.
    pub(crate) fn place(&self, fragment: u32) -> u16 {
        self.place.get(fragment as usize).copied().unwrap_or_default()
    }

    /// How many of the group come before this member where somebody is to be dialled: 0 for near
    /// ones, whom all dial.
    pub(crate) fn turn_of(&self, peer: &PeerId) -> u16 {
        if self.is_near(peer) {
            return 0;
        }
        let bits = name(peer);
        let number = u32::try_from(bits >> 32).unwrap_or_default();
        let own = draw(name(&self.me), number);
        let before = self.members.iter().filter(|member| draw(name(member), number) > own).count();
        u16::try_from(before).unwrap_or(u16::MAX)
    }

    /// Who is to fetch a fragment from afar; `None`: nobody in particular.
    pub(crate) fn owner(&self, fragment: u32) -> Option<&PeerId> {
        self.alive.get(usize::from(*self.owner.get(fragment as usize)?))
    }

    pub(crate) fn is_mine(&self, fragment: u32) -> bool {
        self.owner(fragment).is_none_or(|owner| *owner == self.me)
    }

    /// How many times as large as a small group, at least 1 and at most 5.
    pub(crate) fn crowd(&self) -> f64 {
        (self.size() as f64 / SMALL_GROUP).clamp(1.0, 5.0)
    }

    pub(crate) fn size(&self) -> usize {
        self.alive.len().max(1)
    }

    /// Fragments that this member may fetch from afar besides, so that all of the group together
    /// fetch `percent` of the content.
    pub(crate) fn extra(&self, fragments: u32, percent: u32) -> u32 {
        let all = fragments * percent / 100;
        let members = u32::try_from(self.size()).unwrap_or(u32::MAX);
        let place = self.alive.iter().position(|member| *member == self.me).unwrap_or(0);
        let rest = u32::try_from(place).is_ok_and(|place| place < all % members);
        all / members + u32::from(rest)
    }
}

fn shares(alive: &[PeerId], fragments: u32) -> Vec<u16> {
    let names: Vec<u64> = alive.iter().map(name).collect();
    let members = u32::try_from(names.len()).unwrap_or(u32::MAX);
    let most = match fragments <= MAX_EVEN {
        true => fragments.div_ceil(members.max(1)),
        false => u32::MAX,
    };
    let mut load = vec![0; names.len()];
    let owner_of = |fragment: u32| {
        let free = (0..names.len()).filter(|&member| load[member] < most);
        let best = free.max_by_key(|&member| draw(names[member], fragment)).unwrap_or(0);
        if let Some(load) = load.get_mut(best) {
            *load += 1;
        }
        u16::try_from(best).unwrap_or(0)
    };
    (0..fragments).map(owner_of).collect()
}

/// The first 64 bits of a name; it is a hash already.
fn name(peer: &PeerId) -> u64 {
    peer.first_bits()
}

/// The number that a member draws for a fragment (the finish of SplitMix64).
fn draw(member: u64, fragment: u32) -> u64 {
    let mut mixed = member ^ u64::from(fragment).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(count: u64) -> Vec<PeerId> {
        let name = |number: u64| format!("{:016x}{:048x}", draw(number, 0), number);
        (0..count).map(|number| PeerId::parse(&name(number)).unwrap()).collect()
    }

    fn group_of(me: &PeerId, members: &[PeerId]) -> Group {
        let mut group = Group::new(me.clone());
        group.set(members, members.iter());
        group.draw(128, Instant::now());
        group
    }

    #[test]
    fn all_members_agree_and_the_shares_are_even() {
        let peers = peers(6);
        let groups: Vec<Group> = peers.iter().map(|me| group_of(me, &peers)).collect();
        for fragment in 0..128 {
            let mine = groups.iter().filter(|group| group.is_mine(fragment)).count();
            assert_eq!(mine, 1);
        }
        for group in &groups {
            let share = (0..128).filter(|&fragment| group.is_mine(fragment)).count();
            assert!((18..=22).contains(&share), "{share}");
        }
        let extra: u32 = groups.iter().map(|group| group.extra(128, 8)).sum();
        assert_eq!(extra, 10);
    }

    #[test]
    fn little_changes_when_a_member_goes() {
        let peers = peers(8);
        let before = group_of(&peers[0], &peers);
        let mut after = group_of(&peers[0], &peers);
        after.gone(&peers[7]);
        after.draw(128, Instant::now() + DRAW_EVERY);
        assert!((0..128).all(|fragment| after.owner(fragment) != Some(&peers[7])));
        let moved = (0..128).filter(|&f| before.owner(f) != after.owner(f)).count();
        // An eighth has to move; even shares move some more.
        assert!((16..=48).contains(&moved), "{moved}");
    }

    #[test]
    fn without_members_nothing_is_far() {
        let peers = peers(2);
        let group = group_of(&peers[0], &[]);
        assert!(group.is_near(&peers[1]) && group.is_mine(5) && !group.is_known());
    }
}
