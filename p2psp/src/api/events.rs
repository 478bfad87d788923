//! `/oms/events`: what a peer, cache or relay is told unasked (R5, R8, R9).

use std::sync::Arc;

use axum::Json;
use axum::body::Body as AxumBody;
use axum::extract::{FromRequestParts, State};
use axum::response::IntoResponse;
use http::request::Parts;
use http::{HeaderValue, header};
use link::server::Lasting;
use mp2p::message::event::EventAck;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::answer::EventStream;
use crate::api::body::Body;
use crate::api::caller::Member;
use crate::api::desk::Desk;
use crate::api::does::{Takes, does};
use crate::api::line::{Line, SERVED, Verb};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::events;
use crate::settings::Part;

/// What can be asked of this role.
pub(crate) const LINES: &[Line] = &[
    Line {
        name: "events",
        about: "Listen to what the provider tells unasked: server-sent events.",
        point: "r5",
        part: Part::Oms,
        method: Verb::Get,
        path: "/oms/events",
        roles: SERVED,
        does: does!(listen),
    },
    Line {
        name: "acknowledge-events",
        about: "Say up to which event all have arrived.",
        point: "r5",
        part: Part::Oms,
        method: Verb::Post,
        path: "/oms/events/ack",
        roles: SERVED,
        does: does!(acknowledge),
    },
];

/// Where to go on.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct From {
    /// Only what has a higher number; the header `Last-Event-ID` goes before it. All that waits
    /// where there is neither.
    after: Option<u64>,
}

/// How many events wait still.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Waiting {
    /// How many events wait.
    waiting: usize,
}

/// `GET /oms/events?after=SEQ`: the asker's events from there on, `Last-Event-ID` first.
pub(crate) async fn listen(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Query(from): Query<From>,
    Last(last): Last,
) -> Result<EventStream, Problem> {
    let oms = desk.oms.as_deref().ok_or(Problem::NotFound)?;
    let after = last.or(from.after);
    oms.stopper.remind(&asker.peer);
    let reader = oms.events.read(&asker.peer, after).ok_or(Problem::NoRoom("listeners"))?;
    let body = AxumBody::new(events::stream(reader, desk.streaming.clone()));
    let mut answer = body.into_response();
    answer.extensions_mut().insert(Lasting);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(EventStream(answer))
}

/// The header `Last-Event-ID`, with which a stream goes on that broke off.
pub(crate) struct Last(Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for Last {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let last = parts.headers.get("last-event-id").map(|last| {
            let number = last.to_str().ok().and_then(|text| text.trim().parse().ok());
            number.ok_or_else(|| Problem::Query("Last-Event-ID is no number".to_owned()))
        });
        last.transpose().map(Self)
    }
}

impl Takes for Last {}

/// `POST /oms/events/ack`: all up to there has arrived.
pub(crate) async fn acknowledge(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(ack): Body<EventAck>,
) -> Result<Json<Waiting>, Problem> {
    let oms = desk.oms.as_deref().ok_or(Problem::NotFound)?;
    let waiting = oms.events.acknowledge(&asker.peer, ack.seq);
    Ok(Json(Waiting { waiting }))
}
