//! `/roles/…`: what the provider's own servers ask each other (R1, R7; TR 20002 Figure 4).
//!
//! A line for each method of [`crate::calls`]; the other end is [`crate::roles::Distant`].

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use link::identity::Role;
use mp2p::id::{ContentId, OverlayId, PeerId};
use mp2p::message::account::ClassAnswer;
use mp2p::message::profile::Profile;
use mp2p::message::takedown::StopResult;

use crate::api::body::Body;
use crate::api::desk::Desk;
use crate::api::does::{Does, does};
use crate::api::line::{Line, Verb};
use crate::api::problem::Problem;
use crate::calls::{
    Activity, Contents, ErrorNote, Founding, LiftOrder, Measured, NewsAfter, Overlays, Publishing,
    Serving, Standing, StandingsOf, StatusRequests, StopOrder, Stops, UserNews, Users, Visit,
};
use crate::membership::Oms;
use crate::settings::Part;
use crate::users::Ums;

/// What can be asked of this provider's roles by its others.
pub(crate) const LINES: &[Line] = &[
    Line {
        about: "OMS to UMS: a peer joined (8.3.1 step 2).",
        ..of_ums("role-joined", "/roles/ums/joined", does!(joined))
    },
    Line {
        about: "OMS to UMS: the class of a peer's user (8.3.9 step 6).",
        ..of_ums("role-class", "/roles/ums/class", does!(class))
    },
    Line {
        about: "PAMS to UMS: whose status may be shown (Annex A.1).",
        roles: &[Role::Pams],
        ..of_ums("role-consents", "/roles/ums/consents", does!(consents))
    },
    Line {
        about: "OMS to UMS: who is out since, and whose status may be shown.",
        ..of_ums("role-news", "/roles/ums/news", does!(news))
    },
    Line {
        about: "OMS to UMS: an overlay was made.",
        ..of_ums("role-founded", "/roles/ums/founded", does!(founded))
    },
    Line {
        about: "OMS to UMS: a peer or server offers a service.",
        ..of_ums("role-serving", "/roles/ums/serving", does!(serving))
    },
    Line {
        about: "PAMS to UMS: what peers measured at their interfaces.",
        roles: &[Role::Pams],
        ..of_ums("role-measured", "/roles/ums/measured", does!(measured))
    },
    Line {
        about: "OMS to UMS: errors that peers reported (8.3.8 step 4).",
        ..of_ums("role-errors", "/roles/ums/errors", does!(errors))
    },
    Line {
        about: "IXS to OMS: may somebody publish in an overlay (8.3.6 step 4)?",
        ..of_oms("role-may-publish", "/roles/oms/may-publish", does!(may_publish))
    },
    Line {
        about: "IXS to OMS: which of these overlays are there?",
        ..of_oms("role-there", "/roles/oms/there", does!(there))
    },
    Line {
        about: "IXS to OMS: end a distribution (8.3.4 step 2).",
        ..of_oms("role-stop", "/roles/oms/stop", does!(stop))
    },
    Line {
        about: "IXS to OMS: a distribution may go on that was stopped.",
        ..of_oms("role-lift", "/roles/oms/lift", does!(lift))
    },
    Line {
        about: "OMS to IXS: what a publisher signed.",
        point: "r-ixs",
        part: Part::Ixs,
        ..of_ums("role-index-file", "/roles/ixs/index-file", does!(index_file))
    },
    Line {
        about: "OMS to IXS: is any content registered in an overlay?",
        point: "r-ixs",
        part: Part::Ixs,
        ..of_ums("role-has-contents", "/roles/ixs/has-contents", does!(has_contents))
    },
    Line {
        about: "IXS to OMS: what became of a stop (8.3.4 step 5).",
        ..of_oms("role-stop-result", "/roles/oms/stop-result", does!(stop_result))
    },
    Line {
        about: "OMS to PAMS: how peers stand (8.3.10 step 3).",
        point: "r1",
        part: Part::Pams,
        ..of_ums("role-standings", "/roles/pams/standings", does!(standings))
    },
    Line {
        about: "PAMS to OMS: ask peers for their status (8.3.10).",
        point: "r1",
        part: Part::Oms,
        roles: &[Role::Pams],
        ..of_ums("role-ask-status", "/roles/oms/ask-status", does!(ask_status))
    },
];

/// A line of what OMS asks of UMS, but for what it is about.
const fn of_ums(name: &'static str, path: &'static str, does: Does) -> Line {
    let (method, roles) = (Verb::Post, &[Role::Oms]);
    Line { name, about: "", point: "r7", part: Part::Ums, method, path, roles, does }
}

/// A line of what IXS asks of OMS.
const fn of_oms(name: &'static str, path: &'static str, does: Does) -> Line {
    let (method, roles) = (Verb::Post, &[Role::Ixs]);
    Line { name, about: "", point: "r-ixs", part: Part::Oms, method, path, roles, does }
}

fn oms(desk: &Desk) -> Result<&Oms, Problem> {
    desk.oms.as_deref().ok_or(Problem::NotFound)
}

fn ums(desk: &Desk) -> Result<&Ums, Problem> {
    desk.ums.as_ref().ok_or(Problem::NotFound)
}

async fn joined(
    State(desk): State<Arc<Desk>>,
    Body(visit): Body<Visit>,
) -> Result<Json<Profile>, Problem> {
    Ok(Json(ums(&desk)?.joined(visit).await?))
}

async fn class(
    State(desk): State<Arc<Desk>>,
    Body(peer): Body<PeerId>,
) -> Result<Json<ClassAnswer>, Problem> {
    Ok(Json(ums(&desk)?.class(&peer).await?))
}

async fn consents(
    State(desk): State<Arc<Desk>>,
    Body(peers): Body<Vec<PeerId>>,
) -> Result<Json<Vec<Option<bool>>>, Problem> {
    Ok(Json(ums(&desk)?.consents(&peers).await?))
}

async fn news(
    State(desk): State<Arc<Desk>>,
    Body(after): Body<NewsAfter>,
) -> Result<Json<UserNews>, Problem> {
    Ok(Json(ums(&desk)?.news(after).await?))
}

async fn founded(
    State(desk): State<Arc<Desk>>,
    Body(founding): Body<Founding>,
) -> Result<Json<()>, Problem> {
    Ok(Json(ums(&desk)?.founded(founding).await?))
}

async fn serving(
    State(desk): State<Arc<Desk>>,
    Body(serving): Body<Serving>,
) -> Result<Json<()>, Problem> {
    Ok(Json(ums(&desk)?.serving(serving).await?))
}

async fn measured(
    State(desk): State<Arc<Desk>>,
    Body(measured): Body<Vec<Measured>>,
) -> Result<Json<()>, Problem> {
    Ok(Json(ums(&desk)?.measured(measured).await?))
}

async fn errors(
    State(desk): State<Arc<Desk>>,
    Body(notes): Body<Vec<ErrorNote>>,
) -> Result<Json<u64>, Problem> {
    Ok(Json(ums(&desk)?.errors(notes).await?))
}

async fn standings(
    State(desk): State<Arc<Desk>>,
    Body(asked): Body<StandingsOf>,
) -> Result<Json<Vec<Option<Standing>>>, Problem> {
    let pams = desk.pams.as_ref().ok_or(Problem::NotFound)?;
    Ok(Json(pams.standings(&asked.peers, asked.now).await?))
}

async fn ask_status(
    State(desk): State<Arc<Desk>>,
    Body(peers): Body<Vec<PeerId>>,
) -> Result<Json<u64>, Problem> {
    let oms = desk.oms.as_deref().ok_or(Problem::NotFound)?;
    Ok(Json(oms.events.ask_status(&peers).await?))
}

async fn may_publish(
    State(desk): State<Arc<Desk>>,
    Body(publishing): Body<Publishing>,
) -> Result<Json<Option<bool>>, Problem> {
    Ok(Json(oms(&desk)?.may_publish(publishing).await?))
}

async fn there(
    State(desk): State<Arc<Desk>>,
    Body(overlays): Body<Vec<OverlayId>>,
) -> Result<Json<Vec<bool>>, Problem> {
    Ok(Json(oms(&desk)?.there(&overlays).await?))
}

async fn stop(
    State(desk): State<Arc<Desk>>,
    Body(order): Body<StopOrder>,
) -> Result<Json<u64>, Problem> {
    Ok(Json(oms(&desk)?.stop(order).await?))
}

async fn lift(
    State(desk): State<Arc<Desk>>,
    Body(order): Body<LiftOrder>,
) -> Result<Json<bool>, Problem> {
    Ok(Json(oms(&desk)?.lift(order).await?))
}

async fn stop_result(
    State(desk): State<Arc<Desk>>,
    Body(seq): Body<u64>,
) -> Result<Json<Option<StopResult>>, Problem> {
    Ok(Json(oms(&desk)?.stop_result(seq).await?))
}

async fn index_file(
    State(desk): State<Arc<Desk>>,
    Body(content): Body<ContentId>,
) -> Result<Json<Option<String>>, Problem> {
    let ixs = desk.ixs.as_ref().ok_or(Problem::NotFound)?;
    Ok(Json(Contents::index_file(ixs, content).await?))
}

async fn has_contents(
    State(desk): State<Arc<Desk>>,
    Body(overlay): Body<OverlayId>,
) -> Result<Json<bool>, Problem> {
    let ixs = desk.ixs.as_ref().ok_or(Problem::NotFound)?;
    Ok(Json(Contents::has_contents(ixs, &overlay).await?))
}
