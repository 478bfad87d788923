//! The list of one asker: candidates near to far, what PAMS says of them, their order
//! (TR 20002 §8.3.1 steps 3 and 4, §8.3.2).

use std::net::IpAddr;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::List;
use mp2p::message::gateway::Gateway;
use mp2p::message::join::{AddressKind, Nat, PeerAddress};
use mp2p::message::list::{PeerEntry, RankedBy};

use crate::calls::{Answer, Standing};
use crate::isp::Outlook;
use crate::membership::{Asker, Moment, Oms};
use crate::overlay::{Ask, Found, StoreError};
use crate::ranking::{self, Placed, Policy};

/// Candidates looked at for each entry of a list: scores choose among them.
const CANDIDATES_PER_ENTRY: usize = 3;

/// What list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// Of which overlay.
    pub(crate) overlay: &'a OverlayId,
    /// Entries.
    pub(crate) size: usize,
    /// The asker's class.
    pub(crate) class: u8,
    /// What the asker is behind, where it opens ways at OMS' word.
    pub(crate) behind: Option<Nat>,
}

impl Oms {
    /// Candidates near to far, with what PAMS says, in the order of the list.
    pub(crate) async fn rank(
        &self,
        asker: &Asker,
        outlook: &Outlook,
        wanted: Wanted<'_>,
        moment: Moment,
    ) -> Result<(Vec<Placed>, RankedBy), StoreError> {
        let Wanted { overlay, size, class, behind } = wanted;
        let mut found = self.store.nearest(&Ask {
            overlay,
            asker: &asker.peer,
            behind,
            outlook,
            per_pid: size,
            most: size * CANDIDATES_PER_ENTRY,
            random: moment.random,
            now: moment.unix_s,
        })?;
        let ranked_by = match self.ask_isp(asker, outlook, &mut found).await {
            true => RankedBy::Ecs,
            false => outlook.ranked_by(),
        };
        let standings = self.standings(&found, moment.unix_s).await;
        let list = self.list.load();
        let policy = Policy {
            size,
            bridge_percent: list.bridge_percent,
            overloaded: list.overloaded,
            now: moment.unix_s,
            class,
        };
        Ok((ranking::rank(found, standings, &policy), ranked_by))
    }

    /// Where the asker's ISP gives no map: how far candidates are, by its answer; whether it came
    /// in time.
    async fn ask_isp(&self, asker: &Asker, outlook: &Outlook, found: &mut [Found]) -> bool {
        let Some(endpoints) = outlook.endpoints() else { return false };
        let to: Vec<IpAddr> = found.iter().map(|it| it.member.address.ip_address).collect();
        let asked = endpoints.ordinals(asker.address.ip().to_canonical(), &to);
        let Some(ordinals) = self.in_time("r3", asked).await else { return false };
        for (found, ordinal) in found.iter_mut().zip(ordinals) {
            found.ordinal = ordinal;
        }
        true
    }

    /// How the members of the asker's PID share out what comes from outside; none where no map
    /// says who they are, or nobody of them can be reached.
    pub(crate) fn gateway(
        &self,
        asker: &Asker,
        overlay: &OverlayId,
        outlook: &Outlook,
        now: u64,
    ) -> Option<Gateway> {
        let list = self.list.load();
        let members = self.store.gateways(overlay, outlook, usize::from(list.gateways), now);
        let ordinal = members.iter().position(|member| *member == asker.peer);
        let ordinal = ordinal.and_then(|at| u16::try_from(at).ok());
        let quota = list.gateway_quota;
        (!members.is_empty()).then(|| Gateway {
            quota,
            members: List::new(members).unwrap_or_default(),
            ordinal,
        })
    }

    async fn standings(&self, found: &[Found], now: u64) -> Vec<Option<Standing>> {
        let peers: Vec<PeerId> = found.iter().map(|found| found.member.peer.clone()).collect();
        self.in_time("r1", self.activity.standings(&peers, now)).await.unwrap_or_default()
    }

    /// An answer of another role, or none: whoever asked goes on without.
    pub(crate) async fn in_time<T>(&self, point: &'static str, answer: Answer<'_, T>) -> Option<T> {
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

/// What the asker is told of a candidate: its rank, not what the ISP says it costs. `behind`: as in
/// [`Wanted`].
pub(crate) fn entry(placed: Placed, behind: Option<Nat>, now: u64) -> PeerEntry {
    let member = &placed.found.member;
    let (agreed, relay) = (member.policy.show_status, member.relay(now));
    let proxy = relay.map(|via| PeerAddress { kind: AddressKind::Proxy, ..via.address.clone() });
    let nat = member.met_from(behind);
    let own = match (nat, &proxy) {
        (Some(_), _) => {
            Some(PeerAddress { kind: AddressKind::Reflexive, ..member.address.clone() })
        }
        (None, Some(_)) => None,
        (None, None) => Some(member.address.clone()),
    };
    PeerEntry {
        peer_id: member.peer.clone(),
        peer_addr: List::new(own.into_iter().chain(proxy).collect()).unwrap_or_default(),
        nat,
        via: relay.map(|via| via.server.clone()),
        peer_type: member.kind,
        rank: placed.rank,
        bridge: placed.bridge,
        score: placed.score,
        status: placed.standing.filter(|_| agreed).map(|standing| standing.status),
        reason: placed.demoted,
    }
}
