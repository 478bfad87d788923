//! `/ixs/content`, `/ixs/index`, `/ixs/denylist`: the index (R6; TR 20002 §8.3.5).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use mp2p::id::{ContentId, OverlayId};
use mp2p::message::bound::{List, Text};
use mp2p::message::content::{
    DenyRequest, Denylist, Found, IndexAnswer, Registration, SignedDenylist,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::answer::Done;
use crate::api::body::Long;
use crate::api::caller::{Member, Named};
use crate::api::desk::Desk;
use crate::api::does::does;
use crate::api::line::{ANYONE, Line, OPERATORS, PEERS, Verb};
use crate::api::problem::Problem;
use crate::api::query::Query;

use crate::index::{IndexError, Ixs, Publisher};
use crate::membership::Asker;
use crate::settings::Part;

/// What can be asked of this role.
pub(crate) const LINES: &[Line] = &[
    Line {
        name: "register",
        about: "Register a content or service by its signed index file (8.3.6 step 4).",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Post,
        path: "/ixs/content",
        roles: PEERS,
        does: does!(register),
    },
    Line {
        name: "update",
        about: "Register a new version, perhaps in the place of another content.",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Put,
        path: "/ixs/content",
        roles: PEERS,
        does: does!(register),
    },
    Line {
        name: "remove",
        about: "Publish a content no more.",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Delete,
        path: "/ixs/content",
        roles: PEERS,
        does: does!(remove),
    },
    Line {
        name: "search",
        about: "Search contents (8.3.5).",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Get,
        path: "/ixs/content",
        roles: ANYONE,
        does: does!(search),
    },
    Line {
        name: "overlay-contents",
        about: "List the contents of an overlay, the oldest first.",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Get,
        path: "/ixs/overlay",
        roles: ANYONE,
        does: does!(in_overlay),
    },
    Line {
        name: "index-file",
        about: "Get the index file of a content, and where it is exchanged.",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Get,
        path: "/ixs/index",
        roles: ANYONE,
        does: does!(index_file),
    },
    Line {
        name: "denylist",
        about: "Get what became forbidden since a number (Req-Content-020).",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Get,
        path: "/ixs/denylist",
        roles: ANYONE,
        does: does!(denylist),
    },
    Line {
        name: "denylist-page",
        about: "Get the same as a signed page, to keep (Req-Content-020).",
        point: "r6",
        part: Part::Ixs,
        method: Verb::Get,
        path: "/ixs/denylist/page",
        roles: ANYONE,
        does: does!(denylist_page),
    },
    Line {
        name: "deny",
        about: "Forbid contents and fragments by their digests, or allow them again.",
        point: "operator",
        part: Part::Ixs,
        method: Verb::Post,
        path: "/ixs/denylist",
        roles: OPERATORS,
        does: does!(deny),
    },
];

/// Longest search, bytes.
const MAX_SEARCH_BYTES: usize = 512;

/// What is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Search {
    q: Text<MAX_SEARCH_BYTES>,
}

/// Which overlay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Exchanged {
    overlay_id: OverlayId,
}

/// Which content.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Which {
    content_id: ContentId,
}

/// From which change on.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct After {
    #[serde(default)]
    after: u64,
}

pub(crate) fn role(desk: &Desk) -> Result<&Ixs, Problem> {
    desk.ixs.as_ref().ok_or(Problem::NotFound)
}

fn publisher(asker: Asker) -> Result<Publisher, Problem> {
    Ok(Publisher { user: asker.user.ok_or(Problem::Role)?, peer: asker.peer })
}

/// `POST` and `PUT /ixs/content`: register a content, or change it.
pub(crate) async fn register(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Long(registration): Long<Registration>,
) -> Result<Done, Problem> {
    let Registration { index_file, replaces } = registration;
    let (publisher, now) = (publisher(asker)?, desk.moment().unix_s);
    let ixs = role(&desk)?;
    let order = Arc::new(Ixs::open_order(index_file.into(), replaces, publisher).await?);
    // An overlay that was stopped is gone: why comes before that.
    ixs.allowed(&order, now).await?;
    let publishing = order.publishing();
    let overlay = publishing.overlay.clone();
    match desk.overlays().may_publish(publishing).await? {
        Some(true) => ixs.register(order, now).await?,
        Some(false) => return Err(IndexError::OtherOverlay(overlay).into()),
        None => return Err(Problem::Missing(format!("no overlay {overlay}: make it first"))),
    }
    Ok(Done)
}

/// `DELETE /ixs/content?content-id=…`: the publisher publishes it no more.
pub(crate) async fn remove(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Query(which): Query<Which>,
) -> Result<Done, Problem> {
    role(&desk)?.remove(which.content_id, publisher(asker)?.user).await?;
    Ok(Done)
}

/// `GET /ixs/content?q=…`: search.
pub(crate) async fn search(
    State(desk): State<Arc<Desk>>,
    Query(search): Query<Search>,
) -> Result<Json<Found>, Problem> {
    let mut found = role(&desk)?.search(&search.q).await?;
    desk.mark_gone(&mut found).await;
    let contents = List::new(found).unwrap_or_default();
    Ok(Json(Found { contents, oms: desk.oms_url() }))
}

/// `GET /ixs/overlay?overlay-id=…`: the contents of an overlay, the oldest first.
pub(crate) async fn in_overlay(
    State(desk): State<Arc<Desk>>,
    Query(exchanged): Query<Exchanged>,
) -> Result<Json<Found>, Problem> {
    let mut found = role(&desk)?.in_overlay(exchanged.overlay_id).await?;
    desk.mark_gone(&mut found).await;
    let contents = List::new(found).unwrap_or_default();
    Ok(Json(Found { contents, oms: desk.oms_url() }))
}

/// `GET /ixs/index?content-id=…`: the index file.
pub(crate) async fn index_file(
    State(desk): State<Arc<Desk>>,
    Query(which): Query<Which>,
) -> Result<Json<IndexAnswer>, Problem> {
    let content = which.content_id;
    let entry = role(&desk)?.entry(content.clone()).await?;
    let entry = entry.ok_or_else(|| Problem::Missing(format!("no content {content}")))?;
    let index_file = Text::new(entry.text).unwrap_or_default();
    Ok(Json(IndexAnswer { index_file, overlay_id: entry.overlay, oms: desk.oms_url() }))
}

/// `GET /ixs/denylist?after=…`: what became forbidden, or is allowed again.
pub(crate) async fn denylist(
    State(desk): State<Arc<Desk>>,
    Query(After { after }): Query<After>,
) -> Result<Json<Denylist>, Problem> {
    Ok(Json(role(&desk)?.denylist(after).await?))
}

/// `GET /ixs/denylist/page?after=…`: the same, signed.
pub(crate) async fn denylist_page(
    State(desk): State<Arc<Desk>>,
    Query(After { after }): Query<After>,
) -> Result<Json<SignedDenylist>, Problem> {
    let now = desk.moment().unix_s;
    role(&desk)?.page(after, now).await?.map(Json).ok_or(Problem::NotFound)
}

/// `POST /ixs/denylist`: forbid, or allow again; answers with what changed.
pub(crate) async fn deny(
    State(desk): State<Arc<Desk>>,
    Named(who): Named,
    Long(request): Long<DenyRequest>,
) -> Result<Json<Denylist>, Problem> {
    let DenyRequest { digests, reason } = request;
    let now = desk.moment().unix_s;
    let seq = role(&desk)?.deny(digests.to_vec(), reason.into(), who, now).await?;
    Ok(Json(Denylist { seq, digests }))
}
