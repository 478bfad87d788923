//! A server's end: certificate, key and trust from disk, swapped whole at each reload.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use rustls::sign::SingleCertAndKey;
use rustls_pki_types::{CertificateDer, UnixTime};
use tokio_util::sync::CancellationToken;

use crate::crypto::provider;
use crate::identity::Identity;
use crate::metrics::{Ends, Metrics};
use crate::tls::live::{Live, Registration};
use crate::tls::material::{Material, MaterialError};
use crate::tls::stamp::{Stamp, stamps};
use crate::tls::{H2, HTTP_1_1};
use crate::trust::{ClientVerifier, Trust, TrustError, TrustSettings};

/// Where a server's material lies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerTlsSettings {
    /// The own certificate and its intermediates, PEM, leaf first.
    pub certificate: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
    /// Whose clients are let in.
    pub trust: TrustSettings,
    /// What happens to those without a certificate.
    pub client_certificates: ClientCertificates,
}

/// Whether a client may come without a certificate. One that it does show must be good either way.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum ClientCertificates {
    /// The handshake fails without one.
    #[default]
    Required,
    /// A caller without one is anonymous (`Caller::identity` is `None`): for a public view, and for
    /// enrolment, whose clients come to fetch their first certificate.
    Optional,
}

/// Why a server's TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The own certificate or key.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// Bundles or revocation lists.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The library refuses the configuration.
    #[error("TLS: {0}")]
    Library(#[from] rustls::Error),
}

/// The parts that a reload could not replace; each stays as it was, the others are new.
#[derive(Debug)]
pub struct ReloadError(pub Vec<TlsError>);

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join("; "))
    }
}

impl std::error::Error for ReloadError {}

/// A server's TLS. Share it with [`Arc`]: listeners read it at each accept, [`ServerTls::watch`]
/// follows the files.
#[derive(Debug)]
pub struct ServerTls {
    settings: Mutex<ServerTlsSettings>,
    /// Of the files, taken before they were first read.
    pub(crate) stamps: Vec<Stamp>,
    active: ArcSwap<Active>,
    live: Live,
    metrics: Metrics,
}

/// What is in force; one value, so that a handshake never sees half a change.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) trust: Arc<Trust>,
    material: Material,
}

impl ServerTls {
    /// Reads everything.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn load(settings: ServerTlsSettings, metrics: Metrics) -> Result<Arc<Self>, TlsError> {
        let now = UnixTime::now();
        let stamps = stamps(&files(&settings));
        let material = Material::load_to_serve(&settings.certificate, &settings.key, now)?;
        let trust = Arc::new(Trust::load(&settings.trust, now)?);
        let active = Active::build(material, trust, settings.client_certificates)?;
        metrics.certificate_ends("server", active.material.not_after);
        let ends = active.trust.ends("server", &settings.trust.own.name);
        metrics.believed_ends(&Ends::default(), &ends);
        Ok(Arc::new(Self {
            settings: Mutex::new(settings),
            stamps,
            active: ArcSwap::from_pointee(active),
            live: Live::default(),
            metrics,
        }))
    }

    /// Reads everything again and closes the connections of clients that are no longer trusted.
    /// Blocks on the file system.
    ///
    /// # Errors
    /// What could not be replaced; it is logged and counted here.
    pub fn reload(&self) -> Result<(), ReloadError> {
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.replace(&settings);
        drop(settings);
        self.metrics.reloaded(if outcome.is_ok() { "ok" } else { "failed" });
        match &outcome {
            Ok(()) => tracing::info!("TLS material reloaded"),
            Err(errors) => tracing::error!(%errors, "TLS reload failed, keeping the old material"),
        }
        outcome
    }

    /// [`ServerTls::reload`] with other settings, for when the partners changed.
    ///
    /// # Errors
    /// As for [`ServerTls::reload`]; the settings are taken over all the same.
    pub fn reload_with(&self, settings: ServerTlsSettings) -> Result<(), ReloadError> {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = settings;
        self.reload()
    }

    /// Closes live connections whose certificate, or whose revocation list, has run out.
    pub(crate) fn sweep(&self) {
        let trust = Arc::clone(&self.active.load().trust);
        let now = UnixTime::now();
        let closed = self.live.sweep(|chain| trust.verify(chain, now).is_ok());
        if closed > 0 {
            tracing::warn!(closed, "closed connections whose certificate is no longer trusted");
        }
    }

    pub(crate) fn active(&self) -> Arc<Active> {
        self.active.load_full()
    }

    /// Enters a connection whose handshake was made under `active`.
    ///
    /// A change since then is made good here: the sweep that came with it may have missed it.
    pub(crate) fn register(
        &self,
        active: &Arc<Active>,
        chain: &[CertificateDer<'static>],
        close: &CancellationToken,
    ) -> Result<(Registration, Identity), rustls::Error> {
        let now = UnixTime::now();
        let identity = active.trust.identify(chain, now)?;
        let registration = self.live.enter(Arc::from(chain), close.clone());
        let current = self.active();
        if Arc::ptr_eq(&current, active) {
            return Ok((registration, identity));
        }
        let identity = current.trust.verify(chain, now)?;
        Ok((registration, identity))
    }

    /// The files to watch.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        files(&settings)
    }

    fn replace(&self, settings: &ServerTlsSettings) -> Result<(), ReloadError> {
        let now = UnixTime::now();
        let old = self.active();
        let (trust, errors) = old.trust.reload(&settings.trust, now);
        let mut errors: Vec<TlsError> = errors.into_iter().map(TlsError::from).collect();
        let material = match Material::load_to_serve(&settings.certificate, &settings.key, now) {
            Ok(material) => material,
            Err(error) => {
                errors.push(error.into());
                old.material.clone()
            }
        };
        match Active::build(material, Arc::new(trust), settings.client_certificates) {
            Ok(active) => {
                self.metrics.certificate_ends("server", active.material.not_after);
                let own = &settings.trust.own.name;
                let (before, now) = (&old.trust, &active.trust);
                let (before, now) = (before.ends("server", own), now.ends("server", own));
                self.metrics.believed_ends(&before, &now);
                self.active.store(Arc::new(active));
                self.sweep();
            }
            Err(error) => errors.push(error),
        }
        if errors.is_empty() { Ok(()) } else { Err(ReloadError(errors)) }
    }
}

impl Active {
    fn build(
        material: Material,
        trust: Arc<Trust>,
        clients: ClientCertificates,
    ) -> Result<Self, TlsError> {
        let mandatory = clients == ClientCertificates::Required;
        let verifier = ClientVerifier::new(Arc::clone(&trust), mandatory);
        let certificate = SingleCertAndKey::from(Arc::clone(&material.certified));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(certificate));
        config.alpn_protocols = vec![H2.to_vec(), HTTP_1_1.to_vec()];
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self { config: Arc::new(config), trust, material })
    }
}

fn files(settings: &ServerTlsSettings) -> Vec<PathBuf> {
    let own = &settings.trust.own;
    let mut files = vec![settings.certificate.clone(), settings.key.clone(), own.bundle.clone()];
    files.extend(own.crl.clone());
    for partner in &settings.trust.partners {
        files.extend(partner.bundle.clone());
        files.extend(partner.crl.clone());
    }
    files
}
