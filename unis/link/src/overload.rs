//! A bound on requests in work: beyond it a request is answered 503 (RFC 9110 §15.6.4).

use std::sync::Arc;

use http::{HeaderValue, Response, StatusCode, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::body::{self, Body};

/// Counts requests in work and lets no more than a fixed number in. Clones share the count.
#[derive(Clone, Debug)]
pub struct Gate {
    places: Arc<Semaphore>,
}

/// A place at work, given back when dropped.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Gate {
    /// A gate with room for `places` requests.
    pub fn new(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))) }
    }

    /// A place, or `None` when all are taken; never waits.
    pub fn enter(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { _permit: permit })
    }
}

/// `503 Service Unavailable` with `Retry-After`, in seconds (RFC 7285 §8.5.3).
pub fn unavailable(retry_after_s: u32) -> Response<Body> {
    let mut response = Response::new(body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_gate_opens_when_a_place_is_left() {
        let gate = Gate::new(1);
        let first = gate.enter().unwrap();
        assert!(gate.enter().is_none());
        drop(first);
        assert!(gate.enter().is_some());
    }

    #[test]
    fn the_refusal_says_when_to_come_back() {
        let response = unavailable(2);
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "2");
    }
}
