//! The engine: what it knows, and the ways in and out.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use mp2p::frame::{Buffermap, Bye, ByeReason, Frame};
use mp2p::id::PeerId;

use crate::exchange::budget::Budget;
use crate::exchange::config::{Config, Order};
use crate::exchange::content::Content;
use crate::exchange::event::{LinkId, LinkInfo, Output, Ranked, StoreError};
use crate::exchange::group::Group;
use crate::exchange::link::{Link, Rate};
use crate::exchange::neighbours::{Ban, Neighbours};
use crate::exchange::notary::Notary;
use crate::exchange::pace::Usual;
use crate::exchange::pieces::Pieces;
use crate::exchange::serve::Serving;

/// Time between ticks while something is going on.
const TICK: Duration = Duration::from_millis(100);
/// What is compared over the whole of a transfer is a rate over so long.
const LONG_RATE: Duration = Duration::from_secs(8);
/// Time between ticks while nothing is.
const IDLE_TICK: Duration = Duration::from_secs(1);

/// The exchange of one content: see [`crate::exchange`].
///
/// Call an input, then [`Engine::poll`] until it gives nothing more; call [`Engine::tick`] at
/// [`Engine::wake`].
pub struct Engine {
    pub(crate) me: PeerId,
    pub(crate) config: Config,
    pub(crate) content: Content,
    pub(crate) notary: Box<dyn Notary>,
    pub(crate) random: fastrand::Rng,
    pub(crate) since: Instant,
    pub(crate) pieces: Pieces,
    pub(crate) group: Group,
    pub(crate) neighbours: Neighbours,
    pub(crate) links: BTreeMap<LinkId, Link>,
    pub(crate) by_peer: BTreeMap<PeerId, LinkId>,
    pub(crate) serving: Serving,
    pub(crate) fetching: Fetching,
    /// The order that stopped the distribution.
    pub(crate) stopped: Option<Box<str>>,
    pub(crate) reviewed: Instant,
    pub(crate) tried: Instant,
    next_link: u64,
    out: VecDeque<Output>,
    next_tick: Instant,
}

/// What is going on with what is fetched.
#[derive(Debug)]
pub(crate) struct Fetching {
    /// Something changed that may let us ask for more.
    pub(crate) due: bool,
    /// When to look again for what to ask for.
    pub(crate) again: Option<Instant>,
    /// Received, and not yet taken from the budget.
    pub(crate) unpaid: u64,
    /// Not before, for trouble with the disk.
    pub(crate) paused: Option<Instant>,
    /// Fetched from afar beyond the own share.
    pub(crate) extra: u32,
    /// Since when nothing is asked for though something is missing.
    pub(crate) idle_since: Option<Instant>,
    /// When the last list with somebody new came.
    pub(crate) listed_at: Instant,
    /// How long fragments take.
    pub(crate) usual: Usual,
    /// What comes from all together, and from far ones.
    pub(crate) all_rate: Rate,
    pub(crate) far_rate: Rate,
    /// Where players are.
    pub(crate) positions: Vec<u32>,
    /// Until then nothing else is asked for.
    pub(crate) alone_until: Option<Instant>,
    /// [`Output::Finished`] was given.
    pub(crate) finished: bool,
}

impl Engine {
    /// An engine of peer `me` for a content of which it has `have`; `seed` is all its randomness.
    #[must_use]
    pub fn new(
        (me, content, have): (PeerId, Content, Buffermap),
        config: Config,
        notary: Box<dyn Notary>,
        seed: u64,
        now: Instant,
    ) -> Self {
        let want = Buffermap::full(content.fragments()).unwrap_or_else(|_| have.clone());
        let usual = Usual::new(content.cut.fragment_size());
        Self {
            group: Group::new(me.clone()),
            me,
            config,
            pieces: Pieces::new(have, want),
            content,
            notary,
            random: fastrand::Rng::with_seed(seed),
            since: now,
            neighbours: Neighbours::default(),
            links: BTreeMap::new(),
            by_peer: BTreeMap::new(),
            serving: Serving::default(),
            fetching: Fetching {
                due: true,
                again: None,
                unpaid: 0,
                paused: None,
                extra: 0,
                idle_since: None,
                listed_at: now,
                usual,
                all_rate: Rate::over(LONG_RATE, now),
                far_rate: Rate::over(LONG_RATE, now),
                positions: vec![0],
                alone_until: None,
                finished: false,
            },
            stopped: None,
            reviewed: now,
            tried: now,
            next_link: 0,
            out: VecDeque::new(),
            next_tick: now,
        }
    }

    /// Only these fragments are wanted; those that are here are served all the same.
    pub fn want(&mut self, want: Buffermap, now: Instant) {
        if want.fragments() != self.pieces.count() {
            return;
        }
        self.pieces.wanted(want);
        self.fetching.finished = false;
        self.fetching.due = true;
        let ids: Vec<LinkId> = self.links.keys().copied().collect();
        ids.into_iter().for_each(|id| self.count_useful(id));
        self.check_finished(now);
    }

    /// Other bounds and choices from now on.
    pub fn configure(&mut self, config: Config) {
        let order = self.config.order;
        self.config = config;
        if order != Order::Rarest {
            // Whoever plays goes on to.
            self.config.order = order;
        }
        self.fetching.due = true;
    }

    /// A ranked list came. Links to those that are not in it stay.
    pub fn list(&mut self, list: Ranked, now: Instant) {
        self.group.set(&list.group, list.entries.iter().map(|entry| &entry.peer));
        let (group, random) = (&self.group, &mut self.random);
        // Far peers are shared out among the group, so that whoever has all is found at once.
        let lot = |peer: &PeerId| (group.turn_of(peer), random.u32(..));
        if self.neighbours.listed(list.entries, lot) {
            self.fetching.listed_at = now;
        }
        self.group.draw(self.pieces.count(), now);
        let ids: Vec<LinkId> = self.links.keys().copied().collect();
        ids.into_iter().for_each(|id| self.place(id));
        self.next_tick = now;
        self.fetching.due = true;
    }

    /// Whether the last list had this peer.
    #[must_use]
    pub fn is_listed(&self, peer: &PeerId) -> bool {
        self.neighbours.is_listed(peer)
    }

    /// A connection stands. Its frames are told with [`Engine::frame`].
    pub fn link_up(&mut self, info: LinkInfo, now: Instant) -> LinkId {
        let id = LinkId(self.next_link);
        self.next_link += 1;
        self.greet(id, info, now);
        id
    }

    /// A connection is gone.
    pub fn link_down(&mut self, link: LinkId, now: Instant) {
        if let Some(peer) = self.links.get(&link).map(|link| link.info.peer.clone()) {
            self.group.gone(&peer);
            self.neighbours.failed(&peer, now);
            self.forget(link, now);
        }
    }

    /// A peer could not be connected to.
    pub fn dial_failed(&mut self, peer: &PeerId, now: Instant) {
        self.undialled(peer, now);
    }

    /// Bytes of DATA were written to a connection: room for more.
    pub fn written(&mut self, link: LinkId, bytes: usize, now: Instant) {
        if let Some(link) = self.links.get_mut(&link) {
            link.giving.unwritten = link.giving.unwritten.saturating_sub(bytes);
            link.giving.rate.add(bytes, now);
            self.serving.access.written(bytes, now);
        }
    }

    /// A frame came.
    pub fn frame(&mut self, link: LinkId, frame: Frame, now: Instant) {
        let Some(known) = self.links.get_mut(&link) else { return };
        known.heard = now;
        if !known.is_ready() && !matches!(frame, Frame::Hello(_) | Frame::Pello(_) | Frame::Bye(_))
        {
            if let Frame::Stop(text) = frame {
                return self.stop_frame(link, &text, now);
            }
            return self.close(link, ByeReason::Fault, now);
        }
        match frame {
            Frame::Hello(hello) => self.hello(link, *hello, false, now),
            Frame::Pello(hello) => self.hello(link, *hello, true, now),
            Frame::Refresh(refresh) => self.refreshed(link, refresh, now),
            Frame::Buffermap(update) => self.updated(link, update, now),
            Frame::Get(get) => self.asked_for(link, get, now),
            Frame::Busy(busy) => self.busy(link, busy, now),
            Frame::Data(data) => self.data(link, data, now),
            Frame::Cancel { fragment } => self.cancelled(link, fragment),
            Frame::Bye(bye) => self.bye(link, bye.reason, now),
            Frame::Pex(pex) => self.pex(link, pex, now),
            Frame::Stop(text) => self.stop_frame(link, &text, now),
            Frame::Receipt(text) => self.receipt_frame(link, &text, now),
        }
    }

    /// A fragment was read and passed its check, or was not.
    pub fn fragment_read(&mut self, fragment: u32, read: Result<Bytes, StoreError>, now: Instant) {
        self.read(fragment, read, now);
    }

    /// A fragment was written and can be read, or was not.
    pub fn fragment_stored(&mut self, fragment: u32, stored: Result<(), StoreError>, now: Instant) {
        self.kept(fragment, stored, now);
    }

    /// OMS has expelled a peer: its link is closed, and none is taken until OMS lets it in again.
    pub fn expel(&mut self, peer: &PeerId, now: Instant) {
        self.neighbours.ban(peer, Ban::Ordered);
        self.group.gone(peer);
        let theirs = self.links.iter().filter(|(_, link)| link.info.peer == *peer);
        let ids: Vec<LinkId> = theirs.map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.close(id, ByeReason::Expelled, now));
    }

    /// OMS lists a peer that it had expelled. What a peer has sent us wrong is not forgotten so.
    pub fn pardon(&mut self, peer: &PeerId) {
        self.neighbours.pardon(peer);
    }

    /// The certificate that a link was made with is good no more: with another one its peer may
    /// come back.
    pub fn distrust(&mut self, link: LinkId, now: Instant) {
        self.close(link, ByeReason::Duplicate, now);
    }

    /// An order to stop came from OMS itself, checked already.
    pub fn stop(&mut self, stop: Box<str>, now: Instant) {
        self.end(stop, None, now);
    }

    /// Takes leave of all.
    pub fn shutdown(&mut self, now: Instant) {
        let ids: Vec<LinkId> = self.links.keys().copied().collect();
        ids.into_iter().for_each(|id| self.close(id, ByeReason::Shutdown, now));
    }

    /// Time passed.
    pub fn tick(&mut self, now: Instant) {
        if now < self.next_tick {
            return;
        }
        let quiet = self.links.is_empty() || (self.pieces.missing == 0 && !self.is_serving());
        self.next_tick = now + if quiet { IDLE_TICK } else { TICK };
        self.check_finished(now);
        self.group.draw(self.pieces.count(), now);
        self.check_requests(now);
        self.serving.access.note(now);
        self.look_after_links(now);
        self.flush_news(now);
        self.receipts_due(now);
        self.meet(now);
        self.fetching.due = true;
    }

    /// When to call [`Engine::tick`] and [`Engine::poll`] next, if nothing happens before.
    #[must_use]
    pub fn wake(&self) -> Instant {
        let others = [self.serving.again, self.fetching.again];
        others.into_iter().flatten().fold(self.next_tick, Instant::min)
    }

    /// What to do next; `None`: nothing now.
    pub fn poll(&mut self, budget: &mut Budget, now: Instant) -> Option<Output> {
        budget.down.spend(std::mem::take(&mut self.fetching.unpaid), now);
        loop {
            if let Some(output) = self.out.pop_front() {
                return Some(output);
            }
            if self.fetching.due || self.fetching.again.is_some_and(|at| now >= at) {
                self.fetching.due = false;
                self.plan(budget, now);
            } else if !self.serve(budget, now) && self.out.is_empty() {
                return None;
            }
        }
    }

    pub(crate) fn put(&mut self, output: Output) {
        self.out.push_back(output);
    }

    pub(crate) fn send(&mut self, link: LinkId, frame: Frame, now: Instant) {
        if let Some(known) = self.links.get_mut(&link) {
            known.said = now;
            self.out.push_back(Output::Send { link, frame });
        }
    }

    /// Ends a link from this side.
    pub(crate) fn close(&mut self, link: LinkId, reason: ByeReason, now: Instant) {
        self.give_receipt(link, now);
        self.send(link, Frame::Bye(Bye { reason }), now);
        if self.forget(link, now) {
            self.put(Output::Close { link, reason });
        }
    }

    pub(crate) fn check_finished(&mut self, now: Instant) {
        if self.pieces.missing == 0 && !self.fetching.finished {
            self.fetching.finished = true;
            let ids: Vec<LinkId> = self.links.keys().copied().collect();
            ids.into_iter().for_each(|id| self.give_receipt(id, now));
            self.tell_whole(now);
            self.put(Output::Finished);
        }
    }
}
