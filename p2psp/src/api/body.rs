//! Bodies: bounded in length and time, JSON.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use link::body::read;
use mp2p::signed::MAX_SIGNED_BYTES;
use serde::de::DeserializeOwned;

use crate::api::desk::Desk;
use crate::api::problem::Problem;

/// A request's body.
pub(crate) struct Body<T>(pub(crate) T);

/// A body that has a signed object of any length in it.
pub(crate) struct Long<T>(pub(crate) T);

/// Beside the signed object.
const ENVELOPE_BYTES: usize = 4096;

impl<T: DeserializeOwned> FromRequest<Arc<Desk>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Problem> {
        let bounds = desk.bounds;
        let bytes = read(request.into_body(), bounds.max_body_bytes, bounds.body_deadline).await?;
        Ok(Self(serde_json::from_slice(&bytes)?))
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<Desk>> for Long<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Problem> {
        let bound = MAX_SIGNED_BYTES + ENVELOPE_BYTES;
        let bytes = read(request.into_body(), bound, desk.bounds.body_deadline).await?;
        Ok(Self(serde_json::from_slice(&bytes)?))
    }
}
