//! The queues.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mp2p::id::PeerId;
use mp2p::message::event::Event;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::settings::EventSettings;

/// The part of a sequence number that a process may count up, bits: above it stand the milliseconds
/// of its start, so that numbers rise over restarts, two within a second too. A queue would have to
/// get a million events a second to catch up with them.
const COUNT_BITS: u32 = 10;

/// Events on their way to peers. All of it is in memory; cloning an [`Arc`] shares it.
pub struct Outbox {
    queues: Mutex<Queues>,
    bounds: EventSettings,
}

struct Queues {
    by_peer: HashMap<PeerId, Queue>,
    /// A new queue begins here: above every number that was ever given.
    floor: u64,
    /// Unix seconds of the last sweep: as exact as forgetting needs.
    now: u64,
}

struct Queue {
    waiting: VecDeque<Mail>,
    next: u64,
    sent: u64,
    acknowledged: u64,
    /// The stream that is in force; an older one ends.
    stream: u64,
    is_open: bool,
    touched: u64,
    news: Arc<Notify>,
}

/// An event with its number; the text is `event:` and `data:`, shared among all who get it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mail {
    /// Its number.
    pub seq: u64,
    /// Both fields, with the blank line that ends them.
    pub text: Arc<str>,
}

/// A queue as it is kept over a restart.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct KeptQueue {
    peer: PeerId,
    next: u64,
    acknowledged: u64,
    waiting: Vec<(u64, String)>,
}

/// How far an event has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// It waits for the peer to listen.
    Waiting,
    /// It went out on a stream.
    Sent,
    /// The peer said that it has it.
    Acknowledged,
    /// Nothing is known of the peer.
    Unknown,
}

/// What a reader finds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Waiting {
    /// To be sent, oldest first.
    News(Vec<Mail>),
    /// Nothing for now.
    Nothing,
    /// Another stream of the same peer has begun, or its queue is gone.
    Over,
}

impl Outbox {
    /// An empty one; `now_ms` in Unix milliseconds.
    #[must_use]
    pub fn new(bounds: EventSettings, now_ms: u64) -> Self {
        let (floor, now) = ((now_ms << COUNT_BITS) + 1, now_ms / 1000);
        let queues = Queues { by_peer: HashMap::new(), floor, now };
        Self { queues: Mutex::new(queues), bounds }
    }

    /// Puts an event into a peer's queue; its number, or none where there is no room for another
    /// peer.
    pub fn post(&self, peer: &PeerId, event: &Event) -> Option<u64> {
        let text = render(event)?;
        self.lock().put(peer, text, &self.bounds)
    }

    /// The same, unless the event waits for the peer already: then its number.
    pub fn post_once(&self, peer: &PeerId, event: &Event) -> Option<u64> {
        let text = render(event)?;
        let mut queues = self.lock();
        let waiting = queues.by_peer.get(peer).and_then(|queue| {
            queue.waiting.iter().find(|mail| mail.text == text).map(|mail| mail.seq)
        });
        waiting.or_else(|| queues.put(peer, text, &self.bounds))
    }

    /// The same to many: those that it was queued for, and their numbers.
    pub fn post_all<'a>(
        &self,
        peers: impl IntoIterator<Item = &'a PeerId>,
        event: &Event,
    ) -> Vec<(PeerId, u64)> {
        let Some(text) = render(event) else { return Vec::new() };
        let mut queues = self.lock();
        let mut put = |peer: &PeerId| queues.put(peer, Arc::clone(&text), &self.bounds);
        peers.into_iter().filter_map(|peer| Some((peer.clone(), put(peer)?))).collect()
    }

    /// All events up to `seq` have arrived; how many wait still.
    pub fn acknowledge(&self, peer: &PeerId, seq: u64) -> usize {
        let mut queues = self.lock();
        let now = queues.now;
        queues.by_peer.get_mut(peer).map_or(0, |queue| {
            queue.touched = now;
            queue.acknowledge(seq);
            queue.waiting.len()
        })
    }

    /// How far event `seq` of a peer has come.
    #[must_use]
    pub fn delivery(&self, peer: &PeerId, seq: u64) -> Delivery {
        self.lock().by_peer.get(peer).map_or(Delivery::Unknown, |queue| match seq {
            seq if seq <= queue.acknowledged => Delivery::Acknowledged,
            seq if seq <= queue.sent => Delivery::Sent,
            _ => Delivery::Waiting,
        })
    }

    /// Whether a peer listens now.
    #[must_use]
    pub fn is_listening(&self, peer: &PeerId) -> bool {
        self.lock().by_peer.get(peer).is_some_and(|queue| queue.is_open)
    }

    /// Peers that listen now.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.lock().by_peer.values().filter(|queue| queue.is_open).count()
    }

    /// Begins to read what came after number `after`, all that waits where it is none; a stream
    /// that the peer has already ends. None where there is no room for another peer.
    #[must_use]
    pub fn read(self: &Arc<Self>, peer: &PeerId, after: Option<u64>) -> Option<Reader> {
        let mut queues = self.lock();
        let now = queues.now;
        let queue = queues.queue(peer, &self.bounds)?;
        queue.stream += 1;
        queue.is_open = true;
        queue.touched = now;
        // A number from the future is of another time of this server: all is news then.
        let after = after.filter(|after| *after < queue.next).unwrap_or(0);
        queue.news.notify_waiters();
        let (stream, news) = (queue.stream, Arc::clone(&queue.news));
        drop(queues);
        Some(Reader { outbox: Arc::clone(self), peer: peer.clone(), stream, after, news })
    }

    /// What waits, for a restart.
    #[must_use]
    pub fn keep(&self) -> Vec<KeptQueue> {
        let queues = self.lock();
        let kept = |(peer, queue): (&PeerId, &Queue)| KeptQueue {
            peer: peer.clone(),
            next: queue.next,
            acknowledged: queue.acknowledged,
            waiting: queue.waiting.iter().map(|it| (it.seq, it.text.to_string())).collect(),
        };
        queues.by_peer.iter().map(kept).collect()
    }

    /// Takes over what waited before a restart, within bounds.
    pub fn restore(&self, kept: Vec<KeptQueue>) {
        let mut queues = self.lock();
        for KeptQueue { peer, next, acknowledged, waiting } in kept {
            queues.floor = queues.floor.max(next);
            let Some(queue) = queues.queue(&peer, &self.bounds) else { return };
            queue.acknowledged = acknowledged;
            let mail = waiting.into_iter().map(|(seq, text)| Mail { seq, text: text.into() });
            queue.waiting = mail.take(self.bounds.max_events).collect();
        }
    }

    /// Forgets queues that nobody cares for.
    pub fn sweep(&self, now: u64) {
        let mut queues = self.lock();
        queues.now = now;
        let keep = self.bounds.keep_seconds;
        let mut floor = queues.floor;
        queues.by_peer.retain(|_, queue| {
            let stays = queue.is_open || now.saturating_sub(queue.touched) < keep;
            if !stays {
                floor = floor.max(queue.next);
            }
            stays
        });
        queues.floor = floor;
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn render(event: &Event) -> Option<Arc<str>> {
    match event.data() {
        Ok(data) => Some(format!("event: {}\ndata: {data}\n\n", event.name()).into()),
        Err(error) => {
            tracing::error!(%error, event = event.name(), "an event could not be written");
            None
        }
    }
}

impl Queues {
    fn queue(&mut self, peer: &PeerId, bounds: &EventSettings) -> Option<&mut Queue> {
        if !self.by_peer.contains_key(peer) {
            if self.by_peer.len() >= bounds.max_peers {
                tracing::warn!(peers = bounds.max_peers, "no room for events of another peer");
                return None;
            }
            self.by_peer.insert(peer.clone(), Queue::new(self.floor, self.now));
        }
        self.by_peer.get_mut(peer)
    }

    fn put(&mut self, peer: &PeerId, text: Arc<str>, bounds: &EventSettings) -> Option<u64> {
        let now = self.now;
        let queue = self.queue(peer, bounds)?;
        queue.touched = now;
        if queue.waiting.len() >= bounds.max_events {
            queue.waiting.pop_front();
        }
        let seq = queue.next;
        queue.next += 1;
        queue.waiting.push_back(Mail { seq, text });
        queue.news.notify_waiters();
        Some(seq)
    }
}

impl Queue {
    fn new(next: u64, now: u64) -> Self {
        Self {
            waiting: VecDeque::new(),
            next,
            sent: 0,
            acknowledged: 0,
            stream: 0,
            is_open: false,
            touched: now,
            news: Arc::default(),
        }
    }

    fn acknowledge(&mut self, seq: u64) {
        if seq < self.next {
            self.acknowledged = self.acknowledged.max(seq);
            let is_over = |mail: &Mail| mail.seq <= seq;
            while self.waiting.front().is_some_and(is_over) {
                self.waiting.pop_front();
            }
        }
    }
}

/// One peer's stream. Dropped, it is closed.
pub struct Reader {
    outbox: Arc<Outbox>,
    peer: PeerId,
    stream: u64,
    after: u64,
    news: Arc<Notify>,
}

impl Reader {
    /// What is to be sent now.
    pub fn take(&mut self) -> Waiting {
        let mut queues = self.outbox.lock();
        let queue = queues.by_peer.get_mut(&self.peer);
        let Some(queue) = queue.filter(|queue| queue.stream == self.stream) else {
            return Waiting::Over;
        };
        let is_new = |mail: &&Mail| mail.seq > self.after;
        let news: Vec<Mail> = queue.waiting.iter().filter(is_new).cloned().collect();
        let Some(last) = news.last() else { return Waiting::Nothing };
        self.after = last.seq;
        queue.sent = queue.sent.max(last.seq);
        Waiting::News(news)
    }

    /// What wakes up when there is something. Take its future before [`Reader::take`], lest
    /// something comes in between.
    #[must_use]
    pub fn news(&self) -> Arc<Notify> {
        Arc::clone(&self.news)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut queues = self.outbox.lock();
        let now = queues.now;
        let queue = queues.by_peer.get_mut(&self.peer);
        if let Some(queue) = queue.filter(|queue| queue.stream == self.stream) {
            queue.is_open = false;
            queue.touched = now;
        }
    }
}

#[cfg(test)]
mod tests;
