//! OMS (R5): what is reserved for this peer (TR 20002 §8.3.7).

use http::Method;
use mp2p::message::bound::Text;
use mp2p::message::server::{HeldAnswer, ReservationAnswer, ReservationChange, ReservationRequest};

use crate::provider::{Provider, ProviderError};

impl Provider {
    /// Has something kept free.
    ///
    /// # Errors
    /// [`ProviderError`]; no capacity, for one.
    pub async fn reserve(
        &self,
        request: &ReservationRequest,
    ) -> Result<ReservationAnswer, ProviderError> {
        self.ask(Method::POST, "/oms/reservation", Some(request)).await
    }

    /// What this peer holds.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn held(&self) -> Result<HeldAnswer, ProviderError> {
        self.get("/oms/reservation").await
    }

    /// Has it kept for as long again.
    ///
    /// # Errors
    /// [`ProviderError`]; it is over, for one.
    pub async fn renew(&self, id: &str) -> Result<ReservationAnswer, ProviderError> {
        self.ask(Method::PUT, "/oms/reservation", Some(&change(id))).await
    }

    /// Needs it no more.
    ///
    /// # Errors
    /// [`ProviderError`]; it is over already, for one.
    pub async fn release(&self, id: &str) -> Result<(), ProviderError> {
        self.tell(Method::DELETE, "/oms/reservation", Some(&change(id))).await
    }
}

fn change(id: &str) -> ReservationChange {
    let reservation_id = Text::new(id).unwrap_or_default();
    ReservationChange { reservation_id, duration_seconds: None }
}
