//! Peers report the failure of others, and the overlay is organised anew (Req-Net-050, Req-Net-060;
//! TR 20002 §8.3.8 step 3).
//!
//! ```text
//!  report ─► both members? young? ─► voices by user ─► dialled ─ answers ─► settled; who said that
//!    │          heard? (UMS)                 │              │                it was gone loses by it
//!    └─► UMS (§8.3.8 step 4)                 │              └ does not ─► off the lists, others told
//!                       three with a reputation ─► asked for its status ─ overloaded ─► that is why
//!                                                                       └ not ─► last for a while
//! ```
//!
//! A member that was let go is back with its next refresh: a false report costs it less than a
//! heartbeat, a true one spares the others what is left of its time. A quarantine ends by itself.
//! Out for good is only who proved it itself ([`crate::membership::Oms::expel`]).

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::List;
use mp2p::message::event::Event;
use mp2p::message::failure::{Failure, FailureKind, FailureReport};

use crate::calls::{ErrorNote, StatusRequests};
use crate::membership::accusations::{Accusations, Accuser, Voices};
use crate::membership::probe::Target;
use crate::membership::{Asker, Moment, Oms};
use crate::overlay::{Member, Reach, StoreError};

/// A failure is told of within this time, seconds; and clocks differ by no more than a minute.
const MAX_AGE_S: u64 = 600;
const MAX_AHEAD_S: u64 = 60;
/// Users that have to say so where nobody can be dialled; one is enough among very few members.
const ENOUGH: usize = 2;
const FEW: u64 = 3;
/// Users with a reputation that have to complain until a member that answers is looked at.
const ENOUGH_COMPLAINTS: usize = 3;
/// Members told of one failure.
const MAX_TOLD: usize = 256;

/// A report is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReportRefused {
    /// Only members speak of members.
    #[error("no member of {0}")]
    NoMember(OverlayId),
    /// Too many reports.
    #[error("too many reports; the next in {} s", .0.as_secs() + 1)]
    TooOften(Duration),
    /// The overlay.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Oms {
    /// Takes a report over; how many of its failures count.
    ///
    /// # Errors
    /// [`ReportRefused`].
    pub async fn report(
        &self,
        asker: &Asker,
        report: &FailureReport,
        moment: Moment,
    ) -> Result<usize, ReportRefused> {
        let (overlay, now) = (&report.overlay_id, moment.unix_s);
        self.store.terms(overlay)?;
        let no_member = || ReportRefused::NoMember(overlay.clone());
        self.store.member(overlay, &asker.peer, now).ok_or_else(no_member)?;
        self.floods.check_report(asker).map_err(ReportRefused::TooOften)?;
        let standing = self.heard(asker).await;
        let mut notes = Vec::new();
        for failure in report.reports.iter().filter(|failure| is_young(failure, now)) {
            let accused = self.store.member(overlay, &failure.peer_id, now);
            let Some(accused) = accused.filter(|accused| is_other(asker, accused)) else {
                continue;
            };
            let mut note = note(asker, overlay, failure);
            if let (FailureKind::BadFragment, Some(evidence)) = (failure.kind, &failure.evidence) {
                let by = (&asker.peer, now);
                note.proved = self.convict(overlay, &accused.peer, evidence, by).await;
            }
            if let (false, Some(is_reputable)) = (note.proved, standing) {
                let peer = asker.peer.digits();
                let of = asker.user.as_ref().map_or(&*peer, |user| user.as_str());
                let accuser = Accuser { of, is_reputable };
                note.refuted = self.weigh(accuser, overlay, &accused, failure.kind, moment).await;
            }
            notes.push(note);
        }
        let counted = notes.len();
        if counted > 0 {
            self.in_time("r7", self.users.errors(notes)).await;
        }
        Ok(counted)
    }

    /// Whether the asker's complaints count towards a quarantine; `None` where they count nothing at
    /// all, having been wrong too often. Where UMS does not say, nobody has a reputation.
    async fn heard(&self, asker: &Asker) -> Option<bool> {
        // A server of the provider speaks for the provider.
        if asker.user.is_none() {
            return Some(true);
        }
        let known = self.in_time("r7", self.users.class(&asker.peer)).await;
        let reputation = known.map_or(0, |known| known.reputation);
        let from = self.overlay.reputable_from;
        (reputation > -from).then_some(reputation >= from)
    }

    /// Counts a voice, and acts where there are enough; whether it was found to be wrong.
    async fn weigh(
        &self,
        accuser: Accuser<'_>,
        overlay: &OverlayId,
        accused: &Member,
        kind: FailureKind,
        moment: Moment,
    ) -> bool {
        let now = moment.unix_s;
        let voices = self.accusations().add((overlay, &accused.peer), accuser, kind, now);
        let is_enough_to_look = voices.reputable >= ENOUGH_COMPLAINTS;
        if voices.gone == 0 && !is_enough_to_look {
            return false;
        }
        let members = self.store.describe(overlay, now).map_or(0, |described| described.num_peers);
        let reach = self.inspect(overlay, accused).await;
        let is_gone = match reach {
            Reach::Unreachable => true,
            Reach::Reachable => false,
            Reach::Unknown => is_enough(voices, members),
        };
        if is_gone {
            self.let_go(overlay, accused, moment);
            return false;
        }
        if is_enough_to_look {
            self.quarantine(overlay, accused, now).await;
        } else if reach == Reach::Reachable {
            self.accusations().settle(overlay, &accused.peer);
        }
        reach == Reach::Reachable && kind == FailureKind::Unreachable
    }

    /// A member that answers and of whom several complain stands last for a while, unless it says
    /// that it has too much to do: then that is why, and it stands last for as long as that lasts.
    async fn quarantine(&self, overlay: &OverlayId, accused: &Member, now: u64) {
        let peer = std::slice::from_ref(&accused.peer);
        self.in_time("r1", self.events.ask_status(peer)).await;
        let standings = self.in_time("r1", self.activity.standings(peer, now)).await;
        let standing = standings.and_then(|found| found.into_iter().next().flatten());
        if standing.is_some_and(|standing| standing.is_overloaded) {
            return self.accusations().settle(overlay, &accused.peer);
        }
        let until = now.saturating_add(self.overlay.quarantine_seconds);
        self.accusations().quarantine(overlay, &accused.peer, until);
        self.store.doubted(overlay, &accused.peer, until);
        self.metrics.quarantined();
        tracing::info!(%overlay, peer = %accused.peer, until, "stands last: several users complain");
    }

    /// Whether a member answers now; unknown where it is not dialled, or reached by a relay anyway.
    async fn inspect(&self, overlay: &OverlayId, accused: &Member) -> Reach {
        if accused.reach != Reach::Reachable {
            return Reach::Unknown;
        }
        let target = Target {
            overlay: overlay.clone(),
            peer: accused.peer.clone(),
            at: accused.address.clone(),
            observed: accused.address.ip_address,
        };
        match self.prober.dial(&self.store, target) {
            Some(dialling) => dialling.outcome().await,
            None => Reach::Unknown,
        }
    }

    /// Takes a member off the lists until it shows that it is there, and tells the others.
    fn let_go(&self, overlay: &OverlayId, accused: &Member, moment: Moment) {
        let now = moment.unix_s;
        self.accusations().settle(overlay, &accused.peer);
        if !self.store.leave(overlay, &accused.peer, now) {
            return;
        }
        self.metrics.failed();
        let members = self.store.members(overlay, now).unwrap_or_default();
        let begin = usize::try_from(moment.random).unwrap_or_default() % members.len().max(1);
        let turned = members[begin..].iter().chain(&members[..begin]).take(MAX_TOLD);
        let told: Vec<&PeerId> = turned.map(|member| &member.peer).collect();
        let event = Event::Reorganised {
            overlay_id: overlay.clone(),
            failed: List::new(vec![accused.peer.clone()]).unwrap_or_default(),
            list: None,
        };
        let told = self.events.post_all(told, &event).len();
        tracing::info!(%overlay, peer = %accused.peer, told, "a member failed, by others' report");
    }

    pub(crate) fn accusations(&self) -> MutexGuard<'_, Accusations> {
        self.accusations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn is_enough(voices: Voices, members: u64) -> bool {
    voices.gone >= ENOUGH || (voices.gone > 0 && members <= FEW)
}

fn is_young(failure: &Failure, now: u64) -> bool {
    let is_past = failure.at <= now.saturating_add(MAX_AHEAD_S);
    is_past && failure.at.saturating_add(MAX_AGE_S) > now
}

/// Nobody speaks against one of the same user.
fn is_other(asker: &Asker, accused: &Member) -> bool {
    let is_users = asker.user.is_some() && asker.user == accused.user;
    accused.peer != asker.peer && !is_users
}

fn note(asker: &Asker, overlay: &OverlayId, failure: &Failure) -> ErrorNote {
    let kind = serde_json::to_value(failure.kind).ok();
    let kind = kind.and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
    ErrorNote {
        overlay: overlay.clone(),
        content: None,
        fragment: failure.fragment.and_then(|fragment| u32::try_from(fragment).ok()),
        reporter: asker.peer.clone(),
        accused: failure.peer_id.clone(),
        kind,
        proved: false,
        refuted: false,
        at: failure.at,
    }
}
