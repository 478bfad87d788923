//! Who is slow, and what is late.
//!
//! A link is *slow* where what it was asked for takes too long, or will: then nobody waits for it.
//! What it has counts as not near, and what it was asked for is asked for elsewhere too. A request
//! is *late* where another link will probably be faster.

use std::time::{Duration, Instant};

use crate::exchange::engine::Engine;
use crate::exchange::event::LinkId;
use crate::exchange::link::Link;
use crate::exchange::request::{HELD_UP, Request};

/// A fragment has to have come for so long before it is said how long it will take, seconds.
const SEEN_S: f64 = 3.0;
/// One of so many links, near or far, may be slow at a time.
const SLOW_PART: usize = 6;
/// A slow link is looked at again after so many times what was too long, and after twice as long
/// each time, so often.
const AGAIN: f64 = 3.0;
const MAX_DOUBLINGS: u8 = 4;
/// … or at once, where a fragment took less than so many times what is usual.
const QUICK_TIMES: f64 = 2.0;

impl Engine {
    /// Looks which links are slow, and which are not any more.
    pub(crate) fn find_slow(&mut self, now: Instant) {
        let mut changed = Vec::new();
        let crowd = self.group.crowd();
        let mut room = [false, true].map(|near| self.may_be_slow(near));
        for (id, link) in &self.links {
            let too_long = self.fetching.usual.too_long(link.near, crowd);
            match link.taking.slow_until {
                Some(until) if now >= until => changed.push((*id, None)),
                None if room[usize::from(link.near)] > 0
                    && self.takes_longer(link, too_long, now) =>
                {
                    room[usize::from(link.near)] -= 1;
                    let times = f64::from(1_u32 << link.taking.slow_times.min(MAX_DOUBLINGS));
                    let wait = Duration::from_secs_f64(too_long * AGAIN * times);
                    changed.push((*id, Some(now + wait)));
                }
                _ => {}
            }
        }
        changed.into_iter().for_each(|(id, until)| self.set_slow(id, until));
    }

    /// How many more links may be found slow: where many are, that is what is usual.
    fn may_be_slow(&self, near: bool) -> usize {
        let links = self.links.values().filter(|link| link.near == near && link.is_ready());
        let most = links.clone().count().div_ceil(SLOW_PART);
        most.saturating_sub(links.filter(|link| link.is_slow()).count())
    }

    fn set_slow(&mut self, id: LinkId, until: Option<Instant>) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let before = link.is_at_hand();
        link.taking.slow_until = until;
        link.taking.slow_times = link.taking.slow_times.saturating_add(u8::from(until.is_some()));
        let (near, peer) = (link.near, link.info.peer.clone());
        for request in &link.taking.requests {
            if let Some(piece) = self.pieces.at(request.fragment) {
                piece.asked = match until {
                    Some(_) => piece.asked.saturating_sub(1),
                    None => piece.asked.saturating_add(1),
                };
            }
        }
        self.recount(id, before);
        if near {
            match until {
                Some(_) => self.group.gone(&peer),
                None => self.group.back(&peer),
            }
        }
        self.fetching.due = true;
    }

    /// A fragment came: a link that was slow, and is not any more, is one of the others again.
    pub(crate) fn note_quick(&mut self, id: LinkId, took: Duration) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if took.as_secs_f64() < self.fetching.usual.of(link.near) * QUICK_TIMES {
            link.taking.slow_times = 0;
            if link.is_slow() {
                self.set_slow(id, None);
            }
        }
    }

    /// Whether what was asked for on a link takes longer than so many seconds.
    fn takes_longer(&self, link: &Link, most: f64, now: Instant) -> bool {
        let mut begun = link.taking.requests.iter().filter(|request| request.begun.is_some());
        match begun.next() {
            Some(request) => {
                let (spent, left) = request.pace(self.content.len(request.fragment), now);
                spent >= SEEN_S && spent + left >= most
            }
            None => {
                let oldest = link.taking.requests.iter().map(|request| request.since).min();
                let waited = oldest.map(|at| now.saturating_duration_since(at).as_secs_f64());
                waited.is_some_and(|waited| waited >= most * self.group.crowd())
            }
        }
    }

    /// Has not begun, is held up, or will need some seconds more.
    pub(crate) fn is_late(&self, request: &Request, now: Instant) -> bool {
        let is_held_up = now >= request.last + HELD_UP;
        let (spent, left) = request.pace(self.content.len(request.fragment), now);
        let much = self.fetching.usual.of(true).max(SEEN_S);
        request.begun.is_none() || is_held_up || (spent > SEEN_S && left > much)
    }
}

#[cfg(test)]
mod tests {
    use mp2p::fragment::{Cut, FragmentHash};
    use mp2p::frame::Buffermap;
    use mp2p::id::{ContentId, OverlayId, PeerId};

    use super::*;
    use crate::exchange::link::Stage;
    use crate::exchange::{Config, Content, DeliveryClaim, LinkInfo, Notary, ReceiptClaim};

    /// Signs nothing and believes nothing.
    struct Nobody;

    impl Notary for Nobody {
        fn passkey(&self) -> Option<String> {
            None
        }

        fn admit(&self, _: &PeerId, _: &str, _: Option<&str>) -> Option<u8> {
            None
        }

        fn vouches(&self, _: &str, _: &PeerId) -> bool {
            false
        }

        fn sign_delivery(&self, _: &DeliveryClaim<'_>) -> Option<String> {
            None
        }

        fn open_delivery(&self, _: &str, _: &DeliveryClaim<'_>) -> Option<FragmentHash> {
            None
        }

        fn sign_receipt(&self, _: &ReceiptClaim<'_>) -> Option<String> {
            None
        }

        fn open_receipt(&self, _: &str, _: &PeerId) -> Option<(u64, u64)> {
            None
        }

        fn is_stop(&self, _: &str) -> bool {
            false
        }
    }

    const LINK: LinkId = LinkId(0);

    /// An engine that has asked its only neighbour for the first of two fragments of 256 KiB.
    fn asking(start: Instant) -> Engine {
        let peer = |name: &str| PeerId::parse(&blake3::hash(name.as_bytes()).to_hex()).unwrap();
        let content = Content {
            overlay: OverlayId::parse("film").unwrap(),
            id: ContentId::parse(blake3::hash(b"film").to_hex().as_str()).unwrap(),
            cut: Cut::new(512 << 10, 256 << 10).unwrap(),
            hashes: [FragmentHash([0; 32]); 2].into(),
        };
        let what = (peer("me"), content, Buffermap::empty(2).unwrap());
        let mut engine = Engine::new(what, Config::default(), Box::new(Nobody), 0, start);
        let (certificate, address) = (String::new(), None);
        let info = LinkInfo { peer: peer("it"), certificate, dialled: true, address, via: None };
        let mut link = Link::new(info, Buffermap::full(2).unwrap(), 0, start);
        link.stage = Stage::Ready;
        engine.links.insert(LINK, link);
        engine.ask(LINK, 0, start);
        engine
    }

    /// Seconds from `at` for which a link that brings nothing is found slow then; it is one of the
    /// others at their end.
    fn slow_for(engine: &mut Engine, at: Instant) -> u64 {
        engine.find_slow(at);
        assert_eq!(engine.pieces.of(0).asked, 0, "it may be asked for elsewhere");
        let until = engine.links[&LINK].taking.slow_until.unwrap();
        engine.find_slow(until.checked_sub(Duration::from_millis(1)).unwrap());
        assert!(engine.links[&LINK].is_slow());
        engine.find_slow(until);
        assert!(!engine.links[&LINK].is_slow());
        assert_eq!(engine.pieces.of(0).asked, 1);
        (until - at).as_secs()
    }

    /// 10 s are too long for a fragment near by, and it is looked at again after three times as
    /// long; after twice that the next time, and so on, sixteen times at most.
    #[test]
    fn who_is_slow_again_is_left_alone_for_twice_as_long() {
        let start = Instant::now();
        let mut engine = asking(start);
        engine.find_slow(start + Duration::from_millis(9999));
        assert!(!engine.links[&LINK].is_slow());
        let mut now = start + Duration::from_secs(10);
        for expected in [30, 60, 120, 240, 480, 480] {
            assert_eq!(slow_for(&mut engine, now), expected);
            now += Duration::from_secs(expected);
        }
    }

    /// A fragment takes 2 s at first, as one thinks: who brings one in less than 4 s is one of the
    /// others at once, and what was found before is forgotten.
    #[test]
    fn who_brings_a_fragment_quickly_is_slow_no_more() {
        let start = Instant::now();
        let mut engine = asking(start);
        let now = start + Duration::from_secs(10);
        assert_eq!(slow_for(&mut engine, now), 30);
        let now = now + Duration::from_secs(30);
        engine.find_slow(now);
        engine.note_quick(LINK, Duration::from_secs(4));
        assert!(engine.links[&LINK].is_slow(), "not quick enough");
        engine.note_quick(LINK, Duration::from_millis(3999));
        assert!(!engine.links[&LINK].is_slow());
        assert_eq!((engine.pieces.of(0).asked, engine.links[&LINK].taking.slow_times), (1, 0));
        assert_eq!(slow_for(&mut engine, now), 30, "as the first time");
    }
}
