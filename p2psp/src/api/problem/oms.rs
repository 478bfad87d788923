//! Statuses of what goes wrong with overlays, servers and reservations.

use http::StatusCode;

use crate::membership::{
    JoinError, OverlayError, RendezvousRefused, ReportRefused, ReservationRefused, ServerError,
};
use crate::overlay::StoreError;
use crate::reservation::ReserveError;

type Code = (StatusCode, &'static str);

pub(crate) const fn join(error: &JoinError) -> Code {
    match error {
        JoinError::OtherPeer(_) | JoinError::Refused(_) => (StatusCode::FORBIDDEN, "not-yours"),
        JoinError::Expelled => (StatusCode::FORBIDDEN, "expelled"),
        JoinError::Closed => (StatusCode::FORBIDDEN, "closed"),
        JoinError::TooOften(_) => (StatusCode::TOO_MANY_REQUESTS, "too-often"),
        JoinError::Address(_) => (StatusCode::BAD_REQUEST, "address"),
        JoinError::Stopped(_) => (StatusCode::GONE, "stopped"),
        JoinError::Store(error) => store(error),
    }
}

pub(crate) const fn failures(error: &ReportRefused) -> Code {
    match error {
        ReportRefused::NoMember(_) => (StatusCode::FORBIDDEN, "no-member"),
        ReportRefused::TooOften(_) => (StatusCode::TOO_MANY_REQUESTS, "too-often"),
        ReportRefused::Store(error) => store(error),
    }
}

pub(crate) const fn rendezvous(error: &RendezvousRefused) -> Code {
    match error {
        RendezvousRefused::NoMember(_) => (StatusCode::FORBIDDEN, "no-member"),
        RendezvousRefused::Away(_) => (StatusCode::NOT_FOUND, "not-found"),
        RendezvousRefused::Apart(..) => (StatusCode::CONFLICT, "apart"),
        RendezvousRefused::NotAsked => (StatusCode::FORBIDDEN, "not-asked"),
        RendezvousRefused::Port(..) => (StatusCode::BAD_REQUEST, "address"),
        RendezvousRefused::TooOften(_) => (StatusCode::TOO_MANY_REQUESTS, "too-often"),
        RendezvousRefused::Store(error) => store(error),
    }
}

pub(crate) const fn overlay(error: &OverlayError) -> Code {
    match error {
        OverlayError::OtherOwner(_) => (StatusCode::FORBIDDEN, "not-yours"),
        OverlayError::Kept(_) => (StatusCode::CONFLICT, "overlay-kept"),
        OverlayError::Stopped(_) => (StatusCode::GONE, "stopped"),
        OverlayError::Database(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        OverlayError::Store(error) => store(error),
    }
}

pub(crate) const fn server(error: &ServerError) -> Code {
    match error {
        ServerError::NotDedicated(_) => (StatusCode::FORBIDDEN, "role"),
        ServerError::Full => (StatusCode::SERVICE_UNAVAILABLE, "full"),
        ServerError::Address(_) => (StatusCode::BAD_REQUEST, "address"),
        ServerError::Reserve(error) => reserve(error),
    }
}

pub(crate) const fn refused(error: &ReservationRefused) -> Code {
    match error {
        ReservationRefused::OtherOwner(_) => (StatusCode::FORBIDDEN, "not-yours"),
        ReservationRefused::Join(error) => join(error),
        ReservationRefused::Reserve(error) => reserve(error),
    }
}

pub(crate) const fn reserve(error: &ReserveError) -> Code {
    match error {
        ReserveError::NoCapacity { .. } => (StatusCode::SERVICE_UNAVAILABLE, "no-capacity"),
        ReserveError::TooMany(_) => (StatusCode::FORBIDDEN, "too-many"),
        ReserveError::Full(_) => (StatusCode::SERVICE_UNAVAILABLE, "full"),
        ReserveError::None(_) | ReserveError::NoServer => (StatusCode::NOT_FOUND, "not-found"),
    }
}

pub(crate) const fn store(error: &StoreError) -> Code {
    match error {
        StoreError::NoOverlay(_) => (StatusCode::NOT_FOUND, "no-overlay"),
        StoreError::Exists(_) => (StatusCode::CONFLICT, "overlay-exists"),
        StoreError::FullForUser(_) => (StatusCode::FORBIDDEN, "too-many"),
        StoreError::Full { .. } => (StatusCode::SERVICE_UNAVAILABLE, "full"),
    }
}
