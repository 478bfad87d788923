//! Queries: what stands after the question mark.

use axum::extract::FromRequestParts;
use http::request::Parts;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::api::does::{Generators, Shape, Takes};
use crate::api::problem::Problem;

/// A request's query.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Query::try_from_uri(&parts.uri);
        let axum::extract::Query(query) =
            read.map_err(|error| Problem::Query(error.body_text()))?;
        Ok(Self(query))
    }
}

impl<T: JsonSchema> Takes for Query<T> {
    fn takes(shape: &mut Shape, generators: &mut Generators) {
        shape.query = Some(generators.read.root_schema_for::<T>());
    }
}
