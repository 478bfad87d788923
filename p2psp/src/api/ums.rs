//! `/ums/profile`: users (R13; TR 20002 §8.2.2).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::routing::on;
use mp2p::id::UserId;
use mp2p::message::profile::Profile;
use serde::Deserialize;

use crate::api::caller::Member;
use crate::api::desk::Desk;
use crate::api::line::{Line, USERS, Verb};
use crate::api::problem::Problem;
use crate::settings::Part;

/// What can be asked of this role.
pub(crate) const LINES: &[Line] = &[Line {
    name: "profile",
    about: "See a user's profile.",
    point: "r13",
    part: Part::Ums,
    method: Verb::Get,
    path: "/ums/profile",
    roles: USERS,
    handler: |verb| on(verb, profile),
}];

/// Which user; the own one where none is named.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Which {
    user_id: Option<String>,
}

/// `GET /ums/profile[?user-id=…]`: the own profile, or for an operator any.
pub(crate) async fn profile(
    State(desk): State<Arc<Desk>>,
    asker: Option<Member>,
    Query(which): Query<Which>,
) -> Result<Json<Profile>, Problem> {
    let named = which.user_id.as_deref().map(UserId::parse).transpose();
    let named = named.map_err(|error| Problem::Query(error.to_string()))?;
    let user = match (asker.and_then(|Member(asker)| asker.user), named) {
        (Some(own), None) => own,
        (Some(own), Some(named)) if own == named => own,
        (Some(_), Some(named)) => {
            return Err(Problem::Forbidden(format!("{named} is another user")));
        }
        (None, Some(named)) => named,
        (None, None) => return Err(Problem::Query("no user-id".to_owned())),
    };
    let ums = desk.ums.as_ref().ok_or(Problem::NotFound)?;
    let profile = ums.profile(&user).await?;
    profile.map(Json).ok_or_else(|| Problem::Missing(format!("no profile of {user}")))
}
