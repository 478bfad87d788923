//! OMS, the overlay management server (TR 20002 §8.2.3): join, refresh, leave, and the list.
//!
//! ```text
//!  request ─► same peer as the certificate? ─► observed address ─► member ─► R7 profile, class
//!          ─► candidates by the asker's map ─► R1 standings ─► ranking ─► list, passkey
//! ```

mod explain;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mp2p::id::{OverlayId, PeerId, UserId};
use mp2p::message::bound::List;
use mp2p::message::join::{
    AddressKind, JoinAnswer, JoinRequest, LeaveRequest, PeerAddress, ReportPolicy,
};
use mp2p::message::list::{PeerEntry, PeerList, PeerType, RankedBy};
use mp2p::message::overlay::{OverlayDescription, OverlayRequest};

use crate::calls::{Activity, Answer, CallError, Standing, Users, Visit};
use crate::events::Outbox;
use crate::isp::{Isps, Outlook};
use crate::metrics::Metrics;
use crate::overlay::{AddressError, Ask, Found, Member, StoreError, SwarmStore, reachable_at};
use crate::passkeys::{Holder, Passkeys};
use crate::ranking::{self, Placed, Policy};
use crate::settings::{ListSettings, OverlaySettings};

pub use crate::membership::explain::Explained;

/// Candidates looked at for each entry of a list: scores choose among them.
const CANDIDATES_PER_ENTRY: usize = 3;

/// The role, with all that it asks.
pub struct Oms {
    /// Overlays and members.
    pub store: Arc<dyn SwarmStore>,
    /// R3.
    pub isps: Isps,
    /// R7.
    pub users: Arc<dyn Users>,
    /// R1.
    pub activity: Arc<dyn Activity>,
    /// What peers are told unasked.
    pub events: Arc<Outbox>,
    /// What is signed.
    pub passkeys: Passkeys,
    /// Bounds and times of membership.
    pub overlay: OverlaySettings,
    /// What lists are like.
    pub list: ListSettings,
    /// Seconds between reports of status.
    pub report_seconds: u64,
    /// For another role to answer.
    pub call_timeout: Duration,
    /// What is counted.
    pub metrics: Metrics,
}

/// Who asks, as the connection proves.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The hash of its key.
    pub peer: PeerId,
    /// Its user; a server of the provider has none.
    pub user: Option<UserId>,
    /// What it is.
    pub kind: PeerType,
    /// SHA-256 of its certificate, hex.
    pub certificate: String,
    /// Where it comes from.
    pub address: SocketAddr,
}

/// The time and a number that nobody can foretell.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Unix seconds.
    pub unix_s: u64,
    /// For the age of maps.
    pub instant: Instant,
    /// To choose among equals.
    pub random: u64,
}

/// A peer cannot take part.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// Not with this certificate.
    #[error("the certificate is that of another peer than {0}")]
    OtherPeer(PeerId),
    /// UMS does not have it.
    #[error("{0}")]
    Refused(String),
    /// Nowhere to send others.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The overlay.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Oms {
    /// Makes an overlay.
    ///
    /// # Errors
    /// Its name is taken, or there are too many.
    pub fn create(
        &self,
        request: OverlayRequest,
        owner: Option<PeerId>,
        moment: Moment,
    ) -> Result<(), StoreError> {
        self.store.create(request, owner, moment.unix_s)
    }

    /// What is told of an overlay before joining (Req-Net-040).
    #[must_use]
    pub fn describe(&self, overlay: &OverlayId, moment: Moment) -> Option<OverlayDescription> {
        self.store.describe(overlay, moment.unix_s)
    }

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
        if request.peer_id != asker.peer {
            return Err(JoinError::OtherPeer(request.peer_id.clone()));
        }
        let now = moment.unix_s;
        let address = reachable_at(request, asker.address.ip(), self.overlay.min_port)?;
        let outlook = self.isps.outlook(address.ip_address, moment.instant);
        let before = self.store.member(&request.overlay_id, &asker.peer, now);
        let mut member = Member {
            peer: asker.peer.clone(),
            user: asker.user.clone(),
            class: before.as_ref().map_or(0, |before| before.class),
            kind: asker.kind,
            address: address.clone(),
            policy: request.sharing_policy.clone(),
            expires: now.saturating_add(self.overlay.expires_seconds),
        };
        if before.is_none() {
            // A member first, so that a join to nowhere makes no profile.
            self.store.announce(&request.overlay_id, member.clone(), now)?;
            let class = self.class(asker, &outlook, now).await;
            member.class = class.inspect_err(|_| {
                self.store.leave(&request.overlay_id, &asker.peer, now);
            })?;
        }
        let class = member.class;
        let announced = self.store.announce(&request.overlay_id, member, now)?;
        let size = request.peer_num.unwrap_or(self.list.size).min(self.list.max_size);
        let (placed, ranked_by) = self
            .rank(&request.overlay_id, asker, &outlook, (usize::from(size), class), moment)
            .await?;
        self.metrics.listed(ranked_by);
        let holder = asker.user.as_ref().map(|user| Holder {
            peer: &asker.peer,
            user,
            certificate: &asker.certificate,
            class,
        });
        let observed = asker.address.ip().to_canonical();
        Ok(JoinAnswer {
            overlay_id: request.overlay_id.clone(),
            peer_id: asker.peer.clone(),
            ticket_id: announced.ticket,
            expires: self.overlay.expires_seconds,
            heartbeat_interval: self.overlay.heartbeat_seconds,
            observed: PeerAddress {
                ip_address: observed,
                port: asker.address.port(),
                kind: AddressKind::Reflexive,
            },
            report_policy: ReportPolicy {
                status_interval: self.report_seconds,
                ..ReportPolicy::STANDARD
            },
            passkey: holder
                .and_then(|holder| self.passkeys.issue(holder, &request.overlay_id, now)),
            oms_key: self.passkeys.public().to_owned(),
            trust_domain: self.passkeys.issuer().to_owned(),
            gateway: None,
            relay: None,
            epoch: self.passkeys.epoch(),
            status: PeerList {
                num_peers: announced.members,
                ranked_by,
                // `size` is within the bound of a list.
                peer_info_list: List::new(placed.into_iter().map(entry).collect())
                    .unwrap_or_default(),
            },
        })
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

    /// Candidates near to far, with what PAMS says, in the order of the list.
    async fn rank(
        &self,
        overlay: &OverlayId,
        asker: &Asker,
        outlook: &Outlook,
        (size, class): (usize, u8),
        moment: Moment,
    ) -> Result<(Vec<Placed>, RankedBy), StoreError> {
        let found = self.store.nearest(&Ask {
            overlay,
            asker: &asker.peer,
            outlook,
            per_pid: size,
            most: size * CANDIDATES_PER_ENTRY,
            random: moment.random,
            now: moment.unix_s,
        })?;
        let standings = self.standings(&found, moment.unix_s).await;
        let policy = Policy {
            size,
            bridge_percent: self.list.bridge_percent,
            overloaded: self.list.overloaded,
            class,
        };
        Ok((ranking::rank(found, standings, &policy), outlook.ranked_by()))
    }

    /// The user's class; the lowest where UMS does not say.
    async fn class(&self, asker: &Asker, outlook: &Outlook, now: u64) -> Result<u8, JoinError> {
        let Some(user) = asker.user.clone() else { return Ok(0) };
        let network = outlook.isp().map(str::to_owned);
        let visit = Visit { user, peer: asker.peer.clone(), network, is_new: true, now };
        let asked = async {
            match self.users.joined(visit).await {
                Err(CallError::Refused(reason)) => Ok(Err(JoinError::Refused(reason))),
                other => other.map(|profile| Ok(profile.class)),
            }
        };
        self.in_time("r7", Box::pin(asked)).await.unwrap_or(Ok(0))
    }

    async fn standings(&self, found: &[Found], now: u64) -> Vec<Option<Standing>> {
        let peers: Vec<PeerId> = found.iter().map(|found| found.member.peer.clone()).collect();
        self.in_time("r1", self.activity.standings(&peers, now)).await.unwrap_or_default()
    }

    async fn in_time<T>(&self, point: &'static str, answer: Answer<'_, T>) -> Option<T> {
        let lacks = |reason: String| {
            self.metrics.lacked(point);
            tracing::debug!(point, reason, "a list goes out without an answer");
        };
        match tokio::time::timeout(self.call_timeout, answer).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => {
                lacks(error.to_string());
                None
            }
            Err(_elapsed) => {
                lacks("no answer in time".to_owned());
                None
            }
        }
    }
}

/// What the asker is told of a candidate: its rank, not what the ISP says it costs.
fn entry(placed: Placed) -> PeerEntry {
    let member = &placed.found.member;
    let agreed = member.policy.show_status;
    PeerEntry {
        peer_id: member.peer.clone(),
        peer_addr: List::new(vec![member.address.clone()]).unwrap_or_default(),
        peer_type: member.kind,
        rank: placed.rank,
        bridge: placed.bridge,
        score: placed.score,
        status: placed.standing.filter(|_| agreed).map(|standing| standing.status),
        reason: placed.demoted,
    }
}
