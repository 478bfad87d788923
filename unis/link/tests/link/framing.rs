//! Requests of HTTP/1.1 that two readers could take for two things (RFC 9112 §5, §6, §11.2).

use link::server::{Limits, Security};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::fixture::{Running, echo, serve, who};

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
        ("a length before chunks", "content-length: 4\r\ntransfer-encoding: chunked"),
        ("a length after chunks", "transfer-encoding: chunked\r\ncontent-length: 4"),
    ] {
        let text = format!("POST / HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n0\r\n\r\n{SMUGGLED}");
        let said = said_to(&server, text.as_bytes()).await;
        assert!(said.matches("HTTP/1.1 ").count() <= 1, "{what}: {said}");
        assert!(!said.contains("smuggled"), "{what}: {said}");
    }
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
