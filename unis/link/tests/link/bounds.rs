//! Clients that take their time, or too much.

use std::sync::Arc;

use link::server::{Limits, Security};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::client::TlsStream;

use crate::fixture::{Running, World, echo, serve, who};

/// Deadlines that are reached at once, one at a time.
fn hasty(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits {
        handshake_timeout_ms: 60_000,
        first_byte_timeout_ms: 60_000,
        header_timeout_ms: 60_000,
        ..Limits::default()
    };
    change(&mut limits);
    limits
}

async fn plain(running: &Running) -> TcpStream {
    TcpStream::connect(running.address).await.unwrap()
}

#[tokio::test]
async fn a_silent_client_is_closed() {
    let limits = hasty(|limits| limits.first_byte_timeout_ms = 50);
    let server = serve(Security::Plaintext, limits, who);
    assert_eq!(Running::closes(&mut plain(&server).await).await, "");
}

#[tokio::test]
async fn a_silent_client_is_closed_before_and_after_the_handshake() {
    let world = World::new();
    let limits = hasty(|limits| limits.handshake_timeout_ms = 50);
    let server = serve(Security::Tls(world.tls()), limits, who);
    assert_eq!(Running::closes(&mut plain(&server).await).await, "");
    let limits = hasty(|limits| limits.first_byte_timeout_ms = 50);
    let server = serve(Security::Tls(world.tls()), limits, who);
    let member = world.member(9);
    let mut stream = world.dial(server.address, Some(&member), b"http/1.1").await.unwrap();
    assert_eq!(Running::closes(&mut stream).await, "");
}

#[tokio::test]
async fn half_a_preface_is_closed() {
    let world = World::new();
    let limits = hasty(|limits| limits.first_byte_timeout_ms = 50);
    let server = serve(Security::Tls(world.tls()), limits, who);
    let member = world.member(9);
    let mut stream = world.dial(server.address, Some(&member), b"h2").await.unwrap();
    stream.write_all(b"PRI * HT").await.unwrap();
    // The server's SETTINGS may come first; that it ends is what counts.
    Running::closes(&mut stream).await;
}

#[tokio::test]
async fn dripping_headers_are_closed() {
    let limits = hasty(|limits| limits.header_timeout_ms = 50);
    let server = serve(Security::Plaintext, limits, who);
    let mut stream = plain(&server).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    assert_eq!(Running::closes(&mut stream).await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_second_request_is_not_late() {
    let limits = hasty(|limits| limits.idle_timeout_ms = 200);
    let server = serve(Security::Plaintext, limits, who);
    let mut stream = plain(&server).await;
    let twice = b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(twice).await.unwrap();
    let said = Running::closes(&mut stream).await;
    assert_eq!(said.matches("200 OK").count(), 2, "{said}");
}

#[tokio::test]
async fn a_huge_head_is_refused() {
    let server = serve(Security::Plaintext, hasty(|_| ()), who);
    let mut stream = plain(&server).await;
    let head = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}", "y".repeat(17 << 10));
    stream.write_all(head.as_bytes()).await.unwrap();
    let said = Running::closes(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 431"), "{said}");
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let server = serve(Security::Plaintext, hasty(|_| ()), who);
    let mut stream = plain(&server).await;
    let head = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(65));
    stream.write_all(head.as_bytes()).await.unwrap();
    let said = Running::closes(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 431"), "{said}");
}

#[tokio::test]
async fn a_body_too_large_is_refused_before_it_is_sent() {
    let server = serve(Security::Plaintext, hasty(|_| ()), echo);
    let mut stream = plain(&server).await;
    let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1025\r\nconnection: close\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let said = Running::closes(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");
}

#[tokio::test]
async fn a_source_has_its_share_and_no_more() {
    let limits = hasty(|limits| {
        limits.max_connections_per_source = 1;
        limits.cap_loopback = true;
    });
    let server = serve(Security::Plaintext, limits, who);
    let mut first = plain(&server).await;
    first.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    first.read_u8().await.unwrap();
    assert_eq!(Running::closes(&mut plain(&server).await).await, "");
}

#[tokio::test]
async fn beyond_the_work_limit_clients_are_told_to_come_back() {
    let limits = hasty(|limits| limits.max_requests_in_work = 1);
    let (started, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&started), Arc::clone(&release));
    let server = serve(Security::Plaintext, limits, move |request| {
        let (tell, wait) = (Arc::clone(&tell), Arc::clone(&wait));
        async move {
            tell.notify_one();
            wait.notified().await;
            who(request).await
        }
    });
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut first = plain(&server).await;
    first.write_all(request).await.unwrap();
    started.notified().await;
    let mut second = plain(&server).await;
    second.write_all(request).await.unwrap();
    let said = Running::closes(&mut second).await;
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("retry-after: 1"), "{said}");
    release.notify_one();
    assert!(Running::closes(&mut first).await.starts_with("HTTP/1.1 200"));
}

/// Whoever holds answers back, or asks for much at once, leaves room for others.
#[tokio::test]
async fn one_source_does_not_take_the_work_that_another_needs() {
    let limits = hasty(|limits| {
        limits.max_requests_in_work = 9;
        limits.max_requests_in_work_per_source = 2;
        limits.cap_loopback = true;
    });
    let started = Arc::new(Notify::new());
    let tell = Arc::clone(&started);
    let server = serve(Security::Plaintext, limits, move |request: http::Request<_>| {
        let tell = Arc::clone(&tell);
        async move {
            if request.uri().path() == "/slow" {
                tell.notify_one();
                std::future::pending::<()>().await;
            }
            who(request).await
        }
    });
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut stream = plain(&server).await;
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        started.notified().await;
        slow.push(stream);
    }
    let quick = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut third = plain(&server).await;
    third.write_all(quick).await.unwrap();
    let said = Running::closes(&mut third).await;
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("retry-after: 1"), "{said}");
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(server.address).await.unwrap();
    other.write_all(quick).await.unwrap();
    assert!(Running::closes(&mut other).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_handler_that_does_not_answer_is_answered_for() {
    let limits = hasty(|limits| limits.handler_timeout_ms = 50);
    let server = serve(Security::Plaintext, limits, |_request| std::future::pending());
    let mut stream = plain(&server).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let said = Running::closes(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 503"), "{said}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_closed() {
    let limits = hasty(|limits| limits.write_timeout_ms = 50);
    let gone = Arc::new(Notify::new());
    let told = Arc::clone(&gone);
    let server = serve(Security::Plaintext, limits, move |_request| {
        let told = Arc::clone(&told);
        let (sender, endless) = link::body::channel(1);
        tokio::spawn(async move {
            let piece = bytes::Bytes::from(vec![0; 1 << 20]);
            while sender.send(Ok(piece.clone())).await.is_ok() {}
            told.notify_one();
        });
        async move { http::Response::new(endless) }
    });
    let mut stream = plain(&server).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::time::timeout(crate::fixture::AMPLE, gone.notified()).await.unwrap();
}

/// A client of HTTP/2 that lets the server send little (RFC 9113 §6.5.2): the preface, SETTINGS
/// with this initial window, and `GET /` as HEADERS of stream 1 with END_STREAM.
async fn windowless(world: &World, server: &Running, window: u8) -> TlsStream<TcpStream> {
    // RFC 7541 Appendix A: 2 is `:method: GET`, 7 `:scheme: https`, 4 `:path: /`; 1 `:authority`.
    const HEADERS: [u8; 6] = [0x82, 0x87, 0x84, 0x41, 1, b'x'];
    let mut stream = world.dial(server.address, Some(&world.member(9)), b"h2").await.unwrap();
    let mut said = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    said.extend([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, window]);
    said.extend([0, 0, 6, 1, 5, 0, 0, 0, 1]);
    said.extend(HEADERS);
    stream.write_all(&said).await.unwrap();
    stream
}

async fn is_closed_and_leaves_its_place(window: u8) {
    let world = World::new();
    let limits = hasty(|limits| {
        limits.write_timeout_ms = 1_000;
        limits.max_requests_in_work = 1;
    });
    let server = serve(Security::Tls(world.tls()), limits, who);
    let mut stream = windowless(&world, &server, window).await;
    // The head of the answer comes at once; its body keeps the only place.
    let mut head = [0; 9];
    while head[3] != 1 {
        stream.read_exact(&mut head).await.unwrap();
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length]).await.unwrap();
    }
    assert_eq!(world.who(server.address, Some(&world.member(8))).await.unwrap(), "");
    Running::closes(&mut stream).await;
    let answer = world.who(server.address, Some(&world.member(8))).await.unwrap();
    assert!(answer.contains("operator/o8"), "{answer}");
}

#[tokio::test]
async fn a_client_that_opens_no_window_is_closed_and_its_place_is_free_again() {
    is_closed_and_leaves_its_place(0).await;
}

#[tokio::test]
async fn so_is_one_that_takes_a_byte_and_no_more() {
    is_closed_and_leaves_its_place(1).await;
}

#[tokio::test]
async fn the_answer_to_head_says_how_long_it_would_be_and_nothing_more() {
    let server = serve(Security::Plaintext, hasty(|_| ()), who);
    let mut stream = plain(&server).await;
    stream.write_all(b"HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let said = Running::closes(&mut stream).await;
    assert!(said.contains("content-length: 9\r\n") && said.ends_with("\r\n\r\n"), "{said}");
}

#[tokio::test]
async fn a_panic_ends_one_connection_and_not_the_server() {
    let server = serve(Security::Plaintext, hasty(|_| ()), |request: http::Request<_>| async {
        assert!(request.uri().path() != "/panic", "as told");
        who(request).await
    });
    let mut first = plain(&server).await;
    first.write_all(b"GET /panic HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(Running::closes(&mut first).await, "");
    let mut second = plain(&server).await;
    second.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(Running::closes(&mut second).await.contains("anonymous"));
}
