//! From what went wrong to a status code: the one place that knows both (RFC 7285 §8.5, RFC 9110
//! §15).

use std::time::Duration;

use alto::fault::{Code, Fault};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_LENGTH, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderMap, Response, StatusCode};
use link::Caller;
use link::body::{Body, ReadError};

use crate::access::{Access, Denied};
use crate::http::reply;
use crate::maps::table::DIRECTORY_PATH;
use crate::resource::Refusal;

/// Why a request gets no answer.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Nothing is there.
    #[error("nothing is served here; the directory is at {DIRECTORY_PATH}")]
    NotFound,
    /// The resource has other methods.
    #[error("this resource takes {0}")]
    Method(&'static str),
    /// The client takes no answer of this type.
    #[error("the answer is {0}, which the request does not accept")]
    NotAcceptable(&'static str),
    /// The client takes no coding that there is.
    #[error("no acceptable content coding: there are identity, gzip and br")]
    NoCoding,
    /// `If-Match` names another version.
    #[error("this is another version than the request is for")]
    Precondition,
    /// The body is of another type.
    #[error("the request's Content-Type has to be {0}")]
    MediaType(&'static str),
    /// The body is coded.
    #[error("the request's body may not be compressed")]
    ContentCoding,
    /// The body could not be read.
    #[error(transparent)]
    Body(#[from] ReadError),
    /// The client may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The query is refused.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// Something of ours broke; the log says what.
    #[error("this request could not be worked on")]
    Internal,
}

impl Problem {
    /// The reply to it.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        if let Self::Refusal(Refusal::Fault(fault)) = &self {
            return reply::fault(fault);
        }
        let mut response = reply::plain(self.status(), &self.to_string());
        match self {
            Self::Method(allow) => {
                reply::put(&mut response, ALLOW, HeaderValue::from_static(allow))
            }
            // RFC 9110 §15.5.16: what would have been taken.
            Self::MediaType(accepts) => {
                reply::put(&mut response, ACCEPT, HeaderValue::from_static(accepts))
            }
            // RFC 9110 §12.5.3: tells it from a media type that is not taken.
            Self::ContentCoding => {
                reply::put(&mut response, ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            }
            Self::Denied(Denied::Unauthenticated { challenge }) => {
                reply::put(&mut response, WWW_AUTHENTICATE, challenge);
            }
            Self::Denied(Denied::Quota { retry_after } | Denied::Address { retry_after }) => {
                let seconds = retry_after.max(Duration::from_secs(1)).as_secs();
                reply::put(&mut response, RETRY_AFTER, HeaderValue::from(seconds));
            }
            Self::Refusal(Refusal::TooManyPairsByNow { retry_after }) => {
                let seconds = retry_after.as_secs() + 1;
                reply::put(&mut response, RETRY_AFTER, HeaderValue::from(seconds));
            }
            _ => {}
        }
        response
    }

    /// The challenge instead, where there are passwords and the client showed nothing of itself:
    /// what it asks for may be in a partner's view, or it sent no query as it waits to be
    /// challenged first.
    #[must_use]
    pub fn or_challenge(self, access: &Access, caller: &Caller, headers: &HeaderMap) -> Self {
        let is_of_view = match &self {
            Self::NotFound => true,
            Self::Refusal(Refusal::Fault(fault)) => {
                let is_empty = headers.get(CONTENT_LENGTH).is_some_and(|length| length == "0");
                let numerical = Fault::invalid_value("cost-type/cost-mode", "numerical");
                *fault == numerical || (fault.code == Code::Syntax && is_empty)
            }
            _ => false,
        };
        let challenge = is_of_view.then(|| access.challenge(caller, headers)).flatten();
        challenge.map_or(self, Self::Denied)
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::Denied(Denied::View) => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable(_) | Self::NoCoding => StatusCode::NOT_ACCEPTABLE,
            Self::Precondition => StatusCode::PRECONDITION_FAILED,
            Self::MediaType(_) | Self::ContentCoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Body(ReadError::TooLarge { .. })
            | Self::Refusal(Refusal::TooManyPairs { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(ReadError::TooSlow { .. }) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(ReadError::Broken(_)) | Self::Refusal(Refusal::Fault(_)) => {
                StatusCode::BAD_REQUEST
            }
            Self::Denied(Denied::NoCertificate | Denied::Role) => StatusCode::FORBIDDEN,
            Self::Denied(Denied::Unauthenticated { .. }) => StatusCode::UNAUTHORIZED,
            Self::Denied(Denied::Quota { .. } | Denied::Address { .. })
            | Self::Refusal(Refusal::TooManyPairsByNow { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
