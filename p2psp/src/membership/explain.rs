//! Why a list reads as it does, for the provider's operators alone: it shows the ISP's costs.

use std::net::SocketAddr;

use mp2p::id::{OverlayId, PeerId, UserId};
use mp2p::message::list::PeerType;
use mp2p::message::overlay::OverlayDescription;
use schemars::JsonSchema;
use serde::Serialize;

use crate::membership::list::{Ranked, Wanted};
use crate::membership::{Asker, Moment, Oms};
use crate::overlay::{Member, Reach, StoreError};
use crate::scores;

/// The list that a member would get now.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Explained {
    /// The ISP whose view ranks.
    pub isp: Option<String>,
    /// What the order rests on.
    pub ranked_by: mp2p::message::list::RankedBy,
    /// Whether PAMS said how they stand; else scores and overload are unknown.
    pub scored: bool,
    /// PID of the asker.
    pub from_pid: Option<String>,
    /// The entries in their order.
    pub entries: Vec<ExplainedEntry>,
}

/// One entry and its reasons.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExplainedEntry {
    /// The peer.
    pub peer_id: PeerId,
    /// Its address and port.
    pub address: String,
    /// The PID that it is in, by the map of the asker's ISP.
    pub pid: Option<String>,
    /// The ISP's cost to there.
    pub cost: Option<String>,
    /// How near it is to the asker: 1 is nearest, equally near ones share a rank.
    pub rank: Option<u32>,
    /// What PAMS makes of its status.
    pub score: f32,
    /// How old that is, seconds; none where it reported nothing of late.
    pub status_age_s: Option<u64>,
    /// Stands here so that regions stay connected.
    pub bridge: bool,
    /// Why it stands lower than its rank.
    pub reason: Option<mp2p::message::list::Demotion>,
}

/// A member, as operators see it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MemberView {
    /// The peer.
    pub peer_id: PeerId,
    /// The user whose peer it is.
    pub user_id: Option<UserId>,
    /// A peer of a user's, a cache or a relay.
    pub peer_type: PeerType,
    /// Its address and port.
    pub address: String,
    /// Its user's class.
    pub class: u8,
    /// Whether others get through to it.
    pub reach: Reach,
    /// The relay through which they do otherwise.
    pub via: Option<PeerId>,
    /// Unix seconds from which on it is forgotten.
    pub expires: u64,
}

/// Overlays and members told at a time.
const MAX_OVERLAYS: usize = 1000;
const MAX_MEMBERS: usize = 10_000;

impl Oms {
    /// All overlays, the first by name.
    #[must_use]
    pub fn overlays(&self, moment: Moment) -> Vec<OverlayDescription> {
        self.store.overlays(MAX_OVERLAYS, moment.unix_s)
    }

    /// Who is in an overlay.
    ///
    /// # Errors
    /// There is no such overlay.
    pub fn members(
        &self,
        overlay: &OverlayId,
        moment: Moment,
    ) -> Result<Vec<MemberView>, StoreError> {
        let view = |member: Member| MemberView {
            peer_id: member.peer.clone(),
            user_id: member.user.clone(),
            peer_type: member.kind,
            address: SocketAddr::new(member.address.ip_address, member.address.port).to_string(),
            class: member.class,
            reach: member.reach,
            via: member.relay(moment.unix_s).map(|via| via.server.clone()),
            expires: member.expires,
        };
        let members = self.store.members(overlay, moment.unix_s)?;
        Ok(members.into_iter().take(MAX_MEMBERS).map(view).collect())
    }

    /// The list that `peer` would get now, with its reasons; `None` where it is no member.
    ///
    /// # Errors
    /// There is no such overlay.
    pub async fn explain(
        &self,
        overlay: &OverlayId,
        peer: &PeerId,
        moment: Moment,
    ) -> Result<Option<Explained>, StoreError> {
        let Some(member) = self.store.member(overlay, peer, moment.unix_s) else { return Ok(None) };
        let asker = Asker {
            peer: peer.clone(),
            user: member.user.clone(),
            kind: member.kind,
            certificate: String::new(),
            address: (member.address.ip_address, member.address.port).into(),
        };
        let outlook = self.isps.load().outlook(member.address.ip_address, moment.instant);
        let size = usize::from(self.list.load().size);
        let wanted = Wanted { overlay, size, class: member.class, behind: None };
        let Ranked { placed, by, is_scored } = self.rank(&asker, &outlook, wanted, moment).await?;
        let text = |text: Option<&str>| text.map(str::to_owned);
        let entries = placed.into_iter().map(|placed| ExplainedEntry {
            peer_id: placed.found.peer.clone(),
            address: placed.found.address.ip_address.to_string(),
            pid: text(outlook.name(placed.found.pid)),
            cost: text(outlook.cost(placed.found.pid)),
            rank: placed.rank,
            score: scores::told(placed.score),
            status_age_s: placed.found.brief.map(|brief| brief.age_s),
            bridge: placed.bridge,
            reason: placed.demoted,
        });
        Ok(Some(Explained {
            isp: text(outlook.isp()),
            ranked_by: by,
            scored: is_scored,
            from_pid: text(outlook.from_name()),
            entries: entries.collect(),
        }))
    }
}
