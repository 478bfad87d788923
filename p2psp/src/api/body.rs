//! Bodies: bounded in length and time, JSON.

use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody as _;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use link::body::{ReadError, let_pass, read};
use mp2p::signed::MAX_SIGNED_BYTES;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::api::desk::Desk;
use crate::api::does::{Generators, Shape, Takes};
use crate::api::objects;
use crate::api::problem::Problem;

/// A request's body.
pub(crate) struct Body<T>(pub(crate) T);

/// A body that has a signed object of any length in it.
pub(crate) struct Long<T>(pub(crate) T);

/// A super peer's batch, and how many bytes it took.
pub(crate) struct Batch<T>(pub(crate) T, pub(crate) usize);

/// Longest batch, bytes.
const MAX_BATCH_BYTES: usize = 1 << 20;
/// Beside the signed object.
const ENVELOPE_BYTES: usize = 4096;

/// All of a body. What is too long is let pass, within bounds, before it is refused.
async fn whole(request: Request, bound: usize, deadline: Duration) -> Result<Bytes, ReadError> {
    let mut body = request.into_body();
    let is_too_long = body.size_hint().lower() > bound as u64;
    if is_too_long {
        let_pass(&mut body).await;
        return Err(ReadError::TooLarge { max_bytes: bound });
    }
    read(body, bound, deadline).await
}

impl<T: DeserializeOwned> FromRequest<Arc<Desk>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Problem> {
        let bounds = desk.bounds;
        let bytes = whole(request, bounds.max_body_bytes, bounds.body_deadline).await?;
        Ok(Self(objects::from_slice(&bytes)?))
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<Desk>> for Long<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Problem> {
        let bound = MAX_SIGNED_BYTES + ENVELOPE_BYTES;
        let bytes = whole(request, bound, desk.bounds.body_deadline).await?;
        Ok(Self(objects::from_slice(&bytes)?))
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<Desk>> for Batch<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Problem> {
        let deadline = desk.bounds.body_deadline;
        let bytes = whole(request, MAX_BATCH_BYTES, deadline).await?;
        Ok(Self(objects::from_slice(&bytes)?, bytes.len()))
    }
}

impl<T: JsonSchema> Takes for Body<T> {
    fn takes(shape: &mut Shape, generators: &mut Generators) {
        shape.body = Some(generators.read.root_schema_for::<T>());
    }
}

impl<T: JsonSchema> Takes for Long<T> {
    fn takes(shape: &mut Shape, generators: &mut Generators) {
        Body::<T>::takes(shape, generators);
    }
}

impl<T: JsonSchema> Takes for Batch<T> {
    fn takes(shape: &mut Shape, generators: &mut Generators) {
        Body::<T>::takes(shape, generators);
    }
}
