//! What comes from afar, and who of the group fetches it.
//!
//! Each fragment has one member whose share it is (`group.rs`), and only that one fetches it from
//! afar. Another does so where that one is gone or does not get on with its share, in the order in
//! which members drew for the fragment, and says so before it begins.

use std::time::{Duration, Instant};

use crate::exchange::engine::Engine;
use crate::exchange::link::Link;
use crate::exchange::pieces::Piece;

/// Fragments that a member of a large group fetches from afar at a time…
const FAR_ASKED: usize = 4;
/// … and all of a small one together.
const GROUP_ASKED: usize = 24;
/// Of others' shares at a time.
const TAKEN_OVER: usize = 2;
/// A claim that is not said again is void after so long.
const CLAIM_LIFE: Duration = Duration::from_secs(25);
/// A member that is not linked is left its share for so long.
const UNLINKED: Duration = Duration::from_secs(30);
/// One that is linked, so long after it last got, or began, something of it; or for as long as
/// fragments from afar usually take.
const IDLE_S: f64 = 3.0;
/// Who stands further back for a fragment takes it over so much later for each place, the last one
/// so much at most: or several would at once, before they hear of each other.
const TAKE_TURN: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(5));
/// At first the list lacks those who come with us, and so does the group: one from afar at a time.
const SETTLING: Duration = Duration::from_secs(2);
/// The own share is late where it takes more than this part of the time that all the rest takes:
/// the later others than the source are asked for it, the more the source gives.
const LATE: f64 = 0.6;
/// Whoever has all is met within this time, where there is anybody: from the others at once, many
/// fragments would come slowly, and for long there would be nothing to pass on.
const SOUGHT: Duration = Duration::from_secs(2);
/// What is played next, and claimed by somebody near, is waited for so long.
const PLAYER_WAITS: Duration = Duration::from_secs(1);
/// A far peer is quick where it takes less than so many times what is usual.
const QUICK: f64 = 0.5;
/// Came to nothing so often: anybody may be asked.
const MANY_FAILS: u8 = 3;

impl Engine {
    pub(crate) fn far_asked(&self) -> usize {
        let far = self.links.values().filter(|link| !link.near);
        far.map(|link| link.taking.requests.len()).sum()
    }

    pub(crate) fn far_room(&self, now: Instant) -> usize {
        if now < self.since + SETTLING {
            return 1;
        }
        let far = self.links.values().filter(|link| !link.near);
        let rate: f64 = far.map(|link| link.taking.rate.at(now)).sum();
        let ahead = rate / f64::from(self.content.cut.fragment_size());
        FAR_ASKED.max(GROUP_ASKED / self.group.size()).max(ahead as usize)
    }

    /// Whether something of others' shares may be fetched now, where there is nothing of the own.
    pub(crate) fn takes_over(&self) -> bool {
        self.group.is_known() && self.far_asked() < TAKEN_OVER
    }

    /// Whether what a far peer gives is not missing in its own group: it has all, or gives quickly.
    pub(crate) fn is_source(&self, link: &Link) -> bool {
        let usual = self.fetching.usual.of(false) * QUICK;
        link.map.is_full() || link.taking.took.is_some_and(|took| took < usual)
    }

    /// Whether only far peers that have all are asked: what the others give is missing in their own
    /// group. That holds as long as the own share comes in well before all the rest.
    pub(crate) fn leaves_to_sources(&self, now: Instant) -> bool {
        let mut far = self.links.values().filter(|link| !link.near && link.is_ready());
        let has_source = far.any(|link| link.map.is_full() && !link.is_slow());
        if !has_source || !self.group.is_known() {
            return self.group.is_known() && now < self.since + SOUGHT;
        }
        let (mut own, mut all) = (0, 0);
        for fragment in self.pieces.want.iter_without(&self.pieces.have) {
            all += 1;
            own += u32::from(self.group.is_mine(fragment) && self.pieces.of(fragment).near == 0);
        }
        let rates = (self.fetching.far_rate.at(now), self.fetching.all_rate.at(now));
        rates.0 <= 0.0 || f64::from(own) / rates.0 <= LATE * f64::from(all) / rates.1
    }

    /// Whether a fragment may be fetched from afar: of the own share, or of another's.
    pub(crate) fn may_fetch_far(&self, fragment: u32, own: bool, now: Instant) -> bool {
        if !self.group.is_known() {
            return own;
        }
        let piece = self.pieces.of(fragment);
        if piece.failed >= MANY_FAILS {
            return true;
        }
        if piece.near > 0 {
            return false;
        }
        // A player waits for nobody's share, and not long for what is said to come.
        let is_claimed = self.is_claimed(&piece, now);
        if self.is_urgent(fragment) {
            let is_late = piece.claim.is_some_and(|(_, claim)| now >= claim.first + PLAYER_WAITS);
            return own && (!is_claimed || is_late);
        }
        if is_claimed {
            return false;
        }
        let mine = self.group.is_mine(fragment);
        mine == own && (mine || self.may_take_over(fragment, now))
    }

    /// Whether somebody near fetches it, and gets on with it.
    fn is_claimed(&self, piece: &Piece, now: Instant) -> bool {
        let Some((id, claim)) = piece.claim else { return false };
        let too_long =
            Duration::from_secs_f64(self.fetching.usual.too_long(false, self.group.crowd()));
        let is_slow = self.links.get(&id).is_some_and(|link| link.is_slow());
        !is_slow && now < claim.last + CLAIM_LIFE && now < claim.first + too_long
    }

    /// One that is linked says what it fetches, and is not disturbed while it goes on; of one that
    /// is not linked nothing is known, and it is left its time.
    fn may_take_over(&self, fragment: u32, now: Instant) -> bool {
        let owner = self.group.owner(fragment).and_then(|owner| self.by_peer.get(owner));
        let owner = owner.and_then(|id| self.links.get(id));
        let freed = self.pieces.of(fragment).freed;
        let idle = Duration::from_secs_f64(self.fetching.usual.of(false).max(IDLE_S));
        let since = match owner {
            Some(link) => Some(link.since).max(link.news.share_at).max(freed).map(|at| at + idle),
            None => Some(self.since + UNLINKED).max(freed),
        };
        let size = u32::try_from(self.group.size()).unwrap_or(u32::MAX);
        let turn = TAKE_TURN.0.min(TAKE_TURN.1 / size) * u32::from(self.group.place(fragment));
        since.is_none_or(|since| now >= since + turn)
    }
}
