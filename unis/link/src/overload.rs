//! A bound on requests in work, of all and of one source: beyond it a request is answered 503 (RFC
//! 9110 §15.6.4).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderValue, Response, StatusCode, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::body::{self, Body};

/// Counts requests in work and lets no more than a fixed number in. Clones share the count.
#[derive(Clone, Debug)]
pub struct Gate {
    places: Arc<Semaphore>,
}

/// What one source may have in work of it. Clones share the count.
#[derive(Clone, Debug)]
pub struct Share {
    taken: Arc<AtomicUsize>,
    most: usize,
}

/// A place at work, given back when dropped.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
    share: Share,
}

impl Share {
    /// A share of `most` places.
    pub fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.share.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    /// A gate with room for `places` requests.
    pub fn new(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))) }
    }

    /// A place, or `None` when all are taken, or all of the source's share; never waits.
    pub fn enter(&self, share: &Share) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let before = share.taken.fetch_add(1, Ordering::Relaxed);
        // Given back where it is one too many.
        let place = Place { _permit: permit, share: share.clone() };
        (before < share.most).then_some(place)
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
        let (gate, share) = (Gate::new(1), Share::new(9));
        let first = gate.enter(&share).unwrap();
        assert!(gate.enter(&share).is_none());
        drop(first);
        assert!(gate.enter(&share).is_some());
    }

    #[test]
    fn a_source_has_its_share_of_the_places() {
        let (gate, one, other) = (Gate::new(9), Share::new(1), Share::new(1));
        let first = gate.enter(&one).unwrap();
        assert!(gate.enter(&one).is_none());
        let _second = gate.enter(&other).unwrap();
        drop(first);
        assert!(gate.enter(&one).is_some());
        assert!(gate.enter(&one).is_some());
    }

    #[test]
    fn the_refusal_says_when_to_come_back() {
        let response = unavailable(2);
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "2");
    }
}
