//! From a token to a certificate, to its renewal, to its end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use link::body::Body;
use link::client::Client;
use link::identity::{Identity, Role, SpiffeName};
use link::metrics::Metrics;
use link::pki::enrolment::{
    EnrolmentError, enroll, fetch_trust, is_outlived, issuers, meet_authority, renew,
};
use link::pki::service::Service;
use link::pki::{Authority, Naming, PkiError, PkiSettings, Refused, State, Token, TokenOrder};
use link::server::{Handler, Limits, Security};
use link::tls::{
    ClientCertificates, ClientTls, ClientTlsSettings, ServerTls, ServerTlsSettings, ServerTrust,
};
use link::trust::{MAX_INTERMEDIATES, TrustDomain, TrustSettings};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::fixture::{AMPLE, Running, serve, who};

const NAME: &str = "spiffe://isp.example/p2psp/acme/oms/1";

/// The authority under `/pki/`, and [`who`] elsewhere.
struct Mounted(Service);

impl Handler for Mounted {
    async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        if Service::takes(request.uri().path()) {
            return self.0.handle(request).await;
        }
        who(request).await
    }
}

/// An ISP that has nothing but its own authority.
struct Isp {
    folder: TempDir,
    authority: Authority,
    tls: Arc<ServerTls>,
    server: Running,
}

impl Isp {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = open(folder.path());
        let files = authority.folder();
        let own =
            TrustDomain { name: "isp.example".into(), bundle: files.ca(), crl: Some(files.crl()) };
        let settings = ServerTlsSettings {
            certificate: files.server(),
            key: files.server_key(),
            trust: TrustSettings { own, partners: vec![], max_intermediates: MAX_INTERMEDIATES },
            client_certificates: ClientCertificates::Optional,
        };
        let tls = ServerTls::load(settings, Metrics::new()).unwrap();
        let handler = Mounted(Service::new(Arc::new(authority.clone())));
        let server = serve(Security::Tls(Arc::clone(&tls)), Limits::default(), handler);
        Self { folder, authority, tls, server }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.server.address.port())
    }

    fn token(&self, ttl_s: u64) -> Token {
        let order = TokenOrder {
            name: SpiffeName::parse(NAME).unwrap().into(),
            server_names: vec!["oms.isp.example".into()],
            ttl: Duration::from_secs(ttl_s),
            url: self.url(),
        };
        self.authority.token(&order).unwrap()
    }

    /// What the server answers to the certificate in `folder`.
    async fn who(&self, folder: &Path) -> Result<String, String> {
        let settings = ClientTlsSettings {
            own: Some((folder.join("client.pem"), folder.join("client-key.pem"))),
            servers: vec![ServerTrust {
                trust_domain: Some("isp.example".into()),
                bundle: folder.join("ca.pem"),
                crl: None,
            }],
            expected: None,
        };
        let tls = ClientTls::load(settings, Metrics::new()).unwrap();
        let client = Client::builder().tls(tls).response_timeout(AMPLE).build();
        let answer = client.get(&format!("{}/", self.url()), HeaderMap::new()).await;
        answer
            .map(|answer| String::from_utf8(answer.body.to_vec()).unwrap())
            .map_err(|error| error.to_string())
    }
}

fn open(path: &Path) -> Authority {
    let settings = PkiSettings {
        trust_domain: "isp.example".into(),
        server_path: "isp/64500/unis/1".into(),
        server_names: vec![],
        peer_life: link::pki::PEER_LIFE,
    };
    Authority::init(path, &settings).unwrap()
}

#[tokio::test]
async fn the_first_try_needs_nothing_but_the_folder() {
    let isp = Isp::open();
    let said = isp.who(isp.folder.path()).await.unwrap();
    assert_eq!(said, "spiffe://isp.example/operator/first-try operator own");
}

#[cfg(unix)]
#[test]
fn keys_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    open(folder.path());
    for name in ["ca-key.pem", "server-key.pem", "client-key.pem", "ledger.json"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_token_becomes_a_certificate_that_renews_itself_until_it_is_revoked() {
    let (isp, peer) = (Isp::open(), tempfile::tempdir().unwrap());
    let token: Token = isp.token(600).to_string().parse().unwrap();
    assert_eq!(enroll(&token, peer.path()).await.unwrap(), NAME);
    assert_eq!(isp.who(peer.path()).await.unwrap(), format!("{NAME} oms own"));
    let before = std::fs::read(peer.path().join("client.pem")).unwrap();
    assert_eq!(renew(&isp.url(), peer.path()).await.unwrap(), NAME);
    assert_ne!(std::fs::read(peer.path().join("client.pem")).unwrap(), before);
    assert_eq!(isp.who(peer.path()).await.unwrap(), format!("{NAME} oms own"));
    assert_eq!(isp.authority.revoke(NAME).unwrap().len(), 2);
    isp.tls.reload().unwrap();
    assert!(isp.who(peer.path()).await.unwrap_err().contains("CertificateRevoked"));
    assert!(renew(&isp.url(), peer.path()).await.is_err());
    let states = isp.authority.status().unwrap().into_iter().filter(|entry| entry.name == NAME);
    assert!(states.into_iter().all(|entry| entry.state(0) == State::Revoked));
}

#[tokio::test]
async fn other_methods_are_told_which_to_use() {
    let folder = tempfile::tempdir().unwrap();
    let handler = Mounted(Service::new(Arc::new(open(folder.path()))));
    let server = serve(Security::Plaintext, Limits::default(), handler);
    let cases = [
        ("HEAD /pki/ca.pem", "200", "content-length: "),
        ("HEAD /pki/crl.pem", "200", "content-length: "),
        ("PUT /pki/ca.pem", "405", "allow: GET, HEAD\r\n"),
        ("GET /pki/enroll", "405", "allow: POST\r\n"),
        ("HEAD /pki/renew", "405", "allow: POST\r\n"),
    ];
    for (request, status, header) in cases {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let said = Running::closes(&mut stream).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{said}");
        assert!(said.contains(header), "{said}");
        assert_eq!(said.ends_with("\r\n\r\n"), request.starts_with("HEAD"), "{said}");
    }
}

#[tokio::test]
async fn a_token_is_used_up_even_across_a_restart() {
    let (isp, peer) = (Isp::open(), tempfile::tempdir().unwrap());
    let token = isp.token(600);
    enroll(&token, peer.path()).await.unwrap();
    open(isp.folder.path());
    let again = enroll(&token, peer.path()).await.unwrap_err();
    assert!(again.to_string().contains("used before"), "{again}");
}

#[tokio::test]
async fn a_token_can_be_kept_too_long() {
    let (isp, peer) = (Isp::open(), tempfile::tempdir().unwrap());
    let token = isp.token(600);
    // Eleven minutes pass.
    let read = |name: &str| std::fs::read_to_string(isp.folder.path().join(name)).unwrap();
    let last = read("ledger.log").lines().last().map(str::to_owned).unwrap();
    let act: serde_json::Value = serde_json::from_str(&last).unwrap();
    let mut promised = act[0]["promised"].clone();
    let ends = &mut promised["not_after"];
    *ends = serde_json::json!(ends.as_i64().unwrap() - 660);
    let mut ledger: serde_json::Value = serde_json::from_str(&read("ledger.json")).unwrap();
    ledger["tokens"] = serde_json::json!([promised]);
    std::fs::write(isp.folder.path().join("ledger.json"), ledger.to_string()).unwrap();
    let late = enroll(&token, peer.path()).await.unwrap_err();
    assert!(late.to_string().contains("expired"), "{late}");
}

#[tokio::test]
async fn who_sits_in_between_never_sees_the_secret() {
    let (isp, impostor) = (Isp::open(), Isp::open());
    let peer = tempfile::tempdir().unwrap();
    let mut token = isp.token(600);
    token.url = impostor.url();
    let refused = enroll(&token, peer.path()).await.unwrap_err();
    assert!(matches!(refused, EnrolmentError::WrongAuthority(_)), "{refused}");
    assert!(!peer.path().join("ca.pem").exists());
    token.url = isp.url().replace("https", "http");
    let refused = enroll(&token, peer.path()).await.unwrap_err();
    assert!(matches!(refused, EnrolmentError::Plaintext(_)), "{refused}");
}

#[tokio::test]
async fn who_is_enrolled_goes_over_to_the_next_authority_and_who_does_not_is_refused() {
    let (isp, peer, idle) =
        (Isp::open(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    enroll(&isp.token(600), peer.path()).await.unwrap();
    isp.authority.next_ca().unwrap();
    let of_both = isp.token(600);
    fetch_trust(&isp.url(), peer.path()).await.unwrap();
    assert_eq!(issuers(peer.path()).unwrap().len(), 2);
    assert!(!is_outlived(peer.path()));
    isp.authority.switch_ca(true).unwrap();
    isp.tls.reload().unwrap();
    for name in ["ca.pem", "client.pem", "client-key.pem"] {
        std::fs::copy(peer.path().join(name), idle.path().join(name)).unwrap();
    }
    // Who has heard of one alone still finds the server.
    let (met, before) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let known = hex(&of_both.ca_fingerprints[0]);
    assert_eq!(meet_authority(&isp.url(), Some(&known), met.path()).await.unwrap(), known);
    fetch_trust(&isp.url(), met.path()).await.unwrap();
    assert_eq!(issuers(met.path()).unwrap().len(), 2);
    enroll(&isp.token(600), before.path()).await.unwrap();
    fetch_trust(&isp.url(), peer.path()).await.unwrap();
    assert!(is_outlived(peer.path()) && !is_outlived(before.path()));
    renew(&isp.url(), peer.path()).await.unwrap();
    assert!(!is_outlived(peer.path()));
    assert_eq!(isp.who(idle.path()).await.unwrap(), format!("{NAME} oms own"));
    isp.authority.retire_ca(false, Duration::ZERO).unwrap();
    isp.tls.reload().unwrap();
    assert!(isp.who(idle.path()).await.is_err());
    for folder in [&peer, &before] {
        assert_eq!(isp.who(folder.path()).await.unwrap(), format!("{NAME} oms own"));
        fetch_trust(&isp.url(), folder.path()).await.unwrap();
        assert_eq!(issuers(folder.path()).unwrap().len(), 1);
        assert_eq!(isp.who(folder.path()).await.unwrap(), format!("{NAME} oms own"));
    }
    let late = tempfile::tempdir().unwrap();
    enroll(&of_both, late.path()).await.unwrap();
    assert_eq!(isp.who(late.path()).await.unwrap(), format!("{NAME} oms own"));
}

#[tokio::test]
async fn a_long_revocation_list_is_read() {
    let (isp, peer) = (Isp::open(), tempfile::tempdir().unwrap());
    enroll(&isp.token(600), peer.path()).await.unwrap();
    // As long as that of 4,000 certificates.
    let list = format!(
        "-----BEGIN X509 CRL-----\n{}-----END X509 CRL-----\n",
        format!("{}\n", "A".repeat(64)).repeat(3200)
    );
    std::fs::write(isp.authority.folder().crl(), &list).unwrap();
    fetch_trust(&isp.url(), peer.path()).await.unwrap();
    assert_eq!(std::fs::read_to_string(peer.path().join("crl.pem")).unwrap(), list);
}

#[test]
fn names_in_a_request_are_ignored_and_its_signature_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let authority = open(folder.path());
    let isp = |ttl| TokenOrder {
        name: SpiffeName::parse(NAME).unwrap().into(),
        server_names: vec![],
        ttl: Duration::from_secs(ttl),
        url: "https://localhost".into(),
    };
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["evil.example".to_owned()]).unwrap();
    let request = params.serialize_request(&key).unwrap();
    let token = authority.token(&isp(600)).unwrap();
    let mut forged = request.der().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert!(authority.enroll(&secret(&token), &forged).is_err());
    let granted = authority.enroll(&secret(&token), request.der()).unwrap();
    let pem = x509_parser::pem::parse_x509_pem(granted.certificate.as_bytes()).unwrap().1;
    let (_, certificate) = X509Certificate::from_der(&pem.contents).unwrap();
    let names = certificate.subject_alternative_name().unwrap().unwrap().value;
    let names: Vec<String> = names.general_names.iter().map(ToString::to_string).collect();
    assert_eq!(names, [format!("URI({NAME})")]);
    assert_eq!(certificate.subject().to_string(), "CN=p2psp/acme/oms/1");
}

#[test]
fn a_peer_is_named_by_its_key_and_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let authority = open(folder.path());
    let order = TokenOrder {
        name: Naming::PeerOf { user: "anna".into() },
        server_names: vec![],
        ttl: Duration::from_secs(600),
        url: "https://localhost".into(),
    };
    let key = rcgen::KeyPair::generate().unwrap();
    let request = |key: &rcgen::KeyPair| {
        rcgen::CertificateParams::default().serialize_request(key).unwrap().der().to_vec()
    };
    let token = authority.token(&order).unwrap();
    let granted = authority.enroll(&secret(&token), &request(&key)).unwrap();
    let pem = x509_parser::pem::parse_x509_pem(granted.certificate.as_bytes()).unwrap().1;
    let (_, certificate) = X509Certificate::from_der(&pem.contents).unwrap();
    // The name is the hash of the key as it stands in the certificate.
    let id = hex(&Sha256::digest(certificate.public_key().raw));
    assert_eq!(granted.name, format!("spiffe://isp.example/peer/{id}"));
    assert!(certificate.subject().to_string().contains("anna"));
    let holder = Identity {
        partner: None,
        name: Some(SpiffeName::parse(&granted.name).unwrap()),
        role: Role::Peer,
        fingerprint: String::new(),
        serial: hex(certificate.raw_serial()),
        issuer: String::new(),
        key: id,
        user: Some("anna".into()),
    };
    assert_eq!(authority.renew(&holder, &request(&key)).unwrap().name, granted.name);
    let other = rcgen::KeyPair::generate().unwrap();
    let refused = authority.renew(&holder, &request(&other)).unwrap_err();
    assert!(matches!(refused, PkiError::Refused(Refused::OtherKey)), "{refused}");
    let slash = TokenOrder { name: Naming::PeerOf { user: "a/../b".into() }, ..order };
    assert!(authority.token(&slash).is_err());
}

fn secret(token: &Token) -> Vec<u8> {
    use base64::Engine;
    let text = token.to_string();
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    engine.decode(text.strip_prefix("mp2p1.").unwrap()).unwrap()[32..64].to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
