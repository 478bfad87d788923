//! `/pams/…`: status, resources and history of peers, and super peers (R2; TR 20002 §8.3.10).

use std::net::SocketAddr;
use std::slice;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use mp2p::id::PeerId;
use mp2p::message::activity::{
    CareAnswer, CareGrant, CareOffer, CareOffered, CareRequest, CareWish, HistoryAnswer,
    PullAnswer, PullRequest, ResourcesAnswer, StandingAnswer,
};
use mp2p::message::bound::Text;
use mp2p::message::join::{AddressKind, PeerAddress};
use mp2p::message::resource::{MAX_RESOURCE_TEXT, ResourceType};
use mp2p::message::status::StatusReport;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::activity::{Pams, Viewer, Wanted};
use crate::api::answer::Done;
use crate::api::body::{Batch, Body};
use crate::api::caller::Member;
use crate::api::desk::Desk;
use crate::api::does::does;
use crate::api::line::{ANYONE, Line, OPERATORS, PEERS, SERVED, USERS, Verb};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::calls::Users;
use crate::settings::Part;

/// What can be asked of this role.
pub(crate) const LINES: &[Line] = &[
    Line {
        name: "report-status",
        about: "Report status, the own one or a super peer's batch (8.3.10 step 1).",
        method: Verb::Post,
        roles: SERVED,
        does: does!(report),
        ..STATUS
    },
    Line { ..STATUS },
    Line {
        name: "resources",
        about: "Find resources by name or type (Req-Reso-030, Req-Coop-060).",
        path: "/pams/resource",
        roles: ANYONE,
        does: does!(resources),
        ..STATUS
    },
    Line {
        name: "history",
        about: "See what a peer did over time (Req-Reso-040).",
        path: "/pams/history",
        does: does!(history),
        ..STATUS
    },
    Line {
        name: "enter-care",
        about: "Let a super peer report for this peer.",
        method: Verb::Post,
        path: "/pams/super",
        roles: PEERS,
        does: does!(enter_care),
        ..STATUS
    },
    Line {
        name: "leave-care",
        about: "Report for itself again.",
        method: Verb::Delete,
        path: "/pams/super",
        roles: PEERS,
        does: does!(leave_care),
        ..STATUS
    },
    Line {
        name: "choose-care",
        about: "Let a super peer report for this peer that PAMS chooses.",
        method: Verb::Put,
        path: "/pams/super",
        roles: PEERS,
        does: does!(choose_care),
        ..STATUS
    },
    Line {
        name: "offer-care",
        about: "Offer itself as a super peer, again and again.",
        method: Verb::Put,
        path: "/pams/super/offer",
        roles: PEERS,
        does: does!(offer),
        ..STATUS
    },
    Line {
        name: "withdraw-care",
        about: "Be a super peer no more.",
        method: Verb::Delete,
        path: "/pams/super/offer",
        roles: PEERS,
        does: does!(withdraw),
        ..STATUS
    },
    Line {
        name: "super-account",
        about: "See what a super peer did for others (Req-Traffic-080).",
        path: "/pams/super",
        does: does!(account),
        ..STATUS
    },
    Line {
        name: "pull-status",
        about: "Ask peers for their status now (8.3.10).",
        point: "operator",
        method: Verb::Post,
        path: "/pams/pull",
        roles: OPERATORS,
        does: does!(pull),
        ..STATUS
    },
];

const STATUS: Line = Line {
    name: "status",
    about: "See how a peer stands: a score, or its status where it agreed (Annex A.1).",
    point: "r2",
    part: Part::Pams,
    method: Verb::Get,
    path: "/pams/status",
    roles: USERS,
    does: does!(status),
};

/// Which peer; the asker itself where none is named.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Which {
    peer_id: Option<PeerId>,
}

/// Which resources: by name or by type, and perhaps of a place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WhichResources {
    resource_id: Option<Text<MAX_RESOURCE_TEXT>>,
    #[serde(rename = "type")]
    kind: Option<ResourceType>,
}

fn role(desk: &Desk) -> Result<&Pams, Problem> {
    desk.pams.as_deref().ok_or(Problem::NotFound)
}

fn viewer(asker: Option<Member>) -> Viewer {
    asker.map_or(Viewer::Operator, |Member(asker)| Viewer::Peer(asker.peer))
}

impl Which {
    fn peer(self, viewer: &Viewer) -> Result<PeerId, Problem> {
        match (self.peer_id, viewer) {
            (Some(named), _) => Ok(named),
            (None, Viewer::Peer(own)) => Ok(own.clone()),
            (None, Viewer::Operator) => Err(Problem::Query("no peer-id".to_owned())),
        }
    }

    /// For eyes that see all of the peer only.
    fn own(self, viewer: &Viewer) -> Result<PeerId, Problem> {
        let peer = self.peer(viewer)?;
        match viewer.sees(&peer) {
            true => Ok(peer),
            false => Err(Problem::Forbidden(format!("{peer} is another peer"))),
        }
    }
}

/// `POST /pams/status`.
pub(crate) async fn report(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Batch(report, bytes): Batch<StatusReport>,
) -> Result<Done, Problem> {
    let from = (&asker.peer, asker.user.as_ref());
    let now = desk.moment().unix_s;
    role(&desk)?.report(from, report.reports.into(), bytes, now).await?;
    Ok(Done)
}

/// `GET /pams/status[?peer-id=…]`.
pub(crate) async fn status(
    State(desk): State<Arc<Desk>>,
    asker: Option<Member>,
    Query(which): Query<Which>,
) -> Result<Json<StandingAnswer>, Problem> {
    let viewer = viewer(asker);
    let peer = which.peer(&viewer)?;
    let pams = role(&desk)?;
    let consent = consents(&desk, &viewer, slice::from_ref(&peer)).await.first().copied().flatten();
    let told = pams.told(&peer, &viewer, consent, desk.moment().unix_s);
    told.map(Json).ok_or_else(|| nothing_of(&peer))
}

/// `GET /pams/resource?resource-id=…` or `?type=…`.
pub(crate) async fn resources(
    State(desk): State<Arc<Desk>>,
    asker: Option<Member>,
    Query(which): Query<WhichResources>,
) -> Result<Json<ResourcesAnswer>, Problem> {
    let wanted = match (which.resource_id, which.kind) {
        (Some(name), None) => Wanted::Named(name.into()),
        (None, Some(kind)) => Wanted::Of(kind),
        _ => return Err(Problem::Query("either resource-id or type".to_owned())),
    };
    let (viewer, offers) = (viewer(asker), role(&desk)?.offers(&wanted, desk.moment().unix_s));
    let peers: Vec<PeerId> = offers.iter().map(|offer| offer.peer.clone()).collect();
    let consents = consents(&desk, &viewer, &peers).await;
    Ok(Json(Pams::shown(offers, &viewer, &consents)))
}

/// What the users of `peers` said about showing their status (Annex A.1); where UMS does not say,
/// as if all had said no. Who sees all of them needs no consent.
async fn consents(desk: &Desk, viewer: &Viewer, peers: &[PeerId]) -> Vec<Option<bool>> {
    if peers.iter().all(|peer| viewer.sees(peer)) {
        return Vec::new();
    }
    let asked = match &desk.ums {
        Some(ums) => ums.consents(peers).await,
        None => desk.links.to(Part::Ums).consents(peers).await,
    };
    asked.unwrap_or_else(|error| {
        tracing::warn!(%error, point = "r7", "status is told as scores only");
        vec![Some(false); peers.len()]
    })
}

/// `GET /pams/history[?peer-id=…]`.
pub(crate) async fn history(
    State(desk): State<Arc<Desk>>,
    asker: Option<Member>,
    Query(which): Query<Which>,
) -> Result<Json<HistoryAnswer>, Problem> {
    let peer = which.own(&viewer(asker))?;
    let history = role(&desk)?.history(&peer, desk.moment().unix_s);
    history.map(Json).ok_or_else(|| nothing_of(&peer))
}

/// `POST /pams/super`.
pub(crate) async fn enter_care(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(request): Body<CareRequest>,
) -> Result<Done, Problem> {
    let now = desk.moment().unix_s;
    role(&desk)?.enrol(asker.peer, asker.user, request.super_peer, now).await?;
    Ok(Done)
}

/// `PUT /pams/super`.
pub(crate) async fn choose_care(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(wish): Body<CareWish>,
) -> Result<Json<CareGrant>, Problem> {
    let (from, now) = (asker.address.ip(), desk.moment().unix_s);
    let assigned = role(&desk)?.assign((asker.peer, asker.user), from, &wish.not, now).await?;
    let (super_peer, address) = assigned;
    let (ip_address, port) = (address.ip().to_canonical(), address.port());
    let peer_addr = PeerAddress { ip_address, port, kind: AddressKind::Reflexive };
    Ok(Json(CareGrant { super_peer, peer_addr }))
}

/// `DELETE /pams/super`.
pub(crate) async fn leave_care(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
) -> Result<Done, Problem> {
    match role(&desk)?.leave(&asker.peer).await? {
        true => Ok(Done),
        false => Err(Problem::Missing("in nobody's care".to_owned())),
    }
}

/// `PUT /pams/super/offer`: at the address that is seen, whatever was announced.
pub(crate) async fn offer(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(offer): Body<CareOffer>,
) -> Result<Json<CareOffered>, Problem> {
    if offer.port == 0 || offer.capacity == 0 {
        return Err(Problem::Query("port and capacity are above 0".to_owned()));
    }
    let address = SocketAddr::new(asker.address.ip().to_canonical(), offer.port);
    let capacity = usize::try_from(offer.capacity).unwrap_or(usize::MAX);
    let now = desk.moment().unix_s;
    let (members, heartbeat_interval) =
        role(&desk)?.offer(asker.peer, (address, capacity), now).await?;
    Ok(Json(CareOffered { heartbeat_interval, members: members as u64 }))
}

/// `DELETE /pams/super/offer`.
pub(crate) async fn withdraw(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
) -> Result<Done, Problem> {
    match role(&desk)?.withdraw(asker.peer).await? {
        true => Ok(Done),
        false => Err(Problem::Missing("no super peer".to_owned())),
    }
}

/// `GET /pams/super[?peer-id=…]`.
pub(crate) async fn account(
    State(desk): State<Arc<Desk>>,
    asker: Option<Member>,
    Query(which): Query<Which>,
) -> Result<Json<CareAnswer>, Problem> {
    let peer = which.own(&viewer(asker))?;
    let account = role(&desk)?.account(&peer);
    account.map(Json).ok_or_else(|| Problem::Missing(format!("nobody is in the care of {peer}")))
}

/// `POST /pams/pull`.
pub(crate) async fn pull(
    State(desk): State<Arc<Desk>>,
    Body(request): Body<PullRequest>,
) -> Result<Json<PullAnswer>, Problem> {
    let now = || desk.moment().unix_s;
    Ok(Json(role(&desk)?.pull(&request, &Viewer::Operator, now).await?))
}

fn nothing_of(peer: &PeerId) -> Problem {
    Problem::Missing(format!("{peer} never reported"))
}
