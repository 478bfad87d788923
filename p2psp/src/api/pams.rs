//! `/pams/status`: reports of peers (R2; TR 20002 §8.3.10).

use std::sync::Arc;

use axum::extract::State;
use axum::routing::on;
use http::StatusCode;
use mp2p::message::status::StatusReport;

use crate::api::body::Body;
use crate::api::caller::Member;
use crate::api::desk::Desk;
use crate::api::line::{Line, MEMBERS, Verb};
use crate::api::problem::Problem;
use crate::settings::Part;

/// What can be asked of this role.
pub(crate) const LINES: &[Line] = &[Line {
    name: "report-status",
    about: "Report status (8.3.10).",
    point: "r2",
    part: Part::Pams,
    method: Verb::Post,
    path: "/pams/status",
    roles: MEMBERS,
    handler: |verb| on(verb, report),
}];

/// `POST /pams/status`: the own status. Batches of super peers are not taken yet.
pub(crate) async fn report(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(report): Body<StatusReport>,
) -> Result<StatusCode, Problem> {
    let pams = desk.pams.as_ref().ok_or(Problem::NotFound)?;
    if let Some(other) = report.reports.iter().find(|report| report.peer_id != asker.peer) {
        return Err(Problem::Forbidden(format!("{} reports for itself", other.peer_id)));
    }
    if report.reports.iter().any(|report| !report.status.is_sensible()) {
        return Err(Problem::Query("cpu-load is a share, 0 to 1".to_owned()));
    }
    let reports = report.reports.iter().map(|one| (one.peer_id.clone(), one.status.clone()));
    pams.report(reports, desk.moment().unix_s)?;
    Ok(StatusCode::NO_CONTENT)
}
