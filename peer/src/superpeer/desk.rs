//! Reports that wait for the next batch: of each peer the last one.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mp2p::care::Answer;
use mp2p::id::PeerId;
use mp2p::message::status::PeerReport;
use tokio::sync::{Notify, mpsc};

/// A report, and who waits for what becomes of it.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) report: PeerReport,
    /// Its number on the connection that it came by; `None` for the own one.
    pub(crate) from: Option<(u64, mpsc::Sender<Answer>)>,
}

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    waiting: Mutex<BTreeMap<PeerId, Waiting>>,
    /// Something is to be sent with the next batch…
    pub(crate) due: Notify,
    /// … or at once.
    pub(crate) urgent: Notify,
    /// PAMS has taken this super peer.
    pub(crate) offered: AtomicBool,
    /// One more for each peer in care that is here.
    places: Arc<()>,
}

impl Desk {
    /// A peer in care is here while this lives.
    pub(crate) fn enter(&self) -> Arc<()> {
        Arc::clone(&self.places)
    }

    /// Peers in care that are here.
    pub(crate) fn peers(&self) -> usize {
        Arc::strong_count(&self.places) - 1
    }

    /// Takes a report; the one before it that waits still is superseded. What it does not say of
    /// static status and resources stays as it was told.
    pub(crate) fn put(&self, mut new: Waiting, urgent: bool) {
        let peer = new.report.peer_id.clone();
        {
            let mut waiting = self.lock();
            if let Some(old) = waiting.remove(&peer) {
                fill(&mut new.report, old.report);
            }
            waiting.insert(peer, new);
        }
        self.due.notify_one();
        if urgent {
            self.urgent.notify_one();
        }
    }

    /// Takes as many as `most` off the desk.
    pub(crate) fn take(&self, most: usize) -> Vec<Waiting> {
        let mut waiting = self.lock();
        std::iter::from_fn(|| waiting.pop_first()).take(most).map(|(_, one)| one).collect()
    }

    /// Puts reports back that could not be sent; newer ones stay, and take over what they lack.
    pub(crate) fn put_back(&self, batch: Vec<Waiting>) {
        let mut waiting = self.lock();
        for old in batch {
            match waiting.get_mut(&old.report.peer_id) {
                Some(new) => fill(&mut new.report, old.report),
                None => drop(waiting.insert(old.report.peer_id.clone(), old)),
            }
        }
        drop(waiting);
        self.due.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PeerId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fill(new: &mut PeerReport, old: PeerReport) {
    new.fixed = new.fixed.take().or(old.fixed);
    new.resources = new.resources.take().or(old.resources);
}

impl Waiting {
    /// Tells who waits. Whoever does not listen asks again.
    pub(crate) fn answer(&self, answer: impl FnOnce(u64) -> Answer) {
        if let Some((seq, out)) = &self.from {
            let _ = out.try_send(answer(*seq));
        }
    }
}

#[cfg(test)]
mod tests {
    use mp2p::message::status::{PeerStatus, StaticStatus};

    use super::*;

    fn report(peer: char, connections: u32, fixed: bool) -> Waiting {
        let peer = PeerId::parse(&peer.to_string().repeat(64)).unwrap();
        let mut report = PeerReport::of(peer, PeerStatus { connections, ..PeerStatus::default() });
        report.fixed = fixed.then(StaticStatus::default);
        Waiting { report, from: None }
    }

    fn told(batch: &[Waiting]) -> Vec<(u32, bool)> {
        batch
            .iter()
            .map(|one| (one.report.status.connections, one.report.fixed.is_some()))
            .collect()
    }

    #[test]
    fn of_each_peer_the_last_report_waits_with_all_that_was_told() {
        let desk = Desk::default();
        desk.put(report('a', 1, true), false);
        desk.put(report('b', 2, false), false);
        desk.put(report('a', 3, false), true);
        let batch = desk.take(9);
        assert_eq!(told(&batch), [(3, true), (2, false)]);
        // PAMS is away; meanwhile another comes.
        desk.put(report('a', 4, false), false);
        desk.put_back(batch);
        assert_eq!(told(&desk.take(1)), [(4, true)]);
        assert_eq!(told(&desk.take(9)), [(2, false)]);
        assert!(desk.take(9).is_empty());
    }
}
