//! The loop around one engine.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use mp2p::frame::Frame;
use mp2p::id::PeerId;
use mp2p::message::account::ClassAnswer;
use mp2p::message::join::{JoinAnswer, PeerAddress};
use mp2p::message::list::{Demotion, PeerType};
use mp2p::message::server::Reserved;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::content::{Store, StoreFault};
use crate::control::message::State;
use crate::exchange::{Budget, Candidate, Engine, LinkId, Output, Ranked, StoreError};
use crate::node::{Change, Kept, Node, Viewed};
use crate::transfer::disk::Complaint;
use crate::transfer::freshness::Told;
use crate::transfer::links::{Heard, Links};
use crate::transfer::notary::unix_s;
use crate::transfer::reach::Reached;
use crate::transfer::standing::{Shared, Standing};
use crate::transfer::success::Success;
use crate::transfer::view::Counts;
use crate::transfer::{Command, Shown};
use crate::transfer::{start, stopping};
use crate::wire::{Arrival, Heard as Said, Note, Path};

/// What is shown is made anew this often at most.
const SHOW: Duration = Duration::from_millis(200);
/// Notes taken between two looks at the engine.
pub(crate) const MAX_BURST: usize = 16;
/// Bytes that wait for the disk; with more of them nothing is heard of links.
const MAX_STORING: u64 = 32 << 20;

/// What the disk did.
pub(crate) enum Done {
    Read(u32, Result<Bytes, StoreFault>),
    Stored(u32, Result<(), StoreFault>),
    /// UMS says of which class somebody is.
    Class(ClassAnswer),
}

/// An engine with all that it acts on.
pub(crate) struct Driver {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<Store>,
    pub(crate) links: Links,
    pub(crate) counts: Counts,
    pub(crate) standing: Shared,
    pub(crate) done: mpsc::Sender<Done>,
    pub(crate) budget: Arc<Mutex<Budget>>,
    pub(crate) wanted: Arc<Notify>,
    pub(crate) shown: Shown,
    pub(crate) state: State,
    pub(crate) message: Option<String>,
    /// Bytes on their way to the disk.
    pub(crate) storing: u64,
    /// What the disk refuses.
    pub(crate) fault: Option<String>,
    pub(crate) complaint: Complaint,
    /// When anybody had something that was missing.
    pub(crate) given_at: Instant,
    /// When anything came last.
    pub(crate) came_at: Instant,
    pub(crate) success: Success,
    /// When a list may be asked for out of turn, and how long not after that.
    pub(crate) list_again: (Instant, Duration),
    /// When what could not be brought to the disk is tried again.
    pub(crate) flush_at: Option<Instant>,
    /// What the keeper of a relayed connection keeps.
    pub(crate) relay: watch::Sender<Option<Reserved>>,
    pub(crate) kept: Kept,
    pub(crate) node: Arc<Node>,
    /// What others know of the own passkey.
    pub(crate) told: Told,
    /// Ends this transfer alone.
    pub(crate) ending: CancellationToken,
}

/// What a driver hears beside its links.
pub(crate) type Queues = (mpsc::Receiver<Command>, mpsc::Receiver<Change>, mpsc::Receiver<Done>);

impl Driver {
    /// Works until told to end.
    pub(crate) async fn run(
        mut self,
        mut heard: Heard,
        (mut commands, mut changes, mut finished): Queues,
        ending: CancellationToken,
    ) {
        let mut shown_at = Instant::now();
        loop {
            let now = Instant::now();
            self.poll(now);
            if now >= shown_at {
                shown_at = now + SHOW;
                self.report_success(now);
                self.leave_to_players(now);
                self.look_for_givers(now);
                self.show(now);
                self.links.leave_relays(now);
                self.confirm_classes();
            }
            let wake = self.engine.wake().min(shown_at);
            if self.flush_at.take_if(|at| now >= *at).is_some() {
                self.act(Output::Finished);
            }
            tokio::select! {
                () = ending.cancelled() => break,
                note = heard.notes.recv(), if self.storing < MAX_STORING => {
                    let mut next = note;
                    for _ in 0..MAX_BURST {
                        let Some(note) = next else { break };
                        self.note(note);
                        next = heard.notes.try_recv().ok();
                    }
                    if let Some(note) = next {
                        self.note(note);
                    }
                }
                Some(sent) = heard.sent.recv() => {
                    let id = LinkId(sent.link);
                    self.engine.written(id, sent.bytes, Instant::now());
                    if let Some(peer) = self.links.peer(id) {
                        self.counts.sent(peer, sent.bytes);
                        self.node.metrics.sent(sent.bytes);
                    }
                }
                Some(dialled) = heard.dialled.recv() => self.dialled(dialled),
                Some(done) = finished.recv() => self.finished(done),
                Some(command) = commands.recv() => self.command(command),
                Some(change) = changes.recv() => self.changed(change),
                () = tokio::time::sleep_until(wake.into()) => self.engine.tick(Instant::now()),
            }
        }
        // An order to stop that came just before the end is followed still.
        while let Ok(command) = commands.try_recv() {
            if matches!(command, Command::Stop(_)) {
                self.command(command);
            }
        }
        let now = Instant::now();
        self.engine.shutdown(now);
        self.poll(now);
        self.report_success(now);
        let store = Arc::clone(&self.store);
        let flushed = tokio::task::spawn_blocking(move || store.flush()).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(%error, "what was fetched last may have to be checked again");
        }
    }

    fn poll(&mut self, now: Instant) {
        loop {
            let output = {
                let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
                self.engine.poll(&mut budget, now)
            };
            match output {
                Some(output) => self.act(output),
                None => return,
            }
        }
    }

    fn act(&mut self, output: Output) {
        match output {
            Output::Send { link, frame } => self.links.send(link, frame),
            Output::Close { link, .. } => self.links.close(link),
            Output::Dial(candidate) => match self.node.connections.is_full() {
                true => self.engine.put_off(&candidate.peer, Instant::now()),
                false => self.links.dial(candidate, Instant::now()),
            },
            Output::Read { fragment } => {
                self.on_disk(move |store| Done::Read(fragment, store.read(fragment)));
            }
            Output::Write { fragment, bytes } => {
                self.storing += self.length(fragment);
                self.on_disk(move |store| Done::Stored(fragment, store.write(fragment, &bytes)));
            }
            Output::Report(report) => self.failed(report),
            Output::Receipt(text) => self.receipt(&text),
            Output::Stopped { stop, forwarded } => {
                self.state = State::Stopped;
                let place = (&*self.kept.folder, &self.kept.index.overlay_id);
                let own = (&self.node.identity, &self.standing, &self.node.reports);
                stopping::follow(&stop, place, own, forwarded);
            }
            Output::Finished => {
                self.on_disk(|store| Done::Stored(u32::MAX, store.flush()));
            }
        }
    }

    /// Of a fragment, bytes.
    pub(crate) fn length(&self, fragment: u32) -> u64 {
        self.store.layout().cut().length(fragment).unwrap_or_default().into()
    }

    fn on_disk(&self, act: impl FnOnce(&Store) -> Done + Send + 'static) {
        let (store, out) = (Arc::clone(&self.store), self.done.clone());
        tokio::task::spawn_blocking(move || {
            let done = act(&store);
            let _ = out.blocking_send(done);
        });
    }

    fn note(&mut self, note: Note) {
        let (id, now) = (LinkId(note.link), Instant::now());
        match note.heard {
            Said::Frame(frame) => {
                if let (Frame::Data(data), Some(peer)) = (&frame, self.links.peer(id)) {
                    self.came_at = now;
                    let path = self.links.path(id).unwrap_or(&Path::Direct);
                    let rank = self.counts.received(peer, path, data.bytes.len());
                    self.node.metrics.received(rank, data.bytes.len());
                }
                self.engine.frame(id, frame, now);
            }
            Said::Down(why) => {
                tracing::debug!(link = note.link, why, "a link ended");
                if self.links.path(id).is_some_and(|path| path.relay().is_some()) {
                    // Another relay may lead there.
                    self.wanted.notify_one();
                }
                self.engine.link_down(id, now);
                self.links.close(id);
            }
        }
    }

    fn dialled(&mut self, dialled: crate::transfer::links::Dialled) {
        let now = Instant::now();
        match dialled.outcome {
            Ok(Reached::Met(met, address, path)) => {
                Standing::met(&self.standing, &met);
                tracing::debug!(peer = %dialled.peer, ?path, "a peer was met");
                let id = self.engine.link_up(Links::info(&met, true, address, &path), now);
                self.take(id, *met, (path, true), now);
            }
            Ok(Reached::Came) => {}
            Err(error) => {
                tracing::debug!(peer = %dialled.peer, %error, "a peer was not met");
                if !dialled.is_shortcut && !self.links.is_linked(&dialled.peer) {
                    self.engine.dial_failed(&dialled.peer, now);
                    // It may be reached otherwise by now.
                    self.wanted.notify_one();
                }
            }
        }
    }

    fn arrived(&mut self, arrival: Arrival) {
        let now = Instant::now();
        let Arrival { met, address, path, first } = arrival;
        if !self.engine.is_listed(&met.peer) && now >= self.list_again.0 {
            // Somebody who is not in the list: there is a newer one.
            self.list_again = (now + self.list_again.1, self.list_again.1 * 2);
            self.wanted.notify_one();
        }
        Standing::met(&self.standing, &met);
        let id = self.engine.link_up(Links::info(&met, false, address, &path), now);
        self.take(id, met, (path, false), now);
        self.engine.frame(id, first, now);
    }

    fn command(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Arrived(arrival) => self.arrived(*arrival),
            Command::Meet(peer, address) => self.meet(peer, address, now),
            Command::Released(id) => {
                if self.relay.borrow().as_ref().is_some_and(|kept| kept.reservation_id == id) {
                    self.wanted.notify_one();
                }
            }
            Command::Limits => self.limited(now),
            Command::Stop(stop) => self.ordered(&stop, now),
            Command::Expelled(peer, epoch) => {
                Standing::raise(&self.standing, epoch);
                // The next answer has a passkey that is good again, or says why there is none.
                self.wanted.notify_one();
                self.engine.expel(&peer, now);
            }
            Command::Revoked(refused) => {
                for (link, revoked) in self.links.with_marks(&refused) {
                    match revoked {
                        Some(peer) => self.engine.expel(&peer, now),
                        None => self.engine.distrust(link, now),
                    }
                }
            }
            Command::Denied => self.denied(),
            Command::Reorganised => self.wanted.notify_one(),
            Command::Play(places) => {
                self.engine.play_from(&places, start::ahead(&self.kept), now);
            }
            Command::Lost(fragment) => {
                self.lost();
                self.engine.fragment_read(fragment, Err(StoreError::Lost), now);
            }
        }
    }

    /// A member that can be dialled, and cannot dial us, wants us to.
    fn meet(&mut self, peer: PeerId, address: PeerAddress, now: Instant) {
        if !self.links.is_linked(&peer) {
            self.links.called(Candidate::unlisted(peer, vec![address]), now);
        }
    }

    /// An order to stop: followed where OMS has signed it and it means this content.
    fn ordered(&mut self, stop: &str, now: Instant) {
        let index = &self.kept.index;
        let meant = (&index.overlay_id, &index.content_id);
        if stopping::is_meant(stop, meant, &self.standing) {
            self.engine.stop(stop.into(), now);
        }
    }

    fn changed(&mut self, change: Change) {
        match change {
            Change::Listed(answer, viewed) => {
                self.message = None;
                Standing::learn(&self.standing, &answer, unix_s());
                self.refresh_passkey(Instant::now());
                self.listed(&answer, viewed);
                // One content of several: the overlay goes on.
                answer.stops.iter().for_each(|stop| self.ordered(stop, Instant::now()));
            }
            Change::Remembered(answer, viewed) => {
                self.listed(&answer, viewed);
                self.message = Some("the provider is away; the last list is used".to_owned());
            }
            Change::Away(why) => self.message = Some(why),
            Change::Refused(why) => {
                (self.state, self.message) = (State::Failed, Some(why));
            }
            Change::Stopped(stop) => {
                if let Some(stop) = stop {
                    self.ordered(&stop, Instant::now());
                }
                self.state = State::Stopped;
            }
        }
        self.show(Instant::now());
    }

    fn listed(&mut self, answer: &JoinAnswer, viewed: Viewed) {
        self.node.reports.policy(answer.report_policy.status_interval);
        self.success.every(answer.report_policy.success_interval, Instant::now());
        self.counts.listed(answer, viewed == Viewed::Ordered);
        if let Viewed::Silent(why) = viewed {
            tracing::info!(why, "the provider's order is used");
            self.message = Some(format!("{why}; the provider's order is used"));
        }
        let entries = answer.status.peer_info_list.iter();
        self.links.listed(entries.clone());
        self.relay.send_if_modified(|kept| {
            let is_new = *kept != answer.relay;
            kept.clone_from(&answer.relay);
            is_new
        });
        if Standing::is_up_to(&self.standing, answer.epoch) {
            entries.clone().for_each(|entry| self.engine.pardon(&entry.peer_id));
        }
        let own = &self.node.identity.peer;
        let entries = entries.filter(|entry| entry.peer_id != *own).map(|entry| Candidate {
            peer: entry.peer_id.clone(),
            addresses: entry.peer_addr.to_vec(),
            rank: entry.rank,
            bridge: entry.bridge,
            overloaded: entry.reason == Some(Demotion::Overload),
            cache: entry.peer_type == PeerType::Cache,
        });
        let group = answer.gateway.as_ref().map(|gateway| gateway.members.to_vec());
        let group = group.unwrap_or_default();
        self.engine.list(Ranked { entries: entries.collect(), group }, Instant::now());
    }

    pub(crate) fn show(&self, now: Instant) {
        let waiting = self.waiting(now);
        let message = match (&self.fault, &self.message, self.why_it_waits(now)) {
            _ if self.state == State::Stopped => Some(stopping::BY_ORDER.to_owned()),
            (Some(fault), ..) => Some(fault.clone()),
            (None, Some(message), Some(why)) => Some(format!("{message}; {why}")),
            (None, message, why) => message.clone().or(why),
        };
        let state = (self.state, message, waiting);
        let own = (&self.engine, &*self.store, &self.links);
        self.counts.show(&self.shown, own, state, now);
    }
}
