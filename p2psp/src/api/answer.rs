//! Answers as asked, with a status of their own; what goes wrong stands in
//! [`crate::api::problem`].

use std::marker::PhantomData;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use mp2p::message::join::JoinAnswer;
use schemars::{JsonSchema, Schema};
use serde::Serialize;

use crate::api::does::{Generators, Gives};

/// What both ends send.
const JSON: &str = "application/json";

/// A `T` that is JSON already.
pub(crate) struct Written<T>(Vec<u8>, PhantomData<T>);

/// Something was made.
pub(crate) struct Created<T>(pub(crate) T);

/// Something is begun, and goes on by itself.
pub(crate) struct Accepted<T>(pub(crate) T);

/// It is done, and there is nothing to say.
pub(crate) struct Done;

/// Server-sent events, for as long as the asker listens.
pub(crate) struct EventStream(pub(crate) Response);

impl From<JoinAnswer> for Written<JoinAnswer> {
    fn from(answer: JoinAnswer) -> Self {
        Self(answer.into_json(), PhantomData)
    }
}

impl<T> IntoResponse for Written<T> {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, HeaderValue::from_static(JSON))], self.0).into_response()
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, Json(self.0)).into_response()
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl IntoResponse for EventStream {
    fn into_response(self) -> Response {
        self.0
    }
}

fn json<T: JsonSchema>(generators: &mut Generators) -> Option<(&'static str, Schema)> {
    Some((JSON, generators.written.subschema_for::<T>()))
}

impl<T: JsonSchema> Gives for Json<T> {
    const STATUS: u16 = 200;

    fn gives(generators: &mut Generators) -> Option<(&'static str, Schema)> {
        json::<T>(generators)
    }
}

impl<T: JsonSchema> Gives for Written<T> {
    const STATUS: u16 = 200;

    fn gives(generators: &mut Generators) -> Option<(&'static str, Schema)> {
        json::<T>(generators)
    }
}

impl<T: JsonSchema> Gives for Created<T> {
    const STATUS: u16 = 201;

    fn gives(generators: &mut Generators) -> Option<(&'static str, Schema)> {
        json::<T>(generators)
    }
}

impl<T: JsonSchema> Gives for Accepted<T> {
    const STATUS: u16 = 202;

    fn gives(generators: &mut Generators) -> Option<(&'static str, Schema)> {
        json::<T>(generators)
    }
}

impl Gives for Done {
    const STATUS: u16 = 204;

    fn gives(_: &mut Generators) -> Option<(&'static str, Schema)> {
        None
    }
}

impl Gives for EventStream {
    const STATUS: u16 = 200;

    fn gives(generators: &mut Generators) -> Option<(&'static str, Schema)> {
        Some(("text/event-stream", generators.written.subschema_for::<String>()))
    }
}
