//! A client's end: which servers it believes, and what it shows them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::client::Resumption;
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{CertificateError, ClientConfig, Error};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::crypto::provider;
use crate::identity::SpiffeName;
use crate::metrics::{Ends, Metrics};
use crate::tls::material::Material;
use crate::tls::server::{ReloadError, TlsError};
use crate::tls::stamp::{Stamp, stamps};
use crate::tls::{H2, HTTP_1_1};
use crate::trust::{Anchors, Leaf, MAX_INTERMEDIATES, Refusal, Revocation};

/// Where a client's material lies.
#[derive(Clone, Debug, Default)]
pub struct ClientTlsSettings {
    /// The own certificate chain and key, PEM; `None` shows no certificate.
    pub own: Option<(PathBuf, PathBuf)>,
    /// Whom to believe.
    pub servers: Vec<ServerTrust>,
    /// The one SPIFFE name that the server must have, beside its DNS name or address.
    pub expected: Option<SpiffeName>,
}

/// A bundle, and which servers it may vouch for.
#[derive(Clone, Debug)]
pub struct ServerTrust {
    /// Only servers whose SPIFFE name is in this trust domain; `None`: servers without SPIFFE name,
    /// and those of trust domains that no other entry names.
    pub trust_domain: Option<String>,
    /// CA certificates, PEM.
    pub bundle: PathBuf,
    /// Revocation lists, PEM or DER; `None` switches the check off.
    pub crl: Option<PathBuf>,
}

impl ServerTrust {
    /// Its name in metrics: the trust domain, or the file.
    fn party(&self) -> String {
        let file = || self.bundle.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.trust_domain.clone().unwrap_or_else(file)
    }
}

/// A client's TLS. Share it with [`Arc`].
#[derive(Debug)]
pub struct ClientTls {
    settings: ClientTlsSettings,
    /// Of the files, taken before they were first read.
    pub(crate) stamps: Vec<Stamp>,
    config: ArcSwap<ClientConfig>,
    /// One reload at a time; when what is believed now ends.
    reloading: Mutex<Ends>,
    metrics: Metrics,
}

impl ClientTls {
    /// Reads everything.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn load(settings: ClientTlsSettings, metrics: Metrics) -> Result<Arc<Self>, TlsError> {
        let stamps = stamps(&files(&settings));
        let (config, ends) = build(&settings, &metrics)?;
        metrics.believed_ends(&Ends::default(), &ends);
        let (config, reloading) = (ArcSwap::from_pointee(config), Mutex::new(ends));
        Ok(Arc::new(Self { settings, stamps, config, reloading, metrics }))
    }

    /// Reads everything again; connections made from now on use it. Blocks on the file system.
    ///
    /// # Errors
    /// What is wrong; everything stays as it was then.
    pub fn reload(&self) -> Result<(), ReloadError> {
        let mut known = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        match build(&self.settings, &self.metrics) {
            Ok((config, ends)) => {
                self.metrics.believed_ends(&known, &ends);
                *known = ends;
                self.config.store(Arc::new(config));
                self.metrics.reloaded("ok");
                Ok(())
            }
            Err(error) => {
                self.metrics.reloaded("failed");
                tracing::error!(%error, "TLS reload failed, keeping the old material");
                Err(ReloadError(vec![error]))
            }
        }
    }

    /// Believes any server: for fetching a certificate that is compared with a known fingerprint,
    /// and nothing else.
    pub(crate) fn unverified() -> Result<Arc<Self>, Error> {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unverified))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Arc::new(Self {
            settings: ClientTlsSettings::default(),
            stamps: Vec::new(),
            config: ArcSwap::from_pointee(config),
            reloading: Mutex::default(),
            metrics: Metrics::new(),
        }))
    }

    /// The configuration to connect with now.
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        self.config.load_full()
    }

    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files(&self.settings)
    }
}

fn files(settings: &ClientTlsSettings) -> Vec<PathBuf> {
    let own = settings.own.iter().flat_map(|(chain, key)| [chain.clone(), key.clone()]);
    let each =
        |server: &ServerTrust| std::iter::once(server.bundle.clone()).chain(server.crl.clone());
    own.chain(settings.servers.iter().flat_map(each)).collect()
}

fn build(
    settings: &ClientTlsSettings,
    metrics: &Metrics,
) -> Result<(ClientConfig, Ends), TlsError> {
    let now = UnixTime::now();
    let mut ends = Ends::default();
    let verifier = ServerVerifier::load(settings, now, &mut ends)?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &settings.own {
        Some((certificate, key)) => {
            let material = Material::load(certificate, key, now)?;
            metrics.certificate_ends("client", material.not_after);
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(material.certified)))
        }
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![H2.to_vec(), HTTP_1_1.to_vec()];
    Ok((config, ends))
}

/// Picks the bundle by the server's SPIFFE domain, then checks chain and DNS name with it.
#[derive(Debug)]
struct ServerVerifier {
    trusted: Vec<(Option<String>, Anchors)>,
    expected: Option<SpiffeName>,
}

impl ServerVerifier {
    fn load(
        settings: &ClientTlsSettings,
        now: UnixTime,
        ends: &mut Ends,
    ) -> Result<Self, TlsError> {
        let mut trusted = Vec::with_capacity(settings.servers.len());
        for server in &settings.servers {
            let revocation = match &server.crl {
                Some(path) => Revocation::load(path, now, None)?,
                None => Revocation::default(),
            };
            let anchors = Anchors::load(&server.bundle, &revocation, MAX_INTERMEDIATES, now)?;
            ends.add("client", &server.party(), anchors.ends(), revocation.next_update());
            trusted.push((server.trust_domain.clone(), anchors));
        }
        Ok(Self { trusted, expected: settings.expected.clone() })
    }

    /// The bundles that may vouch for a leaf.
    fn candidates(&self, leaf: &Leaf) -> impl Iterator<Item = &Anchors> {
        let domain = leaf.spiffe.as_ref().map(|name| name.trust_domain().to_owned());
        let named = self.trusted.iter().any(|(own, _)| own.is_some() && *own == domain);
        let wanted = if named { domain } else { None };
        self.trusted.iter().filter(move |(own, _)| *own == wanted).map(|(_, anchors)| anchors)
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let leaf = Leaf::parse(end_entity)?;
        if self.expected.is_some() && self.expected != leaf.spiffe {
            let found = leaf.spiffe.map_or_else(|| "nobody".to_owned(), |name| name.to_string());
            return Err(CertificateError::from(Refusal::NotExpected(found)).into());
        }
        let mut refusal = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        for anchors in self.candidates(&leaf) {
            match anchors.verify_server(end_entity, intermediates, server_name, now) {
                Ok(verified) => return Ok(verified),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    crate::crypto::verifies_signatures!();
}

/// Believes everybody; see [`ClientTls::unverified`].
#[derive(Debug)]
struct Unverified;

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    crate::crypto::verifies_signatures!();
}
