//! Requests and answers through the client, over both protocols.

use std::sync::Arc;

use http::HeaderMap;
use link::client::{Client, ClientError};
use link::identity::SpiffeName;
use link::metrics::Metrics;
use link::server::{Limits, Listener, Security};
use link::shutdown::Shutdown;
use link::tls::{ClientTls, ClientTlsSettings, ServerTrust};
use tokio::io::AsyncWriteExt;

use crate::fixture::{AMPLE, Ca, Leaf, Running, World, dns, echo, serve, serve_who, uri, who};

#[tokio::test]
async fn the_client_speaks_http2_where_it_is_offered() {
    let world = World::new();
    let server =
        serve(Security::Tls(world.tls()), Limits::default(), |request: http::Request<_>| {
            let version = format!("{:?}", request.version());
            async move { http::Response::new(link::body::full(version)) }
        });
    let client = world.client(Some(&world.member(9)));
    let answer = client.get(&server.url("/"), HeaderMap::new()).await.unwrap();
    assert_eq!(answer.body, "HTTP/2.0");
    let mut raw = world.dial(server.address, Some(&world.member(9)), b"http/1.1").await.unwrap();
    raw.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(Running::closes(&mut raw).await.ends_with("HTTP/1.1"));
}

/// RFC 8446 §6.2: `unknown_ca`; without it there is nothing but a connection that ended.
#[tokio::test]
async fn a_client_whose_certificate_is_not_taken_learns_why() {
    let (world, stranger) = (World::new(), Ca::new("stranger"));
    let server = serve_who(&world.tls());
    let name = uri("spiffe://isp.example/operator/alice");
    let leaf = stranger.issue(world.folder.path(), 5, &[name], (-1, 30));
    let refusal = world.client(Some(&leaf)).get(&server.url("/who"), HeaderMap::new()).await;
    let Err(ClientError::Refused { alert, .. }) = refusal else { panic!("{refusal:?}") };
    assert!(alert.contains("UnknownCA"), "{alert}");
}

/// The whole of 127.0.0.0/8 is this host (RFC 1122 §3.2.1.3).
#[tokio::test]
async fn a_client_comes_from_the_address_that_it_was_given() {
    let whence = |request: http::Request<_>| {
        let caller = request.extensions().get::<link::Caller>().map(|caller| caller.address.ip());
        async move { http::Response::new(link::body::full(format!("{caller:?}"))) }
    };
    let server = serve(Security::Plaintext, Limits::default(), whence);
    let from = |address: &str| {
        Client::builder().plaintext(true).local_address(Some(address.parse().unwrap())).build()
    };
    let url = server.url("/").replace("https", "http");
    let answer = from("127.9.8.7").get(&url, HeaderMap::new()).await.unwrap();
    assert_eq!(answer.body, "Some(127.9.8.7)");
    assert!(from("192.0.2.1").get(&url, HeaderMap::new()).await.is_err());
}

#[tokio::test]
async fn a_body_goes_there_and_back() {
    let world = World::new();
    let server = serve(Security::Tls(world.tls()), Limits::default(), echo);
    let client = world.client(Some(&world.member(9)));
    let body = vec![b'x'; 1024];
    let answer =
        client.post(&server.url("/"), "text/plain", "text/plain", body.clone()).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &body[..]));
    let larger = vec![b'x'; 1025];
    let answer = client.post(&server.url("/"), "text/plain", "text/plain", larger).await.unwrap();
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn plain_http_is_asked_only_where_it_is_allowed() {
    let server = serve(Security::Plaintext, Limits::default(), who);
    let url = format!("http://{}/", server.address);
    let refused = Client::builder().build().get(&url, HeaderMap::new()).await.unwrap_err();
    assert!(refused.to_string().contains("plain http is not allowed"), "{refused}");
    let client = Client::builder().plaintext(true).response_timeout(AMPLE).build();
    assert_eq!(client.get(&url, HeaderMap::new()).await.unwrap().body, "anonymous");
}

#[tokio::test]
async fn an_answer_too_large_or_too_late_is_no_answer() {
    let server =
        serve(Security::Plaintext, Limits::default(), |request: http::Request<_>| async move {
            match request.uri().path() {
                "/large" => http::Response::new(link::body::full(vec![0; 11])),
                _ => std::future::pending().await,
            }
        });
    let url = |path| format!("http://{}{path}", server.address);
    let client = Client::builder().plaintext(true).max_response_bytes(10).build();
    let large = client.get(&url("/large"), HeaderMap::new()).await;
    assert!(matches!(large, Err(ClientError::Content { .. })));
    let hasty = std::time::Duration::from_millis(50);
    let client = Client::builder().plaintext(true).response_timeout(hasty).build();
    let late = client.get(&url("/late"), HeaderMap::new()).await;
    assert!(matches!(late, Err(ClientError::TooSlow { .. })));
}

/// What a client that trusts the ISP's authority as told says to a server with `leaf`.
async fn meets(
    world: &World,
    leaf: &Leaf,
    trust_domain: Option<&str>,
    expected: Option<&str>,
) -> Result<u16, ClientError> {
    let mut settings = world.settings();
    (settings.certificate, settings.key) = (leaf.certificate.clone(), leaf.key.clone());
    let tls = link::tls::ServerTls::load(settings, Metrics::new()).unwrap();
    let server = serve_who(&tls);
    let member = world.member(99);
    let settings = ClientTlsSettings {
        own: Some((member.certificate, member.key)),
        servers: vec![ServerTrust {
            trust_domain: trust_domain.map(str::to_owned),
            bundle: world.path("isp.pem"),
            crl: None,
        }],
        expected: expected.map(|name| SpiffeName::parse(name).unwrap()),
    };
    let tls = ClientTls::load(settings, Metrics::new()).unwrap();
    let client =
        Client::builder().tls(tls).response_timeout(AMPLE).handshake_timeout(AMPLE).build();
    let url = format!("https://localhost:{}/", server.address.port());
    client.get(&url, HeaderMap::new()).await.map(|answer| answer.status.as_u16())
}

#[tokio::test]
async fn a_server_is_believed_by_dns_name_and_by_trust_domain() {
    let world = World::new();
    let name = "spiffe://isp.example/isp/64500/unis/1";
    let issue = |serial, names: &[_]| world.isp.issue(world.folder.path(), serial, names, (-1, 30));
    let good = issue(50, &[uri(name), dns("localhost")]);
    assert_eq!(meets(&world, &good, Some("isp.example"), Some(name)).await.unwrap(), 200);
    assert_eq!(meets(&world, &good, None, None).await.unwrap(), 200);
    let other = Some("spiffe://isp.example/isp/64500/unis/2");
    assert!(meets(&world, &good, None, other).await.is_err());
    assert!(meets(&world, &good, Some("other.example"), None).await.is_err());
    let elsewhere = issue(51, &[uri(name), dns("elsewhere.example")]);
    assert!(meets(&world, &elsewhere, None, None).await.is_err());
    let nameless = issue(52, &[dns("localhost")]);
    assert_eq!(meets(&world, &nameless, None, None).await.unwrap(), 200);
    assert!(meets(&world, &nameless, Some("isp.example"), None).await.is_err());
}

#[tokio::test]
async fn a_socket_that_was_handed_over_is_served() {
    let socket = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let listener = Listener::from_std(socket, Limits::default(), Security::Plaintext).unwrap();
    let url = format!("http://{}/", listener.local_address());
    tokio::spawn(listener.run(Arc::new(who), Shutdown::new()));
    let client = Client::builder().plaintext(true).response_timeout(AMPLE).build();
    assert_eq!(client.get(&url, HeaderMap::new()).await.unwrap().body, "anonymous");
}
