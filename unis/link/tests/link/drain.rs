//! Shutdown: what is in work finishes, what does not is cut.

use std::sync::Arc;

use http::HeaderMap;
use link::server::{Handler, Limits, Security};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::fixture::{AMPLE, Running, World, serve, who};

/// A handler that tells when it began and waits to be released.
fn held(began: &Arc<Notify>, release: &Arc<Notify>) -> impl Handler {
    let (began, release) = (Arc::clone(began), Arc::clone(release));
    move |request| {
        let (began, release) = (Arc::clone(&began), Arc::clone(&release));
        async move {
            began.notify_one();
            release.notified().await;
            who(request).await
        }
    }
}

#[tokio::test]
async fn a_request_in_work_is_answered_over_either_protocol() {
    let world = World::new();
    let member = world.member(9);
    let (began, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let security = Security::Tls(world.tls());
    let server = serve(security, Limits::default(), held(&began, &release));
    let (client, url) = (world.client(Some(&member)), server.url("/"));
    let answer = tokio::spawn(async move { client.get(&url, HeaderMap::new()).await });
    began.notified().await;
    let mut second = world.dial(server.address, Some(&member), b"http/1.1").await.unwrap();
    second.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    began.notified().await;
    server.shutdown.trigger();
    release.notify_waiters();
    assert_eq!(answer.await.unwrap().unwrap().status, 200);
    let said = Running::closes(&mut second).await;
    assert!(said.starts_with("HTTP/1.1 200") && said.contains("connection: close"), "{said}");
    tokio::time::timeout(AMPLE, server.done).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn idle_connections_do_not_hold_the_drain_up() {
    let world = World::new();
    let member = world.member(9);
    let server = serve(Security::Tls(world.tls()), Limits::default(), who);
    let client = world.client(Some(&member));
    assert_eq!(client.get(&server.url("/"), HeaderMap::new()).await.unwrap().status, 200);
    let mut silent = world.dial(server.address, Some(&member), b"http/1.1").await.unwrap();
    server.shutdown.trigger();
    assert_eq!(Running::closes(&mut silent).await, "");
    tokio::time::timeout(AMPLE, server.done).await.unwrap().unwrap();
}

#[tokio::test]
async fn past_the_deadline_the_rest_is_cut() {
    let (began, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let limits = Limits { drain_timeout_ms: 50, ..Limits::default() };
    let server = serve(Security::Plaintext, limits, held(&began, &release));
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    began.notified().await;
    server.shutdown.trigger();
    assert_eq!(Running::closes(&mut stream).await, "");
    tokio::time::timeout(AMPLE, server.done).await.unwrap().unwrap();
}
