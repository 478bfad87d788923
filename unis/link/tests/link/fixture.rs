//! Authorities, certificates, a server and raw clients.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use link::Caller;
use link::body::{self, Body};
use link::client::Client;
use link::metrics::Metrics;
use link::server::{Handler, Limits, Listener, Security};
use link::shutdown::Shutdown;
use link::tls::{
    ClientCertificates, ClientTls, ClientTlsSettings, ServerTls, ServerTlsSettings, ServerTrust,
};
use link::trust::{MAX_INTERMEDIATES, PartnerTrust, TrustDomain, TrustSettings};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SanType, SerialNumber,
};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};

/// Long enough for any machine; only reached when something is wrong.
pub(crate) const AMPLE: std::time::Duration = std::time::Duration::from_secs(60);

/// A certificate authority.
pub(crate) struct Ca {
    pub(crate) issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key on disk.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Ca {
    pub(crate) fn new(name: &str) -> Self {
        Self::until(name, 3650)
    }

    /// An authority whose own certificate ends `days` from now.
    pub(crate) fn until(name: &str, days: i64) -> Self {
        let mut params = CertificateParams::default();
        params.not_after = OffsetDateTime::now_utc() + Duration::days(days);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        Self { issuer: CertifiedIssuer::self_signed(params, key).unwrap() }
    }

    /// A certificate valid from `days.0` to `days.1` days from now.
    pub(crate) fn issue(&self, at: &Path, serial: u64, sans: &[SanType], days: (i64, i64)) -> Leaf {
        self.issue_over(&KeyPair::generate().unwrap(), (at, serial), sans, days)
    }

    /// The same over a key that there is.
    pub(crate) fn issue_over(
        &self,
        key: &KeyPair,
        (at, serial): (&Path, u64),
        sans: &[SanType],
        days: (i64, i64),
    ) -> Leaf {
        let now = OffsetDateTime::now_utc();
        let mut params = CertificateParams::default();
        params.not_before = now + Duration::days(days.0);
        params.not_after = now + Duration::days(days.1);
        params.serial_number = Some(SerialNumber::from(serial));
        params.subject_alt_names = sans.to_vec();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(key, &self.issuer).unwrap();
        let leaf = Leaf {
            certificate: at.join(format!("{serial}.pem")),
            key: at.join(format!("{serial}-key.pem")),
        };
        fs::write(&leaf.certificate, certificate.pem()).unwrap();
        fs::write(&leaf.key, key.serialize_pem()).unwrap();
        leaf
    }

    /// A revocation list that lapses `days` from now.
    pub(crate) fn crl(&self, revoked: &[u64], days: i64) -> String {
        let now = OffsetDateTime::now_utc();
        let revoked_certs = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: now - Duration::days(30),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: now - Duration::days(30),
            next_update: now + Duration::days(days),
            crl_number: SerialNumber::from(1u64),
            issuing_distribution_point: None,
            revoked_certs: revoked_certs.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().pem().unwrap()
    }
}

pub(crate) fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

pub(crate) fn dns(text: &str) -> SanType {
    SanType::DnsName(text.try_into().unwrap())
}

/// An ISP with its server's certificate and one partner.
///
/// ```text
///  isp.example (ca 1) ── 1: server           partner.example (ca 2) ── CRL
///                     └─ CRL
/// ```
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) isp: Ca,
    pub(crate) partner: Ca,
    pub(crate) server: Leaf,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (isp, partner) = (Ca::new("isp"), Ca::new("partner"));
        let local = SanType::IpAddress([127, 0, 0, 1].into());
        let names = [uri("spiffe://isp.example/isp/64500/unis/1"), dns("localhost"), local];
        let server = isp.issue(folder.path(), 1, &names, (-1, 30));
        let world = Self { folder, isp, partner, server };
        world.write("isp.pem", &world.isp.issuer.pem());
        world.write("partner.pem", &world.partner.issuer.pem());
        world.write("isp-crl.pem", &world.isp.crl(&[], 7));
        world.write("partner-crl.pem", &world.partner.crl(&[], 7));
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replaces a file as operators do, by renaming.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let passing = self.path(&format!("{name}.new"));
        fs::write(&passing, text).unwrap();
        fs::rename(passing, self.path(name)).unwrap();
    }

    /// A member of the ISP.
    pub(crate) fn member(&self, serial: u64) -> Leaf {
        let name = uri(&format!("spiffe://isp.example/operator/o{serial}"));
        self.isp.issue(self.folder.path(), serial, &[name], (-1, 30))
    }

    pub(crate) fn trust(&self) -> TrustSettings {
        let own = TrustDomain {
            name: "isp.example".into(),
            bundle: self.path("isp.pem"),
            crl: Some(self.path("isp-crl.pem")),
        };
        let partner = PartnerTrust {
            name: "acme".into(),
            trust_domain: Some("partner.example".into()),
            bundle: Some(self.path("partner.pem")),
            crl: Some(self.path("partner-crl.pem")),
            san: vec!["oms.partner.example".into()],
            fingerprint: vec![],
        };
        TrustSettings { own, partners: vec![partner], max_intermediates: MAX_INTERMEDIATES }
    }

    pub(crate) fn settings(&self) -> ServerTlsSettings {
        ServerTlsSettings {
            certificate: self.server.certificate.clone(),
            key: self.server.key.clone(),
            trust: self.trust(),
            client_certificates: ClientCertificates::Required,
        }
    }

    pub(crate) fn tls(&self) -> Arc<ServerTls> {
        ServerTls::load(self.settings(), Metrics::new()).unwrap()
    }

    pub(crate) fn client(&self, own: Option<&Leaf>) -> Client {
        let settings = ClientTlsSettings {
            own: own.map(|leaf| (leaf.certificate.clone(), leaf.key.clone())),
            servers: vec![ServerTrust {
                trust_domain: Some("isp.example".into()),
                bundle: self.path("isp.pem"),
                crl: Some(self.path("isp-crl.pem")),
            }],
            expected: None,
        };
        let tls = ClientTls::load(settings, Metrics::new()).unwrap();
        Client::builder().tls(tls).response_timeout(AMPLE).handshake_timeout(AMPLE).build()
    }

    /// A TLS connection over which nothing was said.
    pub(crate) async fn dial(
        &self,
        address: SocketAddr,
        own: Option<&Leaf>,
        protocol: &[u8],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        let name = "localhost".try_into().unwrap();
        TlsConnector::from(self.client_config(own, protocol)).connect(name, stream).await
    }

    /// A whole ClientHello, and nothing of what a client says after it.
    pub(crate) fn hello(&self) -> Vec<u8> {
        let (config, name) = (self.client_config(None, b"http/1.1"), "localhost");
        let mut client = rustls::ClientConnection::new(config, name.try_into().unwrap()).unwrap();
        let mut hello = Vec::new();
        client.write_tls(&mut hello).unwrap();
        hello
    }

    fn client_config(&self, own: Option<&Leaf>, protocol: &[u8]) -> Arc<rustls::ClientConfig> {
        use rustls::pki_types::pem::PemObject;
        use rustls::pki_types::{CertificateDer, PrivateKeyDer};
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.isp.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match own {
            Some(leaf) => {
                let chain = vec![CertificateDer::from_pem_file(&leaf.certificate).unwrap()];
                let key = PrivateKeyDer::from_pem_file(&leaf.key).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    }

    /// What the server answers to `GET /who`, or the alert that it sends instead.
    pub(crate) async fn who(
        &self,
        address: SocketAddr,
        own: Option<&Leaf>,
    ) -> Result<String, String> {
        let mut stream =
            self.dial(address, own, b"http/1.1").await.map_err(|error| error.to_string())?;
        let request = b"GET /who HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.map_err(|error| error.to_string())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.map_err(|error| error.to_string())?;
        let (_head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        Ok(body.to_owned())
    }
}

/// A listener at work.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) done: tokio::task::JoinHandle<()>,
}

pub(crate) fn serve(security: Security, limits: Limits, handler: impl Handler) -> Running {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(any, limits, security).unwrap();
    let (address, shutdown) = (listener.local_address(), Shutdown::new());
    let done = tokio::spawn(listener.run(Arc::new(handler), shutdown.clone()));
    Running { address, shutdown, done }
}

pub(crate) fn serve_who(tls: &Arc<ServerTls>) -> Running {
    serve(Security::Tls(Arc::clone(tls)), Limits::default(), who)
}

impl Running {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.address.port())
    }

    /// Waits until the server has closed a raw connection; what it said before.
    pub(crate) async fn closes(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
        let mut said = Vec::new();
        // A reset is a way of closing.
        let _reset = tokio::time::timeout(AMPLE, stream.read_to_end(&mut said)).await.unwrap();
        String::from_utf8_lossy(&said).into_owned()
    }
}

/// Says who the caller is.
pub(crate) async fn who(request: Request<Incoming>) -> Response<Body> {
    let caller = request.extensions().get::<Caller>().cloned().unwrap();
    let text = match &caller.identity {
        Some(identity) => {
            let partner = identity.partner.as_deref().unwrap_or("own");
            format!("{identity} {} {partner}", identity.role)
        }
        None => "anonymous".to_owned(),
    };
    Response::new(body::full(text))
}

/// Gives the request's body back, if it has no more than a kilobyte.
pub(crate) async fn echo(request: Request<Incoming>) -> Response<Body> {
    match body::read(request.into_body(), 1024, AMPLE).await {
        Ok(bytes) => Response::new(body::full(bytes)),
        Err(error) => {
            let mut response = Response::new(body::full(Bytes::from(error.to_string())));
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            response
        }
    }
}
