//! `/ixs/content`: the index (R6; TR 20002 §8.3.5).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::routing::on;
use http::StatusCode;
use mp2p::message::bound::{List, Text};
use mp2p::message::content::{Found, OverlayContent};
use serde::Deserialize;

use crate::api::body::Body;
use crate::api::caller::Member;
use crate::api::desk::Desk;
use crate::api::line::{ANYONE, Line, PEERS, Verb};
use crate::api::problem::Problem;
use crate::settings::Part;

/// What can be asked of this role.
pub(crate) const LINES: &[Line] = &[
    Line {
        name: "register",
        about: "Register a content, or change it (8.3.6 step 4).",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Post,
        path: "/ixs/content",
        roles: PEERS,
        handler: |verb| on(verb, register),
    },
    Line {
        name: "search",
        about: "Search contents (8.3.5).",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Get,
        path: "/ixs/content",
        roles: ANYONE,
        handler: |verb| on(verb, search),
    },
];

/// Longest search, bytes.
const MAX_SEARCH_BYTES: usize = 512;

/// What is looked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Search {
    q: Text<MAX_SEARCH_BYTES>,
}

/// `POST /ixs/content`: register a content, or change it.
pub(crate) async fn register(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(content): Body<OverlayContent>,
) -> Result<StatusCode, Problem> {
    let ixs = desk.ixs.as_ref().ok_or(Problem::NotFound)?;
    ixs.register(content, asker.user.ok_or(Problem::Role)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /ixs/content?q=…`: search.
pub(crate) async fn search(
    State(desk): State<Arc<Desk>>,
    Query(search): Query<Search>,
) -> Result<Json<Found>, Problem> {
    let ixs = desk.ixs.as_ref().ok_or(Problem::NotFound)?;
    let contents = List::new(ixs.search(&search.q).await?).unwrap_or_default();
    Ok(Json(Found { contents, oms: desk.url.clone() }))
}
