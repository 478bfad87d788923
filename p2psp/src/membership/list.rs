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
use crate::overlay::{self, Ask, Found, Placed, StoreError};
use crate::ranking::Policy;
use crate::scores::{self, Brief};

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

/// A list before it is told.
pub(crate) struct Ranked {
    /// Its entries.
    pub(crate) placed: Vec<Placed>,
    /// What its order rests on.
    pub(crate) by: RankedBy,
    /// Whether PAMS said how the candidates stand.
    pub(crate) is_scored: bool,
}

impl Oms {
    /// Candidates near to far, with what PAMS says, in the order of the list.
    pub(crate) async fn rank(
        &self,
        asker: &Asker,
        outlook: &Outlook,
        wanted: Wanted<'_>,
        moment: Moment,
    ) -> Result<Ranked, StoreError> {
        let Wanted { overlay, size, class, behind } = wanted;
        let policy = self.policy(size, class);
        let ask = Ask {
            overlay,
            asker: &asker.peer,
            behind,
            outlook,
            per_pid: size,
            most: size * CANDIDATES_PER_ENTRY,
            random: moment.random,
            now: moment.unix_s,
            scores: self.activity.scores(),
        };
        let is_known_here = ask.scores.is_some() && outlook.endpoints().is_none();
        let mut ranked = match is_known_here {
            true => Ranked {
                placed: self.store.ranked(&ask, &policy)?,
                by: outlook.ranked_by(),
                is_scored: true,
            },
            false => self.rank_by_others(asker, &ask, &policy).await?,
        };
        self.note_statuses(&mut ranked.placed, moment.unix_s).await;
        Ok(ranked)
    }

    /// The same where others have to be asked about the candidates.
    async fn rank_by_others(
        &self,
        asker: &Asker,
        ask: &Ask<'_>,
        policy: &Policy,
    ) -> Result<Ranked, StoreError> {
        let mut found = self.store.nearest(ask)?;
        // An answer that knows none of them ranks nothing.
        let is_told = self.ask_isp(asker, ask.outlook, &mut found).await;
        let by = match is_told && found.iter().any(|found| found.ordinal.is_some()) {
            true => RankedBy::Ecs,
            false => ask.outlook.ranked_by(),
        };
        let is_scored = ask.scores.is_some() || self.note_standings(&mut found, ask.now).await;
        Ok(Ranked { placed: overlay::rank(&found, policy), by, is_scored })
    }

    fn policy(&self, size: usize, class: u8) -> Policy {
        let list = self.list.load();
        Policy { size, bridge_percent: list.bridge_percent, overloaded: list.overloaded, class }
    }

    /// Where the asker's ISP gives no map: how far candidates are, by its answer; whether it came
    /// in time.
    async fn ask_isp(&self, asker: &Asker, outlook: &Outlook, found: &mut [Found]) -> bool {
        let Some(endpoints) = outlook.endpoints() else { return false };
        let to: Vec<IpAddr> = found.iter().map(|it| it.address.ip_address).collect();
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
        let mut members = self.store.gateways(overlay, outlook, usize::from(list.gateways), now);
        // A cache that keeps a part fetches nothing else, and so nothing for others.
        let book = self.book();
        if book.has_caches() {
            members.retain(|member| book.keeps(member, overlay) != Some(true));
        }
        drop(book);
        let ordinal = members.iter().position(|member| *member == asker.peer);
        let ordinal = ordinal.and_then(|at| u16::try_from(at).ok());
        let quota = list.gateway_quota;
        (!members.is_empty()).then(|| Gateway {
            quota,
            members: List::new(members).unwrap_or_default(),
            ordinal,
        })
    }

    /// What PAMS says of candidates, where it is in another process; whether it does.
    async fn note_standings(&self, found: &mut [Found], now: u64) -> bool {
        let peers: Vec<PeerId> = found.iter().map(|found| found.peer.clone()).collect();
        let Some(standings) = self.standings(&peers, now).await else { return false };
        for (found, standing) in found.iter_mut().zip(standings) {
            let Some(standing) = standing else { continue };
            let Standing { score, is_overloaded, age_s, status } = standing;
            found.brief = Some(Brief { score, is_overloaded, age_s });
            found.status = found.show_status.then(|| Box::new(status));
        }
        true
    }

    /// The statuses that users agreed to show, where they are not known yet.
    async fn note_statuses(&self, placed: &mut [Placed], now: u64) {
        let lacks =
            |found: &Found| found.show_status && found.brief.is_some() && found.status.is_none();
        let agreed = placed.iter_mut().map(|one| &mut one.found).filter(|found| lacks(found));
        let agreed: Vec<&mut Found> = agreed.collect();
        if agreed.is_empty() {
            return;
        }
        let peers: Vec<PeerId> = agreed.iter().map(|found| found.peer.clone()).collect();
        let standings = self.standings(&peers, now).await.unwrap_or_default();
        for (found, standing) in agreed.into_iter().zip(standings) {
            found.status = standing.map(|standing| Box::new(standing.status));
        }
    }

    async fn standings(&self, peers: &[PeerId], now: u64) -> Option<Vec<Option<Standing>>> {
        self.in_time("r1", self.activity.standings(peers, now)).await
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

/// What the asker is told of a candidate: its rank, not what the ISP says it costs.
pub(crate) fn entry(placed: Placed) -> PeerEntry {
    let Placed { found, rank, score, bridge, demoted } = placed;
    let (proxy, via) = match found.relay {
        Some(relay) => {
            let proxy = PeerAddress { kind: AddressKind::Proxy, ..relay.address };
            (Some(proxy), Some(relay.server))
        }
        None => (None, None),
    };
    let own = match (found.met, &proxy) {
        (Some(_), _) => Some(PeerAddress { kind: AddressKind::Reflexive, ..found.address }),
        (None, Some(_)) => None,
        (None, None) => Some(found.address),
    };
    PeerEntry {
        peer_id: found.peer,
        peer_addr: own.into_iter().chain(proxy).collect(),
        nat: found.met,
        via,
        peer_type: found.kind,
        rank,
        bridge,
        score: scores::told(score),
        status: found.status.map(|status| *status),
        reason: demoted,
    }
}
