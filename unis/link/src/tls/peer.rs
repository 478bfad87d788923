//! TLS between two of the same trust domain that are known by their keys, not by DNS names: each
//! shows its certificate, each checks the other's, and who it is follows from the certificate
//! alone.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::client::Resumption;
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::server::NoServerSessionStorage;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, Error, ServerConfig};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::crypto::provider;
use crate::identity::Identity;
use crate::tls::material::Material;
use crate::tls::server::TlsError;
use crate::trust::{ClientVerifier, MAX_INTERMEDIATES, Trust, TrustDomain, TrustSettings};

/// The name in the hello that dialling needs and nobody looks at.
const NOBODY: &str = "peer.invalid";

/// Where the material of one end lies.
#[derive(Clone, Debug)]
pub struct PeerTlsSettings {
    /// The own certificate chain, PEM, leaf first.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// Whose certificates are taken, at both ends.
    pub trust: TrustDomain,
    /// The protocol inside (RFC 7301); an end that speaks another is refused.
    pub protocol: &'static [u8],
}

/// One end; dials and is dialled with the same certificate. Share it with [`Arc`].
#[derive(Debug)]
pub struct PeerTls {
    settings: PeerTlsSettings,
    active: ArcSwap<Active>,
    reloading: Mutex<()>,
}

#[derive(Debug)]
struct Active {
    dial: Arc<ClientConfig>,
    accept: Arc<ServerConfig>,
    trust: Arc<Trust>,
    chain: Vec<CertificateDer<'static>>,
    own: Identity,
    validity: (i64, i64),
}

impl PeerTls {
    /// Reads everything.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn load(settings: PeerTlsSettings) -> Result<Arc<Self>, TlsError> {
        let active = Active::build(&settings)?;
        active.trust.verify(&active.chain, UnixTime::now())?;
        let active = ArcSwap::from_pointee(active);
        Ok(Arc::new(Self { settings, active, reloading: Mutex::new(()) }))
    }

    /// Reads everything again; handshakes from now on use it, where the own certificate is trusted
    /// no more as well: whom to refuse does not wait for another one. Blocks on the file system.
    ///
    /// # Errors
    /// What is wrong; everything stays as it was then.
    pub fn reload(&self) -> Result<(), TlsError> {
        let _one_at_a_time = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        self.active.store(Arc::new(Active::build(&self.settings)?));
        Ok(())
    }

    /// What the own certificate proves to others.
    pub fn identity(&self) -> Identity {
        self.active.load().own.clone()
    }

    /// From when to when the own certificate is good, Unix seconds.
    pub fn validity(&self) -> (i64, i64) {
        self.active.load().validity
    }

    /// The handshake of the end that dials. Whoever calls bounds its time.
    ///
    /// # Errors
    /// The connection breaks, or the other end is not trusted.
    pub async fn dial<S>(&self, stream: S) -> io::Result<(TlsStream<S>, Identity)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let active = self.active.load_full();
        let nobody = ServerName::try_from(NOBODY).map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::clone(&active.dial));
        let stream = connector.connect(nobody, stream).await?;
        active.proved(TlsStream::Client(stream), self.settings.protocol)
    }

    /// The handshake of the end that is dialled. Whoever calls bounds its time.
    ///
    /// # Errors
    /// The connection breaks, or the other end is not trusted.
    pub async fn accept<S>(&self, stream: S) -> io::Result<(TlsStream<S>, Identity)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let active = self.active.load_full();
        let stream = TlsAcceptor::from(Arc::clone(&active.accept)).accept(stream).await?;
        active.proved(TlsStream::Server(stream), self.settings.protocol)
    }
}

impl Active {
    fn build(settings: &PeerTlsSettings) -> Result<Self, TlsError> {
        let now = UnixTime::now();
        let material = Material::load(&settings.certificate, &settings.key, now)?;
        let trust = TrustSettings {
            own: settings.trust.clone(),
            partners: Vec::new(),
            max_intermediates: MAX_INTERMEDIATES,
        };
        let trust = Arc::new(Trust::load(&trust, now)?);
        let shown = Arc::new(SingleCertAndKey::from(Arc::clone(&material.certified)));
        let mut dial = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(ByKey(Arc::clone(&trust))))
            .with_client_cert_resolver(shown.clone());
        dial.resumption = Resumption::disabled();
        dial.enable_sni = false;
        dial.alpn_protocols = vec![settings.protocol.to_vec()];
        let mut accept = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(ClientVerifier::new(Arc::clone(&trust), true)))
            .with_cert_resolver(shown);
        accept.alpn_protocols = vec![settings.protocol.to_vec()];
        accept.send_tls13_tickets = 0;
        accept.max_early_data_size = 0;
        accept.session_storage = Arc::new(NoServerSessionStorage {});
        let chain = material.certified.cert.clone();
        let own = trust.identify(&chain, now)?;
        let validity = (material.not_before, material.not_after);
        Ok(Self { dial: Arc::new(dial), accept: Arc::new(accept), trust, chain, own, validity })
    }

    /// Who the other end is; it has passed the verifier already.
    fn proved<S>(
        &self,
        stream: TlsStream<S>,
        protocol: &[u8],
    ) -> io::Result<(TlsStream<S>, Identity)> {
        let (_, session) = stream.get_ref();
        if session.alpn_protocol() != Some(protocol) {
            return Err(io::Error::other("the other end speaks another protocol"));
        }
        let chain = session.peer_certificates().unwrap_or_default();
        let identity = self.trust.identify(chain, UnixTime::now()).map_err(io::Error::other)?;
        Ok((stream, identity))
    }
}

/// Takes a server as [`Trust`] takes a client: by its chain, whatever it was dialled as.
#[derive(Debug)]
struct ByKey(Arc<Trust>);

impl ServerCertVerifier for ByKey {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut chain = vec![end_entity.clone()];
        chain.extend(intermediates.iter().cloned());
        self.0.verify(&chain, now)?;
        Ok(ServerCertVerified::assertion())
    }

    crate::crypto::verifies_signatures!();
}
