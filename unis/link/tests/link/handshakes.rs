//! What a client may do before it has shown who it is.

use std::pin::pin;
use std::time::Duration;

use link::server::{Limits, Security};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fixture::{Running, World, serve, who};

/// The first bytes of a ClientHello: a record of 512 bytes, of which 9 come.
const HALF_A_HELLO: [u8; 9] = [22, 3, 1, 2, 0, 1, 0, 1, 252];

async fn plain(running: &Running) -> TcpStream {
    TcpStream::connect(running.address).await.unwrap()
}

#[tokio::test]
async fn half_a_client_hello_is_closed_however_slowly_it_comes() {
    let world = World::new();
    let limits = Limits { handshake_timeout_ms: 100, ..Limits::default() };
    let server = serve(Security::Tls(world.tls()), limits, who);
    let mut stream = plain(&server).await;
    stream.write_all(&HALF_A_HELLO).await.unwrap();
    Running::closes(&mut stream).await;
}

#[tokio::test]
async fn what_is_no_tls_is_closed_at_once() {
    let world = World::new();
    let server = serve(Security::Tls(world.tls()), Limits::default(), who);
    let mut stream = plain(&server).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(!Running::closes(&mut stream).await.contains("HTTP"));
}

/// Silent clients take no place among the handshakes in work.
#[tokio::test]
async fn half_open_handshakes_do_not_keep_others_out() {
    let world = World::new();
    let limits = Limits { max_handshakes: 1, ..Limits::default() };
    let server = serve(Security::Tls(world.tls()), limits, who);
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut stream = plain(&server).await;
        stream.write_all(&HALF_A_HELLO).await.unwrap();
        waiting.push(stream);
    }
    let answer = world.who(server.address, Some(&world.member(8))).await.unwrap();
    assert!(answer.contains("operator/o8"), "{answer}");
}

/// From its complete ClientHello on a client takes a place, until it finishes or goes.
#[tokio::test]
async fn beyond_the_handshakes_in_work_the_next_one_waits_for_its_turn() {
    let world = World::new();
    let limits = Limits { max_handshakes: 1, handshake_timeout_ms: 3_600_000, ..Limits::default() };
    let server = serve(Security::Tls(world.tls()), limits, who);
    let mut first = plain(&server).await;
    first.write_all(&world.hello()).await.unwrap();
    // The server's part of the handshake has begun.
    first.read_u8().await.unwrap();
    let member = world.member(8);
    let mut second = pin!(world.who(server.address, Some(&member)));
    let soon = Duration::from_millis(300);
    assert!(tokio::time::timeout(soon, second.as_mut()).await.is_err());
    drop(first);
    let answer = second.await.unwrap();
    assert!(answer.contains("operator/o8"), "{answer}");
}

#[tokio::test]
async fn a_network_that_shakes_hands_too_often_is_closed_before_it() {
    let world = World::new();
    // No other bound closes a silent connection while the test runs.
    let limits = Limits {
        handshakes_per_second: 1,
        handshake_burst: 2,
        handshake_timeout_ms: 3_600_000,
        cap_loopback: true,
        ..Limits::default()
    };
    let server = serve(Security::Tls(world.tls()), limits, who);
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let mut stream = plain(&server).await;
        clients.spawn(async move { Running::closes(&mut stream).await });
    }
    assert_eq!(clients.join_next().await.unwrap().unwrap(), "");
}

/// What the tests and benches of the own machine rely on.
#[tokio::test]
async fn the_own_machine_is_not_bound_by_the_defaults() {
    let world = World::new();
    let limits = Limits { handshakes_per_second: 1, handshake_burst: 1, ..Limits::default() };
    let server = serve(Security::Tls(world.tls()), limits, who);
    for _ in 0..5 {
        world.who(server.address, Some(&world.member(8))).await.unwrap();
    }
}

#[tokio::test]
async fn connections_have_an_end_in_all() {
    let limits = Limits { max_connections: 1, ..Limits::default() };
    let server = serve(Security::Plaintext, limits, who);
    let mut first = plain(&server).await;
    first.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::io::AsyncReadExt::read_u8(&mut first).await.unwrap();
    assert_eq!(Running::closes(&mut plain(&server).await).await, "");
    drop(first);
    // The place is free again as soon as the server has seen the end.
    loop {
        let mut next = plain(&server).await;
        let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        if next.write_all(request).await.is_ok()
            && Running::closes(&mut next).await.contains("200 OK")
        {
            break;
        }
    }
}
