//! `/oms/…`: overlays and membership (R5; TR 20002 §8.3.1, §8.3.6).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use mp2p::id::{OverlayId, PeerId};
use mp2p::message::failure::FailureReport;
use mp2p::message::join::{JoinAnswer, JoinRequest, LeaveRequest};
use mp2p::message::overlay::{OverlayChange, OverlayDescription, OverlayRequest};
use mp2p::message::rendezvous::RendezvousRequest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::answer::{Created, Done, Written};
use crate::api::body::Body;
use crate::api::caller::Member;
use crate::api::desk::Desk;
use crate::api::does::does;
use crate::api::line::{ANYONE, Line, MEMBERS, OPERATORS, USERS, Verb};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::membership::{Explained, MemberView, Oms};
use crate::settings::Part;

/// What can be asked of this role.
pub(crate) const LINES: &[Line] = &[
    Line {
        name: "join",
        about: "Take part in an overlay and get the ranked list (TR 20002 8.3.1).",
        point: "r5",
        part: Part::Oms,
        method: Verb::Post,
        path: "/oms/peer",
        roles: MEMBERS,
        does: does!(join),
    },
    Line {
        name: "refresh",
        about: "Go on taking part, and get a fresh list.",
        point: "r5",
        part: Part::Oms,
        method: Verb::Put,
        path: "/oms/peer",
        roles: MEMBERS,
        does: does!(join),
    },
    Line {
        name: "leave",
        about: "Take part no more.",
        point: "r5",
        part: Part::Oms,
        method: Verb::Delete,
        path: "/oms/peer",
        roles: MEMBERS,
        does: does!(leave),
    },
    Line {
        name: "report-failures",
        about: "Report that other members fail (Req-Net-050).",
        point: "r5",
        part: Part::Oms,
        method: Verb::Post,
        path: "/oms/peer/report",
        roles: MEMBERS,
        does: does!(report),
    },
    Line {
        name: "rendezvous",
        about: "Open a way to another member that cannot be dialled (8.3.3).",
        point: "r5",
        part: Part::Oms,
        method: Verb::Post,
        path: "/oms/peer/rendezvous",
        roles: MEMBERS,
        does: does!(rendezvous),
    },
    Line {
        name: "create-overlay",
        about: "Make an overlay (8.3.6).",
        point: "r5",
        part: Part::Oms,
        method: Verb::Post,
        path: "/oms/overlay",
        roles: USERS,
        does: does!(create),
    },
    Line {
        name: "describe-overlay",
        about: "See an overlay before joining (Req-Net-040).",
        point: "r5",
        part: Part::Oms,
        method: Verb::Get,
        path: "/oms/overlay",
        roles: ANYONE,
        does: does!(describe),
    },
    Line {
        name: "list-overlays",
        about: "See all overlays, the first thousand by name.",
        point: "operator",
        part: Part::Oms,
        method: Verb::Get,
        path: "/oms/overlays",
        roles: OPERATORS,
        does: does!(overlays),
    },
    Line {
        name: "list-members",
        about: "See the members of an overlay, ten thousand at most.",
        point: "operator",
        part: Part::Oms,
        method: Verb::Get,
        path: "/oms/members",
        roles: OPERATORS,
        does: does!(members),
    },
    Line {
        name: "change-overlay",
        about: "Change an overlay of one's own: who may take part, what it asks for.",
        point: "r5",
        part: Part::Oms,
        method: Verb::Put,
        path: "/oms/overlay",
        roles: USERS,
        does: does!(change),
    },
    Line {
        name: "remove-overlay",
        about: "End an overlay of one's own.",
        point: "r5",
        part: Part::Oms,
        method: Verb::Delete,
        path: "/oms/overlay",
        roles: USERS,
        does: does!(remove),
    },
    Line {
        name: "explain",
        about: "See why a list reads as it does.",
        point: "operator",
        part: Part::Oms,
        method: Verb::Get,
        path: "/oms/explain",
        roles: OPERATORS,
        does: does!(explain),
    },
];

/// Which overlay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Which {
    overlay_id: OverlayId,
}

/// Whose list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Whose {
    overlay_id: OverlayId,
    peer_id: PeerId,
}

/// How many failures of a report count.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Counted {
    counted: usize,
}

fn role(desk: &Desk) -> Result<&Oms, Problem> {
    desk.oms.as_deref().ok_or(Problem::NotFound)
}

/// `POST` and `PUT /oms/peer`: join and refresh.
pub(crate) async fn join(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(request): Body<JoinRequest>,
) -> Result<Written<JoinAnswer>, Problem> {
    Ok(role(&desk)?.join(&asker, &request, desk.moment()).await?.into())
}

/// `DELETE /oms/peer`: leave.
pub(crate) async fn leave(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(request): Body<LeaveRequest>,
) -> Result<Done, Problem> {
    match role(&desk)?.leave(&asker, &request, desk.moment())? {
        true => Ok(Done),
        false => Err(Problem::Missing(format!("no member of {}", request.overlay_id))),
    }
}

/// `POST /oms/peer/report`: other members fail.
pub(crate) async fn report(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(report): Body<FailureReport>,
) -> Result<Json<Counted>, Problem> {
    let counted = role(&desk)?.report(&asker, &report, desk.moment()).await?;
    Ok(Json(Counted { counted }))
}

/// `POST /oms/peer/rendezvous`: a way to another member, or the answer to that.
pub(crate) async fn rendezvous(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(request): Body<RendezvousRequest>,
) -> Result<Done, Problem> {
    role(&desk)?.rendezvous(&asker, &request, desk.moment())?;
    Ok(Done)
}

/// `POST /oms/overlay`: make an overlay.
pub(crate) async fn create(
    State(desk): State<Arc<Desk>>,
    owner: Option<Member>,
    Body(request): Body<OverlayRequest>,
) -> Result<Created<OverlayDescription>, Problem> {
    let (oms, moment) = (role(&desk)?, desk.moment());
    let overlay = request.overlay_id.clone();
    let owner = owner.map(|Member(asker)| asker);
    oms.create(request, owner.as_ref(), moment).await?;
    let described = oms.describe(&overlay, owner.as_ref(), moment);
    let described = described.ok_or_else(|| Problem::Missing(format!("no overlay {overlay}")))?;
    Ok(Created(described))
}

/// `GET /oms/overlay?overlay-id=…`: what is told of an overlay.
pub(crate) async fn describe(
    State(desk): State<Arc<Desk>>,
    asker: Option<Member>,
    Query(which): Query<Which>,
) -> Result<Json<OverlayDescription>, Problem> {
    let (overlay, asker) = (which.overlay_id, asker.map(|Member(asker)| asker));
    let described = role(&desk)?.describe(&overlay, asker.as_ref(), desk.moment());
    described.map(Json).ok_or_else(|| Problem::Missing(format!("no overlay {overlay}")))
}

/// `PUT /oms/overlay`: its owner changes it.
pub(crate) async fn change(
    State(desk): State<Arc<Desk>>,
    owner: Option<Member>,
    Body(change): Body<OverlayChange>,
) -> Result<Json<OverlayDescription>, Problem> {
    let (oms, moment) = (role(&desk)?, desk.moment());
    let (overlay, owner) = (change.overlay_id.clone(), owner.map(|Member(asker)| asker));
    oms.change(change, owner.as_ref(), moment).await?;
    let described = oms.describe(&overlay, owner.as_ref(), moment);
    described.map(Json).ok_or_else(|| Problem::Missing(format!("no overlay {overlay}")))
}

/// `DELETE /oms/overlay?overlay-id=…`: its owner ends it.
pub(crate) async fn remove(
    State(desk): State<Arc<Desk>>,
    owner: Option<Member>,
    Query(which): Query<Which>,
) -> Result<Done, Problem> {
    let owner = owner.map(|Member(asker)| asker);
    let now = desk.moment().unix_s;
    role(&desk)?.remove(&which.overlay_id, owner.as_ref(), now).await?;
    Ok(Done)
}

/// `GET /oms/overlays`: all of them.
pub(crate) async fn overlays(
    State(desk): State<Arc<Desk>>,
) -> Result<Json<Vec<OverlayDescription>>, Problem> {
    Ok(Json(role(&desk)?.overlays(desk.moment())))
}

/// `GET /oms/members?overlay-id=…`: who is in it.
pub(crate) async fn members(
    State(desk): State<Arc<Desk>>,
    Query(which): Query<Which>,
) -> Result<Json<Vec<MemberView>>, Problem> {
    Ok(Json(role(&desk)?.members(&which.overlay_id, desk.moment())?))
}

/// `GET /oms/explain?overlay-id=…&peer-id=…`: why a list reads as it does.
pub(crate) async fn explain(
    State(desk): State<Arc<Desk>>,
    Query(whose): Query<Whose>,
) -> Result<Json<Explained>, Problem> {
    let (overlay, peer) = (whose.overlay_id, whose.peer_id);
    let explained = role(&desk)?.explain(&overlay, &peer, desk.moment()).await?;
    explained.map(Json).ok_or_else(|| Problem::Missing(format!("{peer} is no member of {overlay}")))
}
