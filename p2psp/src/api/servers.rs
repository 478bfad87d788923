//! `/oms/server`, `/oms/reservation`, `/oms/usage`: cache and relay servers, and what is reserved with
//! them (R5, R8, R9; TR 20002 §8.3.7, Req-Net-120, Req-Net-130).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use link::identity::Role;
use mp2p::id::PeerId;
use mp2p::message::server::{
    Fault, HeldAnswer, ReservationAnswer, ReservationChange, ReservationRequest, ServerAnswer,
    ServerRegistration, Usage, UsageAccount,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::answer::{Created, Done};
use crate::api::body::Body;
use crate::api::caller::Member;
use crate::api::desk::Desk;
use crate::api::does::{Does, does};
use crate::api::line::{ANYONE, Line, MEMBERS, OPERATORS, SERVED, Verb};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::membership::Oms;
use crate::reservation::ServerView;
use crate::settings::Part;

const fn line(
    (name, about): (&'static str, &'static str),
    point: &'static str,
    (method, path): (Verb, &'static str),
    roles: &'static [Role],
    does: Does,
) -> Line {
    Line { name, about, point, part: Part::Oms, method, path, roles, does }
}

/// What can be asked of this role.
pub(crate) const LINES: &[Line] = &[
    line(
        ("register-server", "Serve as cache or relay, or show that one still does (8.2.5, 8.2.6)."),
        "r8",
        (Verb::Put, "/oms/server"),
        SERVED,
        does!(register),
    ),
    line(
        ("discharge-server", "Serve as cache or relay no more."),
        "r8",
        (Verb::Delete, "/oms/server"),
        SERVED,
        does!(discharge),
    ),
    line(
        ("list-servers", "See all cache and relay servers, and what of them is reserved."),
        "operator",
        (Verb::Get, "/oms/servers"),
        OPERATORS,
        does!(servers),
    ),
    line(
        ("report-usage", "Tell how much went through for a holder."),
        "r8",
        (Verb::Post, "/oms/server/usage"),
        SERVED,
        does!(used),
    ),
    line(
        ("report-fault", "Tell that something is wrong with oneself as a server."),
        "r8",
        (Verb::Post, "/oms/server/fault"),
        SERVED,
        does!(fault),
    ),
    line(
        (
            "usage",
            "See who used how much of which server: a peer its own, operators all, latest first.",
        ),
        "r5",
        (Verb::Get, "/oms/usage"),
        ANYONE,
        does!(usage),
    ),
    line(
        ("reserve", "Have a cache, a relay or a delegate kept free (8.3.7)."),
        "r5",
        (Verb::Post, "/oms/reservation"),
        MEMBERS,
        does!(reserve),
    ),
    line(
        ("list-reservations", "See what one holds, and how much of it is kept."),
        "r5",
        (Verb::Get, "/oms/reservation"),
        MEMBERS,
        does!(held),
    ),
    line(
        ("renew-reservation", "Have it kept for longer."),
        "r5",
        (Verb::Put, "/oms/reservation"),
        MEMBERS,
        does!(renew),
    ),
    line(
        ("release-reservation", "Need it no more."),
        "r5",
        (Verb::Delete, "/oms/reservation"),
        MEMBERS,
        does!(release),
    ),
];

fn role(desk: &Desk) -> Result<&Oms, Problem> {
    desk.oms.as_deref().ok_or(Problem::NotFound)
}

/// `PUT /oms/server`: a server is there.
pub(crate) async fn register(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(told): Body<ServerRegistration>,
) -> Result<Json<ServerAnswer>, Problem> {
    Ok(Json(role(&desk)?.enlist(&asker, &told, desk.moment()).await?))
}

/// `DELETE /oms/server`: it goes.
pub(crate) async fn discharge(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
) -> Result<Done, Problem> {
    role(&desk)?.discharge(&asker);
    Ok(Done)
}

/// `GET /oms/servers`: all of them.
pub(crate) async fn servers(
    State(desk): State<Arc<Desk>>,
) -> Result<Json<Vec<ServerView>>, Problem> {
    Ok(Json(role(&desk)?.servers()))
}

/// `POST /oms/server/usage`: how much went through.
pub(crate) async fn used(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(usage): Body<Usage>,
) -> Result<Done, Problem> {
    role(&desk)?.used(&asker, &usage, desk.moment())?;
    Ok(Done)
}

/// `POST /oms/server/fault`: something is wrong with it.
pub(crate) async fn fault(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(fault): Body<Fault>,
) -> Result<Done, Problem> {
    role(&desk)?.fault(&asker, &fault, desk.moment())?;
    Ok(Done)
}

/// Whose accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Whose {
    peer_id: Option<PeerId>,
}

/// `GET /oms/usage?peer-id=…`: accounts of a peer; where none is named the asker's, and for
/// operators those of all that were used last.
pub(crate) async fn usage(
    State(desk): State<Arc<Desk>>,
    asker: Option<Member>,
    Query(whose): Query<Whose>,
) -> Result<Json<Vec<UsageAccount>>, Problem> {
    let own = asker.map(|Member(asker)| asker.peer);
    let peer = match (own, whose.peer_id) {
        (Some(own), Some(named)) if own != named => return Err(Problem::Role),
        (Some(peer), _) | (None, Some(peer)) => peer,
        (None, None) => return Ok(Json(role(&desk)?.usage_of_all())),
    };
    Ok(Json(role(&desk)?.usage(&peer)))
}

/// `POST /oms/reservation`: something is to be kept free.
pub(crate) async fn reserve(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(request): Body<ReservationRequest>,
) -> Result<Created<ReservationAnswer>, Problem> {
    let answer = role(&desk)?.reserve(&asker, &request, desk.moment())?;
    Ok(Created(answer))
}

/// `GET /oms/reservation`: what the asker holds.
pub(crate) async fn held(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
) -> Result<Json<HeldAnswer>, Problem> {
    Ok(Json(role(&desk)?.held(&asker)))
}

/// `PUT /oms/reservation`: for longer.
pub(crate) async fn renew(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(change): Body<ReservationChange>,
) -> Result<Json<ReservationAnswer>, Problem> {
    Ok(Json(role(&desk)?.renew(&asker, &change, desk.moment())?))
}

/// `DELETE /oms/reservation`: no more.
pub(crate) async fn release(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(change): Body<ReservationChange>,
) -> Result<Done, Problem> {
    role(&desk)?.release(&asker, &change)?;
    Ok(Done)
}
