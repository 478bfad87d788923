//! What an engine knows of one link.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use mp2p::frame::Buffermap;
use mp2p::id::PeerId;

use crate::exchange::budget::Bucket;
use crate::exchange::event::LinkInfo;
use crate::exchange::request::Request;

/// How fast the rate of a link forgets.
const RATE_SPAN: Duration = Duration::from_secs(1);
/// How fast what a link was given is forgotten.
const SHARE_SPAN: Duration = Duration::from_secs(8);
/// Shortest time that it speaks of.
const RATE_FIRST: Duration = Duration::from_millis(500);

/// How far the two have come.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    /// HELLO or PELLO is awaited.
    Greeting,
    /// Both have said who they are.
    Ready,
}

/// One link.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) info: LinkInfo,
    pub(crate) stage: Stage,
    pub(crate) since: Instant,
    pub(crate) heard: Instant,
    pub(crate) said: Instant,
    /// A member of the own group.
    pub(crate) near: bool,
    /// From 1, `u32::MAX`: unknown.
    pub(crate) rank: u32,
    pub(crate) class: u8,
    pub(crate) passkey: Option<String>,
    pub(crate) listen_port: Option<u16>,
    /// What it has.
    pub(crate) map: Buffermap,
    /// It had all when it was met.
    pub(crate) had_all: bool,
    /// How much of it is wanted here and not there yet.
    pub(crate) useful: u32,
    pub(crate) taking: Taking,
    pub(crate) giving: Giving,
    pub(crate) news: News,
    /// Another link to the same peer does better since then: this one ends once it is idle.
    pub(crate) retired: Option<Instant>,
}

/// What is fetched on a link.
#[derive(Debug)]
pub(crate) struct Taking {
    /// In the order in which they were asked for.
    pub(crate) requests: Vec<Request>,
    /// No longer wanted, but slices of it may still come.
    pub(crate) cancelled: BTreeSet<u32>,
    pub(crate) rate: Rate,
    /// Not asked before.
    pub(crate) busy_until: Option<Instant>,
    pub(crate) busy_in_a_row: u32,
    pub(crate) stalls: u32,
    /// Seconds that the last fragments took.
    pub(crate) took: Option<f64>,
    /// Found to bring what it is asked for much too late; looked at again then.
    pub(crate) slow_until: Option<Instant>,
    /// How often in a row that was found.
    pub(crate) slow_times: u8,
    pub(crate) bucket: Bucket,
    /// Of the receipts given.
    pub(crate) epoch: u64,
    pub(crate) seq: u64,
    pub(crate) bytes: u64,
    pub(crate) fragments: u64,
    pub(crate) rejected: u64,
    /// Fragments that the last receipt told of, and when it was given.
    pub(crate) told: u64,
    pub(crate) told_at: Instant,
}

/// What is sent on a link.
#[derive(Debug)]
pub(crate) struct Giving {
    pub(crate) asked: VecDeque<Asked>,
    pub(crate) active: Option<Upload>,
    /// DATA that the driver has and has not written yet.
    pub(crate) unwritten: usize,
    pub(crate) rate: Rate,
    /// The same over longer: who had how much.
    pub(crate) share: Rate,
    pub(crate) bucket: Bucket,
    /// Whole fragments sent, their bytes, and the bytes that receipts came for.
    pub(crate) fragments: u64,
    pub(crate) bytes: u64,
    pub(crate) signed: u64,
    pub(crate) signed_epoch: Option<u64>,
    /// Since when nothing is sent for want of a receipt.
    pub(crate) unsigned_since: Option<Instant>,
}

/// What the other end is to be told of.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) have: Vec<u32>,
    pub(crate) due: Option<Instant>,
    /// What it fetches from afar for the group, and when it last said so.
    pub(crate) claims: BTreeMap<u32, Claim>,
    /// When it last claimed, or got, something of its own share.
    pub(crate) share_at: Option<Instant>,
    pub(crate) pex_at: Option<Instant>,
    pub(crate) pex_heard: Option<Instant>,
}

/// How a link is counted.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Kind {
    pub(crate) near: bool,
    pub(crate) slow: bool,
}

/// Said to be fetched from afar.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) first: Instant,
    pub(crate) last: Instant,
}

/// A fragment that the other end asked for.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) fragment: u32,
    pub(crate) offset: u32,
    pub(crate) since: Instant,
}

/// A fragment on its way to the other end.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) fragment: u32,
    /// The next byte to send.
    pub(crate) offset: u32,
    /// `None`: it is being read.
    pub(crate) bytes: Option<Bytes>,
    pub(crate) since: Instant,
}

/// Bytes a second, the last ones count most.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Rate {
    /// How fast it forgets.
    span: Duration,
    per_second: f64,
    at: Instant,
    /// When the first bytes came.
    since: Option<Instant>,
}

impl Link {
    pub(crate) fn new(info: LinkInfo, map: Buffermap, epoch: u64, now: Instant) -> Self {
        Self {
            info,
            stage: Stage::Greeting,
            since: now,
            heard: now,
            said: now,
            near: true,
            rank: u32::MAX,
            class: 0,
            passkey: None,
            listen_port: None,
            map,
            had_all: false,
            useful: 0,
            taking: Taking::new(epoch, now),
            giving: Giving::new(now),
            news: News::default(),
            retired: None,
        }
    }

    /// Whether nothing is on its way in either direction.
    pub(crate) fn is_idle(&self) -> bool {
        let is_sent = !self.is_served() && self.giving.unwritten == 0;
        is_sent && self.taking.requests.is_empty()
    }

    /// Whether it is sent a fragment, or waits for one.
    pub(crate) fn is_served(&self) -> bool {
        self.giving.active.is_some() || !self.giving.asked.is_empty()
    }

    pub(crate) fn is_slow(&self) -> bool {
        self.taking.slow_until.is_some()
    }

    pub(crate) fn kind(&self) -> Kind {
        Kind { near: self.near, slow: self.is_slow() }
    }

    /// Near, and worth waiting for.
    pub(crate) fn is_at_hand(&self) -> bool {
        self.near && !self.is_slow()
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    pub(crate) fn asks_for(&self, fragment: u32) -> bool {
        self.taking.requests.iter().any(|request| request.fragment == fragment)
    }

    /// How many fragments were asked for and have not begun.
    pub(crate) fn queued(&self) -> usize {
        self.taking.requests.iter().filter(|request| request.begun.is_none()).count()
    }
}

impl Taking {
    fn new(epoch: u64, now: Instant) -> Self {
        Self {
            requests: Vec::new(),
            cancelled: BTreeSet::new(),
            rate: Rate::new(now),
            busy_until: None,
            busy_in_a_row: 0,
            stalls: 0,
            took: None,
            slow_until: None,
            slow_times: 0,
            bucket: Bucket::new(None, now),
            epoch,
            seq: 0,
            bytes: 0,
            fragments: 0,
            rejected: 0,
            told: 0,
            told_at: now,
        }
    }

    pub(crate) fn is_busy(&self, now: Instant) -> bool {
        self.busy_until.is_some_and(|until| now < until)
    }
}

impl Giving {
    fn new(now: Instant) -> Self {
        Self {
            asked: VecDeque::new(),
            active: None,
            unwritten: 0,
            rate: Rate::new(now),
            share: Rate::over(SHARE_SPAN, now),
            bucket: Bucket::new(None, now),
            fragments: 0,
            bytes: 0,
            signed: 0,
            signed_epoch: None,
            unsigned_since: None,
        }
    }
}

impl Rate {
    pub(crate) const fn new(now: Instant) -> Self {
        Self::over(RATE_SPAN, now)
    }

    /// One that forgets slowly.
    pub(crate) const fn over(span: Duration, now: Instant) -> Self {
        Self { span, per_second: 0.0, at: now, since: None }
    }

    pub(crate) fn add(&mut self, bytes: usize, now: Instant) {
        let fresh = bytes as f64 / self.span.as_secs_f64();
        self.per_second = self.decayed(now) + fresh;
        self.at = now;
        self.since.get_or_insert(now);
    }

    /// Of what came in the first moments it is not said that it came in a whole span.
    pub(crate) fn at(&self, now: Instant) -> f64 {
        let Some(since) = self.since else { return 0.0 };
        let passed = now.saturating_duration_since(since).max(RATE_FIRST).as_secs_f64();
        self.decayed(now) / (1.0 - (-passed / self.span.as_secs_f64()).exp())
    }

    /// Whether it is the rate of so long at least.
    pub(crate) fn is_known(&self, span: Duration, now: Instant) -> bool {
        self.since.is_some_and(|since| now >= since + span)
    }

    fn decayed(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.per_second * (-passed / self.span.as_secs_f64()).exp()
    }
}

/// What can be seen of a link from outside.
#[derive(Clone, Debug)]
pub struct LinkView {
    /// Who is at the other end.
    pub peer: PeerId,
    /// From 1; `None`: unknown.
    pub rank: Option<u32>,
    /// A member of the own group.
    pub near: bool,
    /// Of its passkey.
    pub class: u8,
    /// Bytes a second received and sent now.
    pub rates: (u64, u64),
    /// Bytes received that passed their check, and bytes sent, whole fragments.
    pub bytes: (u64, u64),
    /// Fragments that it has.
    pub held: u32,
    /// The relay in between.
    pub via: Option<PeerId>,
}

impl Link {
    pub(crate) fn view(&self, now: Instant) -> LinkView {
        LinkView {
            peer: self.info.peer.clone(),
            rank: (self.rank < u32::MAX).then_some(self.rank),
            near: self.near,
            class: self.class,
            rates: (self.taking.rate.at(now) as u64, self.giving.rate.at(now) as u64),
            bytes: (self.taking.bytes, self.giving.bytes),
            held: self.map.held(),
            via: self.info.via.clone(),
        }
    }
}
