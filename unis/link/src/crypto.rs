//! The one cryptographic provider of the process, and randomness from it.

use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, OtherError};

/// The provider that every TLS configuration and verifier here is built with.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let made = || Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Arc::clone(PROVIDER.get_or_init(made))
}

/// The operating system has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("no randomness from the operating system")]
pub struct NoRandomness;

/// `N` bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    provider().secure_random.fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// What is wrong with a certificate, in words; of our own checks the library would show what a
/// program has of it.
pub(crate) fn told(reason: &CertificateError) -> String {
    match reason {
        CertificateError::Other(OtherError(own)) => own.to_string(),
        CertificateError::ApplicationVerificationFailure => {
            "it has no SPIFFE name, and no partner lists its fingerprint or one of its names"
                .to_owned()
        }
        known => rustls::Error::InvalidCertificate(known.clone()).to_string(),
    }
}

/// The methods that every certificate verifier has alike: does the other end hold the key?
macro_rules! verifies_signatures {
    () => {
        /// Never asked: TLS 1.2 is not spoken here.
        fn verify_tls12_signature(
            &self,
            _message: &[u8],
            _certificate: &rustls_pki_types::CertificateDer<'_>,
            _signed: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            Err(rustls::PeerIncompatible::Tls12NotOffered.into())
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &rustls_pki_types::CertificateDer<'_>,
            signed: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            let algorithms = crate::crypto::provider().signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, certificate, signed, &algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            crate::crypto::provider().signature_verification_algorithms.supported_schemes()
        }
    };
}

pub(crate) use verifies_signatures;
