//! What goes wrong becomes a status here and nowhere else.

mod oms;

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use link::body::ReadError;
use link::pki::PkiError;
use serde_json::json;

use crate::activity::{CareError, EnrolError, StatusError};
use crate::calls::{CallError, REFUSED};
use crate::database::DatabaseError;
use crate::index::IndexError;
use crate::membership::{
    JoinError, OverlayError, RendezvousRefused, ReportRefused, ReservationRefused, ServerError,
};
use crate::overlay::StoreError;
use crate::reservation::ReserveError;
use crate::stop::StopFault;
use crate::users::{LedgerError, ReportError, SignUpError};

/// The disk is full or fails, and may be whole again later; nothing was changed.
const STORAGE: (StatusCode, &str) = (StatusCode::SERVICE_UNAVAILABLE, "storage");

/// A request that is not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("a client certificate is needed here")]
    NoCertificate,
    #[error("this certificate's role may not do this")]
    Role,
    #[error("{0}")]
    Forbidden(String),
    #[error("there is nothing here")]
    NotFound,
    #[error("this is not asked by that method")]
    Method,
    #[error("{0}")]
    Missing(String),
    #[error("too many requests from this address; the next in {} s", .0.as_secs() + 1)]
    TooOften(Duration),
    #[error("{0} are at their bound")]
    NoRoom(&'static str),
    #[error("{0}")]
    Query(String),
    #[error("the body is malformed: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Body(#[from] ReadError),
    #[error(transparent)]
    Join(#[from] JoinError),
    #[error(transparent)]
    Failures(#[from] ReportRefused),
    #[error(transparent)]
    Rendezvous(#[from] RendezvousRefused),
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Refused(#[from] ReservationRefused),
    #[error(transparent)]
    Reserve(#[from] ReserveError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Status(#[from] StatusError),
    #[error(transparent)]
    Care(#[from] EnrolError),
    #[error(transparent)]
    Users(#[from] LedgerError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    SignUp(#[from] SignUpError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Stop(#[from] StopFault),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Problem {
    /// Status, and a word that programs can rely on.
    fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoCertificate => (StatusCode::FORBIDDEN, "no-certificate"),
            Self::Role => (StatusCode::FORBIDDEN, "role"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "not-yours"),
            Self::Index(error) => index_code(error),
            Self::Stop(StopFault::Unknown(_)) => (StatusCode::NOT_FOUND, "not-found"),
            Self::Stop(StopFault::Signed(_)) => (StatusCode::BAD_REQUEST, "stop-ack"),
            Self::Stop(StopFault::Database(error)) if error.is_passing() => STORAGE,
            Self::Stop(_) => INTERNAL,
            Self::TooOften(_) => (StatusCode::TOO_MANY_REQUESTS, "too-often"),
            Self::NotFound => (StatusCode::NOT_FOUND, "no-resource"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method"),
            Self::Missing(_) => (StatusCode::NOT_FOUND, "not-found"),
            Self::Query(_) => (StatusCode::BAD_REQUEST, "query"),
            Self::Json(_) => (StatusCode::BAD_REQUEST, "body"),
            Self::Body(ReadError::TooLarge { .. }) => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::Body(ReadError::TooSlow { .. }) => (StatusCode::REQUEST_TIMEOUT, "too-slow"),
            Self::Body(ReadError::Broken(_)) => (StatusCode::BAD_REQUEST, "body"),
            Self::Join(error) => oms::join(error),
            Self::Failures(error) => oms::failures(error),
            Self::Rendezvous(error) => oms::rendezvous(error),
            Self::Overlay(OverlayError::Database(error)) if error.is_passing() => STORAGE,
            Self::Overlay(error) => oms::overlay(error),
            Self::Server(error) => oms::server(error),
            Self::Refused(error) => oms::refused(error),
            Self::Reserve(error) => oms::reserve(error),
            Self::Store(error) => oms::store(error),
            Self::Status(StatusError::NotInCare(_)) => (StatusCode::FORBIDDEN, "not-in-care"),
            Self::Status(StatusError::Nonsense(_))
            | Self::Care(EnrolError::Care(CareError::Itself)) => (StatusCode::BAD_REQUEST, "query"),
            Self::Care(EnrolError::Care(CareError::None)) => (StatusCode::NOT_FOUND, "not-found"),
            Self::Status(StatusError::Database(error))
            | Self::Care(EnrolError::Database(error))
                if error.is_passing() =>
            {
                STORAGE
            }
            Self::Status(StatusError::Database(_)) | Self::Care(EnrolError::Database(_)) => {
                INTERNAL
            }
            Self::NoRoom(_)
            | Self::Status(_)
            | Self::Care(_)
            | Self::Database(DatabaseError::Busy) => (StatusCode::SERVICE_UNAVAILABLE, "full"),
            Self::Users(error)
            | Self::Report(ReportError::Ledger(error))
            | Self::SignUp(SignUpError::Ledger(error)) => users_code(error),
            Self::Report(ReportError::Content(_)) => (StatusCode::BAD_REQUEST, "body"),
            Self::Report(ReportError::Reporter(_)) => (StatusCode::FORBIDDEN, "no-member"),
            Self::SignUp(error) => sign_up_code(error),
            Self::Call(CallError::Refused(_)) => (StatusCode::FORBIDDEN, REFUSED),
            Self::Call(_) => (StatusCode::SERVICE_UNAVAILABLE, "role"),
            Self::Database(error) if error.is_passing() => STORAGE,
            Self::Database(_) => INTERNAL,
        }
    }
}

fn index_code(error: &IndexError) -> (StatusCode, &'static str) {
    match error {
        IndexError::OtherOwner(_)
        | IndexError::OtherOverlay(_)
        | IndexError::OtherPublisher(_)
        | IndexError::OtherAuthority(_) => (StatusCode::FORBIDDEN, "not-yours"),
        IndexError::File(_) => (StatusCode::BAD_REQUEST, "index-file"),
        IndexError::NoOverlay => (StatusCode::BAD_REQUEST, "body"),
        IndexError::Version { .. } => (StatusCode::CONFLICT, "version"),
        IndexError::OtherCut(_) => (StatusCode::CONFLICT, "fragment-size"),
        IndexError::Unknown(_) => (StatusCode::NOT_FOUND, "not-found"),
        IndexError::Denied { .. } => (StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS, "denied"),
        IndexError::Database(DatabaseError::Busy) => (StatusCode::SERVICE_UNAVAILABLE, "full"),
        IndexError::Database(error) if error.is_passing() => STORAGE,
        IndexError::Database(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

const INTERNAL: (StatusCode, &str) = (StatusCode::INTERNAL_SERVER_ERROR, "internal");

const fn users_code(error: &LedgerError) -> (StatusCode, &'static str) {
    match error {
        LedgerError::OtherUser { .. } | LedgerError::LockedOut(_) => {
            (StatusCode::FORBIDDEN, "not-yours")
        }
        LedgerError::NoUser(_) => (StatusCode::NOT_FOUND, "not-found"),
        LedgerError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "full"),
        LedgerError::Storage => STORAGE,
        LedgerError::Failed(_) => INTERNAL,
    }
}

fn sign_up_code(error: &SignUpError) -> (StatusCode, &'static str) {
    match error {
        SignUpError::Closed => (StatusCode::FORBIDDEN, "closed"),
        SignUpError::Taken(_) => (StatusCode::CONFLICT, "taken"),
        SignUpError::TooMany | SignUpError::TooManyPeers(_) => {
            (StatusCode::TOO_MANY_REQUESTS, "too-many")
        }
        SignUpError::Ledger(error) => users_code(error),
        SignUpError::Pki(PkiError::Full(_)) => (StatusCode::SERVICE_UNAVAILABLE, "full"),
        SignUpError::Pki(error) if error.is_passing() => STORAGE,
        SignUpError::Pki(_) | SignUpError::Task => INTERNAL,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code) = self.code();
        // Causes are for the log.
        let hidden = match (status, code) {
            (StatusCode::INTERNAL_SERVER_ERROR, _) => Some("this server failed"),
            STORAGE => Some("this server can store nothing now"),
            _ => None,
        };
        if hidden.is_some() {
            tracing::error!(error = %self, "a request failed");
        }
        let message = hidden.map_or_else(|| self.to_string(), str::to_owned);
        let mut body = json!({"error": {"code": code, "message": message}});
        if let Self::Join(JoinError::Stopped(stop)) | Self::Overlay(OverlayError::Stopped(stop)) =
            &self
        {
            body["stop"] = json!(&**stop);
        }
        if let Self::Status(StatusError::NotInCare(peer) | StatusError::Nonsense(peer)) = &self {
            body["peer-id"] = json!(peer);
        }
        let body = Json(body);
        match self {
            Self::TooOften(wait)
            | Self::Join(JoinError::TooOften(wait))
            | Self::Failures(ReportRefused::TooOften(wait)) => {
                let seconds = (wait.as_secs() + 1).to_string();
                (status, [(header::RETRY_AFTER, seconds)], body).into_response()
            }
            // The rest of the content is not read: nothing else can come on the connection.
            Self::Body(_) => (status, [(header::CONNECTION, "close")], body).into_response(),
            _ => (status, body).into_response(),
        }
    }
}
