//! Requests of HTTP/1.1 that two readers could take for two things (RFC 9112 §5, §6, §11.2).

use std::net::SocketAddr;
use std::sync::Arc;

use link::admin::{Admin, Readiness};
use link::server::{Limits, Security};
use link::shutdown::Shutdown;
use prometheus_client::registry::Registry;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::fixture::{Running, World, echo, serve, who};

/// What a server says to these bytes until it closes.
async fn said_to(server: &Running, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    Running::closes(&mut stream).await
}

/// A second request that must not be seen, whatever the first is taken for.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_head_that_can_be_read_in_two_ways_is_refused() {
    let server = serve(Security::Plaintext, Limits::default(), who);
    for (what, head) in [
        ("a folded line", "host: x\r\na: b\r\n c"),
        ("a bare carriage return in a value", "host: x\r\na: b\rc: d"),
        ("a bare carriage return for a line", "host: x\ra: b"),
        ("a nul in a value", "host: x\r\na: b\0c"),
        ("a blank before the colon", "host: x\r\ncontent-length : 4"),
        ("a blank in a name", "host: x\r\ncontent length: 4"),
        ("no name", "host: x\r\n: 4"),
        ("no colon", "host: x\r\nabc"),
        ("two hosts", "host: x\r\nhost: y"),
        ("no host", "a: b"),
    ] {
        let text = format!("GET / HTTP/1.1\r\n{head}\r\n\r\n{SMUGGLED}");
        let said = said_to(&server, text.as_bytes()).await;
        let first = said.lines().next().unwrap_or_default();
        assert!(first.starts_with("HTTP/1.1 400"), "{what}: {said}");
    }
}

#[tokio::test]
async fn a_body_whose_end_is_in_doubt_is_refused() {
    let server = serve(Security::Plaintext, Limits::default(), echo);
    for (what, head) in [
        ("two lengths", "content-length: 4\r\ncontent-length: 5"),
        ("a list of lengths", "content-length: 4, 5"),
        ("a signed length", "content-length: +4"),
        ("a hexadecimal length", "content-length: 0x4"),
        ("a length of no number", "content-length: four"),
        ("a length beyond all", "content-length: 99999999999999999999"),
        ("chunks that are not last", "transfer-encoding: chunked, identity"),
        ("an unknown coding", "transfer-encoding: xchunked"),
    ] {
        let text = format!("POST / HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n0\r\n\r\n{SMUGGLED}");
        let said = said_to(&server, text.as_bytes()).await;
        assert!(said.matches("HTTP/1.1 ").count() <= 1, "{what}: {said}");
        assert!(!said.contains("smuggled"), "{what}: {said}");
    }
}

/// Requests that have two lengths, or codings that are not known, and what each is answered.
const CODED: [(&str, &str); 8] = [
    ("content-length: 4\r\ntransfer-encoding: chunked", "400"),
    ("transfer-encoding: chunked\r\ncontent-length: 4", "400"),
    ("Transfer-Encoding:chunked\r\na: b\r\nCONTENT-LENGTH:0", "400"),
    ("transfer-encoding: chunked, chunked", "400"),
    ("transfer-encoding: chunked\r\ntransfer-encoding: chunked", "400"),
    ("transfer-encoding: gzip, chunked", "501"),
    ("transfer-encoding: identity\r\ntransfer-encoding: chunked", "501"),
    ("transfer-encoding: chunked, gzip", "400"),
];

#[tokio::test]
async fn length_and_chunks_together_are_refused() {
    let world = World::new();
    let plain = serve(Security::Plaintext, Limits::default(), echo);
    let secured = serve(Security::Tls(world.tls()), Limits::default(), echo);
    let (readiness, registry) = (Readiness::default(), Arc::new(Registry::default()));
    let stop = Shutdown::new();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let admin = Admin::bind(any, readiness, registry, stop.clone()).unwrap();
    let admin_address = admin.local_address();
    let admin = tokio::spawn(admin.run(stop.clone()));
    for (head, status) in CODED {
        // What comes before, on the same connection and perhaps in one packet, does not matter.
        for before in ["", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n\r\n"] {
            let request = format!("POST / HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n0\r\n\r\n");
            let text = format!("{before}{request}{SMUGGLED}");
            let expected = format!("HTTP/1.1 {status}");
            for address in [plain.address, admin_address] {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(text.as_bytes()).await.unwrap();
                is_last(&Running::closes(&mut stream).await, &expected, &text);
            }
            let member = world.member(7);
            let mut stream = world.dial(secured.address, Some(&member), b"http/1.1").await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            is_last(&Running::closes(&mut stream).await, &expected, &text);
        }
    }
    stop.trigger();
    admin.await.unwrap();
}

/// The last answer has this status and says that the connection ends.
fn is_last(said: &str, expected: &str, text: &str) {
    let last = said.rfind("HTTP/1.1 ").map_or("", |at| &said[at..]);
    assert!(last.starts_with(expected), "{text:?}: {said}");
    assert!(last.contains("connection: close"), "{text:?}: {said}");
}

#[tokio::test]
async fn chunks_are_read_strictly() {
    let server = serve(Security::Plaintext, Limits::default(), echo);
    for (what, chunks) in [
        ("no line end after the data", "4\r\nabcdefgh\r\n0\r\n\r\n"),
        ("a negative size", "-4\r\nabcd\r\n0\r\n\r\n"),
        ("a size with a sign", "+4\r\nabcd\r\n0\r\n\r\n"),
        ("a size with a prefix", "0x4\r\nabcd\r\n0\r\n\r\n"),
        ("a size beyond all", "ffffffffffffffff1\r\nabcd\r\n0\r\n\r\n"),
    ] {
        let head = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
        let said = said_to(&server, format!("{head}{chunks}{SMUGGLED}").as_bytes()).await;
        assert!(!said.contains("HTTP/1.1 200"), "{what}: {said}");
    }
}
