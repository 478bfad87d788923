//! [`Trust`] as rustls asks for it.

use std::sync::Arc;

use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DistinguishedName, Error};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::trust::Trust;

/// Asks every client for a certificate and names no authority in the request, so that a client
/// learns nothing about the partners.
#[derive(Debug)]
pub(crate) struct ClientVerifier {
    trust: Arc<Trust>,
    mandatory: bool,
}

impl ClientVerifier {
    /// `mandatory` refuses clients without a certificate; a bad certificate is refused always.
    pub(crate) fn new(trust: Arc<Trust>, mandatory: bool) -> Self {
        Self { trust, mandatory }
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let mut chain = Vec::with_capacity(1 + intermediates.len());
        chain.push(end_entity.clone());
        chain.extend(intermediates.iter().cloned());
        self.trust.verify(&chain, now)?;
        Ok(ClientCertVerified::assertion())
    }

    crate::crypto::verifies_signatures!();
}
