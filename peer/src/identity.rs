//! Who this peer is: its key, the name that the provider gave it, and what it shows to others.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use link::SpiffeName;
use link::identity::{Role, Shape};
use link::metrics::Metrics;
use link::tls::{
    ClientTls, ClientTlsSettings, MaterialError, PeerTls, PeerTlsSettings, ServerTrust, TlsError,
};
use link::trust::TrustDomain;
use mp2p::id::{PeerId, UserId};
use mp2p::signed::SigningKey;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use tokio_rustls::rustls::{CertificateError, Error};

use crate::home::Home;

/// The protocol between peers (RFC 7301).
pub const PROTOCOL: &[u8] = b"mp2p/1";

/// An enrolled peer.
#[derive(Clone)]
pub struct Identity {
    /// The hash of its key.
    pub peer: PeerId,
    /// Whose it is.
    pub user: Option<UserId>,
    /// What the certificate says that it is: a peer, or a server of the provider's own.
    pub role: Role,
    /// The provider's trust domain.
    pub trust_domain: String,
    /// Where the provider is.
    pub url: String,
    /// Signs what this peer says.
    pub key: Arc<SigningKey>,
    /// To other peers.
    pub peers: Arc<PeerTls>,
    /// To relays, and from those who come to this one as a relay.
    pub relays: Arc<PeerTls>,
    /// To a super peer, and from those in this one's care.
    pub care: Arc<PeerTls>,
    /// To the provider.
    pub servers: Arc<ClientTls>,
    /// When certificates end, and what became of reloads.
    pub metrics: Metrics,
}

impl Identity {
    /// Reads what enrolment wrote.
    ///
    /// # Errors
    /// This peer is not enrolled, its certificate has run out, or files do not fit together.
    pub fn open(home: &Home) -> anyhow::Result<Self> {
        let provider = home.provider()?;
        let name = SpiffeName::parse(&provider.name).context("provider.json")?;
        let trust_domain = name.trust_domain().to_owned();
        let pki = home.pki();
        let file = |name: &str| pki.join(name);
        let key_file = file("client-key.pem");
        if !key_file.exists() {
            bail!(
                "{} is not there, and a peer is its key: `peer enroll TOKEN --again` makes another \
                 one; the provider, or another peer of yours by `peer login --lost`, ends {}",
                key_file.display(),
                provider.name,
            );
        }
        let key = PrivateKeyDer::from_pem_file(&key_file)
            .map_err(|error| anyhow::anyhow!("{}: {error}", key_file.display()))?;
        let key = SigningKey::from_pkcs8(key.secret_der())
            .with_context(|| key_file.display().to_string())?;
        let material = |protocol| PeerTlsSettings {
            certificate: file("client.pem"),
            key: key_file.clone(),
            trust: trust(&trust_domain, file("ca.pem")),
            protocol,
        };
        let peers = PeerTls::load(material(PROTOCOL));
        let peers = peers.map_err(|error| advised(error, &file("client.pem")))?;
        let relays = PeerTls::load(material(mp2p::relay::PROTOCOL))?;
        let care = PeerTls::load(material(mp2p::care::PROTOCOL))?;
        let own = peers.identity();
        let peer = PeerId::parse(&own.key)?;
        match name.shape() {
            Shape::Peer { id } if *id == *peer.digits() => {}
            // A server of the provider, such as a dedicated cache, is named by its place.
            Shape::Provider { .. } => {}
            _ => bail!("{} is not the name of the key in {}", provider.name, pki.display()),
        }
        let server = ServerTrust {
            trust_domain: Some(trust_domain.clone()),
            bundle: file("ca.pem"),
            crl: None,
        };
        let settings = ClientTlsSettings {
            own: Some((file("client.pem"), file("client-key.pem"))),
            servers: vec![server],
            expected: None,
        };
        let metrics = Metrics::new();
        let servers = ClientTls::load(settings, metrics.clone())?;
        let user = own.user.as_deref().map(UserId::parse).transpose()?;
        let url = provider.url.trim_end_matches('/').to_owned();
        let key = Arc::new(key);
        Ok(Self {
            peer,
            user,
            role: own.role,
            trust_domain,
            url,
            key,
            peers,
            relays,
            care,
            servers,
            metrics,
        })
    }

    /// Reads the certificate again, after it was renewed; connections from now on show it.
    ///
    /// # Errors
    /// What is wrong with the files; the old ones stay in use.
    pub fn reload(&self) -> anyhow::Result<()> {
        self.peers.reload()?;
        self.relays.reload()?;
        self.care.reload()?;
        self.servers.reload()?;
        Ok(())
    }

    /// SHA-256 of the certificate that we show, 64 lower-case hex digits.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.peers.identity().fingerprint
    }
}

fn trust(name: &str, bundle: PathBuf) -> TrustDomain {
    // One that enrolled before there was a list fetches one.
    let crl = Some(bundle.with_file_name("crl.pem")).filter(|crl| crl.is_file());
    TrustDomain { name: name.to_owned(), bundle, crl }
}

/// What is wrong with the own certificate, and what helps where it has run out, or is of a CA that
/// the provider trusts no more.
fn advised(error: TlsError, own: &Path) -> anyhow::Error {
    use CertificateError::{BadSignature, Expired, ExpiredContext, UnknownIssuer};
    match error {
        TlsError::Library(Error::InvalidCertificate(UnknownIssuer | BadSignature)) => {
            anyhow::anyhow!(
                "{} is of a CA that the provider trusts no more: `peer enroll TOKEN --same-key`, with \
                 a token of the provider, gets another one for the same peer",
                own.display(),
            )
        }
        TlsError::Material(MaterialError::Certificate {
            certificate,
            reason: Expired | ExpiredContext { .. },
        }) => anyhow::anyhow!(
            "{} has run out: `peer enroll TOKEN --same-key`, with a token of the provider, gets \
             another one for the same peer",
            certificate.display(),
        ),
        error => error.into(),
    }
}
