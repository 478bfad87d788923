//! `/oms/expel`: an operator puts a peer out of an overlay, or lets it in again (Req-Net-090).

use std::sync::Arc;

use axum::extract::State;
use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::Text;
use mp2p::message::content::MAX_REASON_BYTES;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::answer::Done;
use crate::api::caller::Named;
use crate::api::desk::Desk;
use crate::api::does::does;
use crate::api::line::{Line, OPERATORS, Verb};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::expulsion::Ground;
use crate::settings::Part;

/// What can be asked.
pub(crate) const LINES: &[Line] = &[
    Line {
        name: "expel",
        about: "Put a peer out of an overlay.",
        point: "operator",
        part: Part::Oms,
        method: Verb::Post,
        path: "/oms/expel",
        roles: OPERATORS,
        does: does!(expel),
    },
    Line {
        name: "readmit",
        about: "Let an expelled peer in again.",
        point: "operator",
        part: Part::Oms,
        method: Verb::Delete,
        path: "/oms/expel",
        roles: OPERATORS,
        does: does!(readmit),
    },
];

/// Whom, and why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Whom {
    overlay_id: OverlayId,
    peer_id: PeerId,
    #[serde(default)]
    reason: Text<MAX_REASON_BYTES>,
}

impl Whom {
    fn ground(&self, who: String, now: u64) -> Ground {
        Ground { who, reason: self.reason.to_string(), proof: None, now }
    }
}

/// `POST /oms/expel?overlay-id=…&peer-id=…[&reason=…]`.
pub(crate) async fn expel(
    State(desk): State<Arc<Desk>>,
    Named(who): Named,
    Query(whom): Query<Whom>,
) -> Result<Done, Problem> {
    let oms = desk.oms.as_deref().ok_or(Problem::NotFound)?;
    let ground = whom.ground(who, desk.moment().unix_s);
    if !oms.can_be_out(&whom.overlay_id, &whom.peer_id, ground.now).await? {
        let (overlay, peer) = (&whom.overlay_id, &whom.peer_id);
        let missing = format!("{peer} is no member of {overlay}, and no peer that any user has");
        return Err(Problem::Missing(missing));
    }
    oms.expel(&whom.overlay_id, &whom.peer_id, ground).await?;
    Ok(Done)
}

/// `DELETE /oms/expel?overlay-id=…&peer-id=…[&reason=…]`.
pub(crate) async fn readmit(
    State(desk): State<Arc<Desk>>,
    Named(who): Named,
    Query(whom): Query<Whom>,
) -> Result<Done, Problem> {
    let oms = desk.oms.as_deref().ok_or(Problem::NotFound)?;
    let ground = whom.ground(who, desk.moment().unix_s);
    let (overlay, peer) = (whom.overlay_id, whom.peer_id);
    match oms.expulsions.readmit((overlay, peer.clone()), ground).await? {
        true => Ok(Done),
        false => Err(Problem::Missing(format!("{peer} is not expelled"))),
    }
}
