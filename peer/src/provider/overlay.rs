//! OMS (R5): overlays and membership.

use http::Method;
use mp2p::id::OverlayId;
use mp2p::message::failure::FailureReport;
use mp2p::message::join::{JoinAnswer, JoinRequest, LeaveRequest};
use mp2p::message::overlay::{OverlayDescription, OverlayRequest};

use crate::provider::{Provider, ProviderError};

impl Provider {
    /// Makes an overlay; one of this name that is there already will do.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn create(&self, overlay: &OverlayRequest) -> Result<(), ProviderError> {
        match self.tell(Method::POST, "/oms/overlay", Some(overlay)).await {
            Err(error) if error.code() == Some("overlay-exists") => Ok(()),
            told => told,
        }
    }

    /// What is told of an overlay before joining.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn describe(&self, overlay: &OverlayId) -> Result<OverlayDescription, ProviderError> {
        self.get(&format!("/oms/overlay?overlay-id={overlay}")).await
    }

    /// Joins, and gets the ranked list.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn join(&self, request: &JoinRequest) -> Result<JoinAnswer, ProviderError> {
        self.ask(Method::POST, "/oms/peer", Some(request)).await
    }

    /// Goes on taking part, and gets a fresh list.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn refresh(&self, request: &JoinRequest) -> Result<JoinAnswer, ProviderError> {
        self.ask(Method::PUT, "/oms/peer", Some(request)).await
    }

    /// Takes part no more.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn leave(&self, request: &LeaveRequest) -> Result<(), ProviderError> {
        self.tell(Method::DELETE, "/oms/peer", Some(request)).await
    }

    /// Tells of what went wrong with other peers (TR 20002 §8.3.8).
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn report(&self, report: &FailureReport) -> Result<(), ProviderError> {
        self.tell(Method::POST, "/oms/peer/report", Some(report)).await
    }
}
