//! Join, refresh, leave (TR 20002 §8.3.1, §8.3.3).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::{List, Text};
use mp2p::message::event::Signed;
use mp2p::message::join::{
    AddressKind, JoinAnswer, JoinRequest, LeaveRequest, MAX_STOPS, Nat, PeerAddress, ReportPolicy,
    ReportWish,
};
use mp2p::message::list::{Lack, PeerList, PeerType};
use mp2p::message::overlay::AccessKind;
use mp2p::message::profile::Profile;
use mp2p::message::server::Reserved;

use crate::calls::{CallError, Visit};
use crate::isp::Outlook;
use crate::membership::list::{Ranked, Wanted, entry};
use crate::membership::probe::Target;
use crate::membership::{Asker, Moment, Oms};
use crate::overlay::{AddressError, Member, Reach, StoreError, Terms, reachable_at};
use crate::passkeys::Holder;

/// UMS is asked about a member this often: its class may change, its user may be locked out.
const PROFILED_S: u64 = 600;
/// … and after an answer that did not come, again after this long.
const ASKED_AGAIN_S: u64 = 60;

/// A peer cannot take part.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// Not with this certificate.
    #[error("the certificate is that of another peer than {0}")]
    OtherPeer(PeerId),
    /// UMS does not have it.
    #[error("{0}")]
    Refused(String),
    /// Its distribution has to end; the stop says so to others as well (§8.3.4).
    #[error("the distribution in this overlay is stopped")]
    Stopped(Arc<str>),
    /// It sent what it should not have, or an operator says so.
    #[error("this peer is expelled from the overlay")]
    Expelled,
    /// Not for this user.
    #[error("this overlay is closed: its owner says who may take part")]
    Closed,
    /// Too many joins.
    #[error("too many joins; the next in {} s", .0.as_secs() + 1)]
    TooOften(Duration),
    /// Nowhere to send others.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The overlay.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a peer is behind, where it opens ways at OMS' word: what OMS found out wins.
const fn behind(request: &JoinRequest, reach: Reach) -> Option<Nat> {
    match (request.rendezvous, reach, request.nat) {
        (false, ..) => None,
        (true, Reach::Reachable, _) => Some(Nat::None),
        (true, _, Nat::None) => Some(Nat::Unknown),
        (true, _, nat) => Some(nat),
    }
}

impl Oms {
    /// A peer joins, or refreshes its part: the answer has the ranked list.
    ///
    /// # Errors
    /// [`JoinError`]. That UNIS, UMS or PAMS do not answer is none.
    pub async fn join(
        &self,
        asker: &Asker,
        request: &JoinRequest,
        moment: Moment,
    ) -> Result<JoinAnswer, JoinError> {
        let now = moment.unix_s;
        let terms = self.admitted(asker, request).await?;
        let address = reachable_at(&request.peer_addr, asker.address.ip(), self.overlay.min_port)?;
        let outlook = self.isps.load().outlook(address.ip_address, moment.instant);
        let before = self.store.member(&request.overlay_id, &asker.peer, now);
        if before.is_none() {
            self.floods.check(asker).map_err(JoinError::TooOften)?;
        }
        let mut member = self.member(asker, request, address, before.as_ref(), now);
        if before.is_none() {
            // A member first, so that a join to nowhere makes no profile.
            self.store.announce(&request.overlay_id, member.clone(), now)?;
        }
        let known = self.profiled(asker, &mut member, &outlook, before.is_none(), now).await;
        let is_profiled = known.inspect_err(|_| {
            self.store.leave(&request.overlay_id, &asker.peer, now);
        })?;
        let class = member.class;
        let announced = self.store.announce(&request.overlay_id, member.clone(), now)?;
        if before.is_none() {
            self.tend_overlay(&request.overlay_id, (now, moment.instant));
        }
        let reach = self.reach(asker, request, &member, before.is_none()).await;
        let relay = self.assigned(asker, request, (reach, &outlook), now).await;
        let list = self.list.load();
        let size = request.peer_num.unwrap_or(list.size).min(list.max_size).into();
        let behind = behind(request, reach);
        let wanted = Wanted { overlay: &request.overlay_id, size, class, behind };
        // Read before the list is made: whom that names has not been put out by then.
        let epoch = self.passkeys.floor(&request.overlay_id);
        let Ranked { placed, by, is_scored } = self.rank(asker, &outlook, wanted, moment).await?;
        self.still_in(asker, request, now)?;
        self.metrics.listed(by);
        // `size` is within the bound of a list.
        let entries = placed.into_iter().map(entry).collect();
        let holder = asker.user.as_ref().map(|user| Holder {
            peer: &asker.peer,
            user,
            certificate: &asker.certificate,
            class,
        });
        Ok(JoinAnswer {
            overlay_id: request.overlay_id.clone(),
            peer_id: asker.peer.clone(),
            ticket_id: announced.ticket,
            expires: self.overlay.expires_seconds,
            heartbeat_interval: self.overlay.heartbeat_seconds,
            observed: observed(asker),
            reachable: (reach != Reach::Unknown).then_some(reach == Reach::Reachable),
            stun: self.stun.clone(),
            report_policy: self.report_policy(terms.request.report_policy),
            passkey: holder
                .and_then(|holder| self.passkeys.issue(holder, &request.overlay_id, now)),
            oms_key: self.passkeys.public().to_owned(),
            trust_domain: self.passkeys.issuer().to_owned(),
            gateway: self.gateway(asker, &request.overlay_id, &outlook, now),
            relay,
            epoch,
            closed: terms.request.access.kind == AccessKind::Closed,
            stops: self.stops(&request.overlay_id, &asker.peer).await,
            void_stops: self.void_stops(&request.overlay_id),
            status: PeerList {
                num_peers: announced.members,
                ranked_by: by,
                lacks: lacks(is_scored, is_profiled && !self.heard.is_missed(now)),
                peer_info_list: List::new(entries).unwrap_or_default(),
            },
        })
    }

    /// The relay of a peer that others do not get through to; another one, where that failed.
    async fn assigned(
        &self,
        asker: &Asker,
        request: &JoinRequest,
        (reach, outlook): (Reach, &Outlook),
        now: u64,
    ) -> Option<Reserved> {
        if let Some(server) = &request.relay_failed {
            self.relay_failed(&asker.peer, &request.overlay_id, server, now).await;
        }
        let is_needed = reach == Reach::Unreachable;
        is_needed.then(|| self.relay(&asker.peer, &request.overlay_id, outlook, now)).flatten()
    }

    /// The terms of the overlay, where the asker may take part.
    async fn admitted(&self, asker: &Asker, request: &JoinRequest) -> Result<Terms, JoinError> {
        if request.peer_id != asker.peer {
            return Err(JoinError::OtherPeer(request.peer_id.clone()));
        }
        if let Some(stop) = self.stopper.stopped(&request.overlay_id) {
            self.stopper.told(&request.overlay_id, &asker.peer).await;
            return Err(JoinError::Stopped(stop));
        }
        if self.expulsions.is_out(&request.overlay_id, &asker.peer) {
            return Err(JoinError::Expelled);
        }
        let terms = self.store.terms(&request.overlay_id)?;
        match terms.admit(&asker.peer, asker.user.as_ref()) {
            true => Ok(terms),
            false => Err(JoinError::Closed),
        }
    }

    /// That nobody has put the asker out since it was admitted.
    fn still_in(&self, asker: &Asker, request: &JoinRequest, now: u64) -> Result<(), JoinError> {
        if self.expulsions.is_out(&request.overlay_id, &asker.peer) {
            self.store.leave(&request.overlay_id, &asker.peer, now);
            return Err(JoinError::Expelled);
        }
        Ok(())
    }

    /// The member that a request makes; what was found out of it stays while it is where it was.
    fn member(
        &self,
        asker: &Asker,
        request: &JoinRequest,
        address: PeerAddress,
        before: Option<&Member>,
        now: u64,
    ) -> Member {
        let stays = before.filter(|before| {
            let is_known = self.overlay.probe || before.nat == request.nat;
            is_known && before.address == address
        });
        let mut member = Member {
            peer: asker.peer.clone(),
            user: asker.user.clone(),
            class: before.map_or(0, |before| before.class),
            kind: self.kind(asker, &request.overlay_id),
            reach: stays.map_or(self.prober.believed(request.nat), |before| before.reach),
            nat: request.nat,
            rendezvous: request.rendezvous,
            via: before.and_then(|before| before.via.clone()),
            address,
            doubted_until: before.map_or_else(
                || self.accusations().quarantined(&request.overlay_id, &asker.peer),
                |before| before.doubted_until,
            ),
            profiled: before.map_or(0, |before| before.profiled),
            consent: None,
            policy: request.sharing_policy.clone(),
            expires: now.saturating_add(self.overlay.expires_seconds),
        };
        member.consents(before.and_then(|before| before.consent));
        member
    }

    /// What a peer is in an overlay: one of whose storage something is reserved for it is a cache
    /// there.
    fn kind(&self, asker: &Asker, overlay: &OverlayId) -> PeerType {
        match self.book().keeps(&asker.peer, overlay).is_some() {
            true => PeerType::Cache,
            false => asker.kind,
        }
    }

    /// Whether others get through to a member; a refresh does not wait for the dial.
    async fn reach(
        &self,
        asker: &Asker,
        request: &JoinRequest,
        member: &Member,
        is_new: bool,
    ) -> Reach {
        if member.reach == Reach::Reachable || !self.overlay.probe {
            return member.reach;
        }
        let target = Target {
            overlay: request.overlay_id.clone(),
            peer: asker.peer.clone(),
            at: member.address.clone(),
            observed: asker.address.ip(),
        };
        match self.prober.dial(&self.store, target) {
            Some(dialling) if is_new || member.reach == Reach::Unknown => dialling.outcome().await,
            _ => member.reach,
        }
    }

    /// Stops of single contents, for a member.
    async fn stops(&self, overlay: &OverlayId, peer: &PeerId) -> List<Signed, MAX_STOPS> {
        let stops = self.stopper.stopped_contents(overlay);
        if !stops.is_empty() {
            self.stopper.told(overlay, peer).await;
        }
        // The latest, where there are more.
        let stops = stops.iter().rev().take(MAX_STOPS).filter_map(|stop| Text::new(&**stop).ok());
        List::new(stops.collect()).unwrap_or_default()
    }

    /// Stops that were lifted; the latest, where there are more.
    fn void_stops(&self, overlay: &OverlayId) -> List<u64, MAX_STOPS> {
        let numbers = self.stopper.lifted(overlay);
        List::new(numbers.into_iter().take(MAX_STOPS).collect()).unwrap_or_default()
    }

    /// The provider's policy, with what the service wants within bounds (§7.7.1).
    fn report_policy(&self, wish: ReportWish) -> ReportPolicy {
        let standard = ReportPolicy::STANDARD;
        ReportPolicy {
            status_interval: wish
                .status_interval
                .unwrap_or(self.report_seconds.load(Ordering::Relaxed))
                .clamp(5, 3600),
            receipt_fragments: wish
                .receipt_fragments
                .unwrap_or(standard.receipt_fragments)
                .clamp(1, 1024),
            receipt_seconds: wish.receipt_seconds.unwrap_or(standard.receipt_seconds).clamp(1, 600),
            success_interval: wish
                .success_interval
                .unwrap_or(standard.success_interval)
                .clamp(10, 86_400),
            to: None,
        }
    }

    /// A peer leaves; whether it was there.
    ///
    /// # Errors
    /// [`JoinError::OtherPeer`].
    pub fn leave(
        &self,
        asker: &Asker,
        request: &LeaveRequest,
        moment: Moment,
    ) -> Result<bool, JoinError> {
        if request.peer_id != asker.peer {
            return Err(JoinError::OtherPeer(request.peer_id.clone()));
        }
        Ok(self.store.leave(&request.overlay_id, &asker.peer, moment.unix_s))
    }

    /// Asks UMS of a member, where that was long ago; `false` where it did not say.
    async fn profiled(
        &self,
        asker: &Asker,
        member: &mut Member,
        outlook: &Outlook,
        is_new: bool,
        now: u64,
    ) -> Result<bool, JoinError> {
        if now.saturating_sub(member.profiled) < PROFILED_S {
            return Ok(true);
        }
        let profile = self.profile(asker, outlook, is_new, now).await?;
        let is_profiled = profile.is_some() || asker.user.is_none();
        member.profiled = match profile {
            Some(profile) => {
                member.class = profile.class;
                member.consents(profile.show_status);
                now
            }
            None => now.saturating_sub(PROFILED_S - ASKED_AGAIN_S),
        };
        Ok(is_profiled)
    }

    /// The user's profile, made or brought up to date; `None` where UMS does not say.
    async fn profile(
        &self,
        asker: &Asker,
        outlook: &Outlook,
        is_new: bool,
        now: u64,
    ) -> Result<Option<Profile>, JoinError> {
        let Some(user) = asker.user.clone() else { return Ok(None) };
        let network = outlook.isp().map(str::to_owned);
        let visit = Visit { user, peer: asker.peer.clone(), network, is_new, now };
        let users = Arc::clone(&self.users);
        let asked = async move {
            match users.joined(visit).await {
                Err(CallError::Refused(reason)) => Ok(Err(JoinError::Refused(reason))),
                other => other.map(|profile| Ok(Some(profile))),
            }
        };
        self.in_time("r7", Box::pin(asked)).await.unwrap_or(Ok(None))
    }
}

/// Where a peer was seen.
fn observed(asker: &Asker) -> PeerAddress {
    PeerAddress {
        ip_address: asker.address.ip().to_canonical(),
        port: asker.address.port(),
        kind: AddressKind::Reflexive,
    }
}

/// Who was silent.
fn lacks(is_scored: bool, is_profiled: bool) -> List<Lack, 2> {
    let all = [(is_scored, Lack::Pams), (is_profiled, Lack::Ums)];
    let silent = all.into_iter().filter(|(is_there, _)| !is_there).map(|(_, lack)| lack);
    List::new(silent.collect()).unwrap_or_default()
}
