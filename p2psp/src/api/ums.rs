//! `/ums/…`: users (R13; TR 20002 §8.2.2, §8.3.8, §8.3.9).

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use link::Caller;
use link::identity::Role;
use mp2p::id::{OverlayId, PeerId, UserId};
use mp2p::message::account::{Account, ClassAnswer, Consent, SignUp, SignedUp};
use mp2p::message::profile::Profile;
use mp2p::message::report::{
    DistributionResult, Receipts, ReceiptsAnswer, SuccessAnswer, SuccessReport,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::answer::Done;
use crate::api::body::Body;
use crate::api::caller::Member;
use crate::api::desk::Desk;
use crate::api::does::does;
use crate::api::line::{ANYBODY, ANYONE, Line, MEMBERS, PEERS, SERVED, USERS, Verb};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::settings::Part;
use crate::users::{Act, Ums};

const fn line(name: &'static str, about: &'static str) -> Line {
    Line {
        name,
        about,
        point: "r13",
        part: Part::Ums,
        method: Verb::Get,
        path: "/ums/profile",
        roles: USERS,
        does: does!(profile),
    }
}

/// What can be asked of this role.
pub(crate) const LINES: &[Line] = &[
    line("profile", "See a user's profile."),
    Line {
        path: "/ums/account",
        does: does!(account),
        ..line("account", "See a user's credit and days.")
    },
    Line {
        path: "/ums/class",
        roles: ANYONE,
        does: does!(class),
        ..line("class", "Have the class of a peer confirmed (8.3.9, first method).")
    },
    Line {
        path: "/ums/result",
        does: does!(result),
        ..line("result", "See how the contents of an own overlay were distributed (8.3.8).")
    },
    Line {
        path: "/ums/receipt",
        method: Verb::Post,
        roles: SERVED,
        does: does!(receipts),
        ..line("receipt", "Send in receipts of what was exchanged.")
    },
    Line {
        path: "/ums/success",
        method: Verb::Post,
        roles: MEMBERS,
        does: does!(success),
        ..line("success", "Report successes, aggregated (8.3.8 step 2).")
    },
    Line {
        path: "/ums/consent",
        method: Verb::Put,
        roles: PEERS,
        does: does!(consent),
        ..line("consent", "Say whether status may be shown as it is (Annex A).")
    },
    Line {
        path: "/ums/signup",
        method: Verb::Post,
        roles: ANYBODY,
        does: does!(sign_up),
        ..line("sign-up", "Become a user, or get a token for a further peer.")
    },
    Line {
        path: "/ums/peer",
        method: Verb::Delete,
        roles: PEERS,
        does: does!(lost),
        ..line("lost-peer", "End another peer of the own user whose key is lost.")
    },
];

/// Which user; the own one where none is named.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Which {
    user_id: Option<UserId>,
}

impl Which {
    fn user(self, asker: Option<Member>) -> Result<UserId, Problem> {
        match (asker.and_then(|Member(asker)| asker.user), self.user_id) {
            (Some(own), None) => Ok(own),
            (Some(own), Some(named)) if own == named => Ok(own),
            (Some(_), Some(named)) => Err(Problem::Forbidden(format!("{named} is another user"))),
            (None, Some(named)) => Ok(named),
            (None, None) => Err(Problem::Query("no user-id".to_owned())),
        }
    }
}

/// The peer whose class is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WhichPeer {
    peer_id: PeerId,
}

/// Which overlay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WhichOverlay {
    overlay_id: OverlayId,
}

fn role(desk: &Desk) -> Result<&Ums, Problem> {
    desk.ums.as_ref().ok_or(Problem::NotFound)
}

/// `GET /ums/profile[?user-id=…]`: the own profile, or for an operator any.
pub(crate) async fn profile(
    State(desk): State<Arc<Desk>>,
    asker: Option<Member>,
    Query(which): Query<Which>,
) -> Result<Json<Profile>, Problem> {
    let user = which.user(asker)?;
    let profile = role(&desk)?.profile(&user).await?;
    profile.map(Json).ok_or_else(|| Problem::Missing(format!("no profile of {user}")))
}

/// `GET /ums/account[?user-id=…]`: the own account, or for an operator any.
pub(crate) async fn account(
    State(desk): State<Arc<Desk>>,
    asker: Option<Member>,
    Query(which): Query<Which>,
) -> Result<Json<Account>, Problem> {
    let user = which.user(asker)?;
    let account = role(&desk)?.account(&user).await?;
    account.map(Json).ok_or_else(|| Problem::Missing(format!("no account of {user}")))
}

/// `GET /ums/class?peer-id=…`: the class of a peer that the asker serves.
pub(crate) async fn class(
    State(desk): State<Arc<Desk>>,
    Query(which): Query<WhichPeer>,
) -> Result<Json<ClassAnswer>, Problem> {
    Ok(Json(role(&desk)?.class_of(&which.peer_id).await?))
}

/// `GET /ums/result?overlay-id=…`: for the owner of the overlay, or an operator.
pub(crate) async fn result(
    State(desk): State<Arc<Desk>>,
    asker: Option<Member>,
    Query(which): Query<WhichOverlay>,
) -> Result<Json<DistributionResult>, Problem> {
    let overlay = which.overlay_id;
    let found = role(&desk)?.result(&overlay).await?;
    let missing = || Problem::Missing(format!("no overlay {overlay} of yours"));
    let found = found.ok_or_else(missing)?;
    match asker.map(|Member(asker)| asker.user) {
        // Whose it is, is not told either.
        Some(user) if user.is_none() || user != found.owner => Err(missing()),
        _ => Ok(Json(found.result)),
    }
}

/// `POST /ums/receipt`: what became of each, in their order.
pub(crate) async fn receipts(
    State(desk): State<Arc<Desk>>,
    Member(sender): Member,
    Body(receipts): Body<Receipts>,
) -> Result<Json<ReceiptsAnswer>, Problem> {
    let now = desk.moment().unix_s;
    let receipts = role(&desk)?.receipts(&sender.peer, receipts, now).await?;
    Ok(Json(ReceiptsAnswer { receipts }))
}

/// `POST /ums/success`: an aggregated report.
pub(crate) async fn success(
    State(desk): State<Arc<Desk>>,
    Member(reporter): Member,
    Body(report): Body<SuccessReport>,
) -> Result<Json<SuccessAnswer>, Problem> {
    let now = desk.moment().unix_s;
    let is_new = role(&desk)?.success(&reporter.peer, report, now).await?;
    Ok(Json(SuccessAnswer { is_new }))
}

/// `PUT /ums/consent`: for all peers of the asker's user.
pub(crate) async fn consent(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Body(consent): Body<Consent>,
) -> Result<Done, Problem> {
    let user = asker.user.ok_or(Problem::Role)?;
    let by = Act { actor: format!("peer/{}", asker.peer), now: desk.moment().unix_s };
    role(&desk)?.ledger().consent(&user, consent.show_status, &by).await?;
    Ok(Done)
}

/// `POST /ums/signup`: without a certificate a new user, where anybody may be one; a further peer
/// of
/// the user who asks; for an operator a peer of anybody.
pub(crate) async fn sign_up(
    State(desk): State<Arc<Desk>>,
    Extension(caller): Extension<Caller>,
    asker: Option<Member>,
    Body(SignUp { user_id }): Body<SignUp>,
) -> Result<Json<SignedUp>, Problem> {
    let (ums, sign_ups) = (role(&desk)?, desk.sign_ups.as_ref().ok_or(Problem::NotFound)?);
    let now = desk.moment().unix_s;
    let by = |actor: String| Act { actor, now };
    let signed_up = match (caller.role(), asker.map(|Member(asker)| asker)) {
        (Role::Operator, _) => sign_ups.token(user_id, now).await?,
        (_, Some(asker)) if asker.user.as_ref() == Some(&user_id) => {
            sign_ups.further(ums, user_id, &by(format!("peer/{}", asker.peer))).await?
        }
        (_, Some(_)) => return Err(Problem::Forbidden(format!("{user_id} is another user"))),
        (_, None) => sign_ups.newcomer(ums, user_id, caller.address.ip(), now).await?,
    };
    Ok(Json(signed_up))
}

/// `DELETE /ums/peer?peer-id=…`: the key of another peer of the asker's user is lost.
pub(crate) async fn lost(
    State(desk): State<Arc<Desk>>,
    Member(asker): Member,
    Query(which): Query<WhichPeer>,
) -> Result<Done, Problem> {
    let (ums, sign_ups) = (role(&desk)?, desk.sign_ups.as_ref().ok_or(Problem::NotFound)?);
    let peer = which.peer_id;
    let user = asker.user.ok_or(Problem::Role)?;
    if peer == asker.peer {
        return Err(Problem::Forbidden("the key of the peer that asks is not lost".to_owned()));
    }
    let by = Act { actor: format!("peer/{}", asker.peer), now: desk.moment().unix_s };
    match sign_ups.lost(ums, (&user, &peer), &by).await? {
        true => Ok(Done),
        false => Err(Problem::Missing(format!("no peer {peer} of yours"))),
    }
}
