//! `/ixs/takedown`, `/oms/stop-ack`: forced stop (R6, R5; TR 20002 §8.3.4).

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use link::Caller;
use link::identity::Role;
use mp2p::id::{ContentId, OverlayId};
use mp2p::message::bound::{List, Text};
use mp2p::message::content::MAX_REASON_BYTES;
use mp2p::message::takedown::{
    MAX_ID_BYTES, MAX_TAKEDOWNS, StopAcknowledgement, Takedown, TakedownRequest, Takedowns,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::answer::{Accepted, Done};
use crate::api::body::Body;
use crate::api::caller::Named;
use crate::api::desk::Desk;
use crate::api::does::does;
use crate::api::ixs;
use crate::api::line::{AUTHORITIES, Line, SERVED, Verb};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::index::{Lifting, Which};
use crate::settings::Part;

/// What can be asked.
pub(crate) const LINES: &[Line] = &[
    Line {
        name: "takedown",
        about: "Have a distribution stopped (8.3.4 step 1).",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Post,
        path: "/ixs/takedown",
        roles: AUTHORITIES,
        does: does!(take_down),
    },
    Line {
        name: "takedowns",
        about: "See how far forced stops have come (8.3.4 step 6).",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Get,
        path: "/ixs/takedown",
        roles: AUTHORITIES,
        does: does!(takedowns),
    },
    Line {
        name: "lift-takedown",
        about: "Allow again what oneself, or for an operator anybody, had taken down; its publisher \
            may register it anew.",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Delete,
        path: "/ixs/takedown",
        roles: AUTHORITIES,
        does: does!(lift),
    },
    Line {
        name: "stop-ack",
        about: "Acknowledge a stop, for oneself or for a peer that OMS does not reach.",
        point: "r5",
        part: Part::Oms,
        method: Verb::Post,
        path: "/oms/stop-ack",
        roles: SERVED,
        does: does!(acknowledge),
    },
];

/// Of which takedowns.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Asked {
    takedown_id: Option<Text<MAX_ID_BYTES>>,
    content_id: Option<ContentId>,
    overlay_id: Option<OverlayId>,
}

/// `POST /ixs/takedown`: accepted; the result comes with time.
pub(crate) async fn take_down(
    State(desk): State<Arc<Desk>>,
    Named(authority): Named,
    Body(request): Body<TakedownRequest>,
) -> Result<Accepted<Takedown>, Problem> {
    let now = desk.moment().unix_s;
    if let (None, Some(overlay)) = (&request.content_id, &request.overlay_id)
        && !ixs::role(&desk)?.knows(overlay.clone()).await?
        && desk.is_absent(overlay).await
    {
        return Err(Problem::Missing(format!("no overlay {overlay}, and no content of it")));
    }
    let taken = ixs::role(&desk)?.take_down(request, authority, now).await?;
    Ok(Accepted(taken))
}

/// `GET /ixs/takedown[?takedown-id=…][&content-id=…][&overlay-id=…]`: the latest first.
pub(crate) async fn takedowns(
    State(desk): State<Arc<Desk>>,
    Query(asked): Query<Asked>,
) -> Result<Json<Takedowns>, Problem> {
    let Asked { takedown_id, content_id: content, overlay_id: overlay } = asked;
    let of = Which { id: takedown_id.map(String::from), content, overlay };
    let takedowns = ixs::role(&desk)?.takedowns(of, MAX_TAKEDOWNS).await?;
    Ok(Json(Takedowns { takedowns: List::new(takedowns).unwrap_or_default() }))
}

/// Which takedown, and why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Lifted {
    takedown_id: Text<MAX_ID_BYTES>,
    reason: Text<MAX_REASON_BYTES>,
}

/// `DELETE /ixs/takedown?takedown-id=…&reason=…`: it is allowed again.
pub(crate) async fn lift(
    State(desk): State<Arc<Desk>>,
    Named(who): Named,
    Extension(caller): Extension<Caller>,
    Query(lifted): Query<Lifted>,
) -> Result<Json<Takedown>, Problem> {
    let (id, why, now) = (lifted.takedown_id, lifted.reason, desk.moment().unix_s);
    let by = Lifting { who, is_operator: caller.role() == Role::Operator };
    let found = ixs::role(&desk)?.lift(id.to_string(), why, by, now).await?;
    found.map(Json).ok_or_else(|| Problem::Missing(format!("no takedown {}", &*id)))
}

/// `POST /oms/stop-ack`: a peer has stopped.
pub(crate) async fn acknowledge(
    State(desk): State<Arc<Desk>>,
    Body(acknowledgement): Body<StopAcknowledgement>,
) -> Result<Done, Problem> {
    let oms = desk.oms.as_deref().ok_or(Problem::NotFound)?;
    oms.stopper.acknowledge(&acknowledgement.stop_ack, desk.moment().unix_s).await?;
    Ok(Done)
}
