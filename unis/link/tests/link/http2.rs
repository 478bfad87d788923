//! Clients of HTTP/2 that keep to the letter of the frames and not to their purpose (RFC 9113
//! §10.5).

use std::sync::Arc;

use link::server::{Limits, Security};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::fixture::{AMPLE, World, serve, who};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// RFC 9113 §7.
const FLOW_CONTROL_ERROR: u32 = 3;
const REFUSED_STREAM: u32 = 7;
const CANCEL: [u8; 4] = [0, 0, 0, 8];
const ENHANCE_YOUR_CALM: u32 = 11;

/// RFC 7541 Appendix A: `:method: GET`, `:scheme: https`, `:path: /`, `:authority: x`.
const GET: [u8; 6] = [0x82, 0x87, 0x84, 0x41, 1, b'x'];
const POST: [u8; 6] = [0x83, 0x87, 0x84, 0x41, 1, b'x'];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A connection after the preface and empty SETTINGS.
struct Peer {
    from: ReadHalf<TlsStream<TcpStream>>,
    to: WriteHalf<TlsStream<TcpStream>>,
    _world: World,
}

impl Peer {
    /// Of a server with these limits and a handler that never answers, or says who asks.
    async fn meets(limits: Limits, answers: bool) -> Self {
        let world = World::new();
        let security = Security::Tls(world.tls());
        let handler = move |request| async move {
            if !answers {
                std::future::pending::<()>().await;
            }
            who(request).await
        };
        let server = serve(security, limits, handler);
        let stream = world.dial(server.address, Some(&world.member(9)), b"h2").await.unwrap();
        let (from, to) = split(stream);
        let mut peer = Self { from, to, _world: world };
        peer.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        peer.send(&frame(SETTINGS, 0, 0, &[])).await;
        peer
    }

    /// A server that has closed already takes nothing; what it said before counts.
    async fn send(&mut self, bytes: &[u8]) {
        let _closed = self.to.write_all(bytes).await;
    }

    /// The next frame's type, stream and payload; `None` once the server has closed.
    async fn next(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        let reading = async {
            let mut head = [0; 9];
            self.from.read_exact(&mut head).await.ok()?;
            let [a, b, c, kind, _, stream @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            self.from.read_exact(&mut payload).await.ok()?;
            Some((kind, u32::from_be_bytes(stream), payload))
        };
        tokio::time::timeout(AMPLE, reading).await.unwrap()
    }

    /// The error code of the server's GOAWAY, once it has closed; `None` if it said none.
    async fn farewell(&mut self) -> Option<u32> {
        let mut code = None;
        while let Some((kind, _, payload)) = self.next().await {
            if kind == GOAWAY {
                code = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
            }
        }
        code
    }
}

fn streams() -> impl Iterator<Item = u32> {
    (1..).step_by(2)
}

/// CVE-2023-44487.
#[tokio::test]
async fn who_opens_and_resets_without_end_is_told_to_calm_down() {
    let mut peer = Peer::meets(Limits::default(), false).await;
    let mut flood = Vec::new();
    for stream in streams().take(5_000) {
        flood.extend(frame(HEADERS, END_STREAM | END_HEADERS, stream, &GET));
        flood.extend(frame(RST_STREAM, 0, stream, &CANCEL));
    }
    peer.send(&flood).await;
    assert_eq!(peer.farewell().await, Some(ENHANCE_YOUR_CALM));
}

#[tokio::test]
async fn beyond_its_streams_a_connection_is_refused_more() {
    let limits = Limits { max_streams: 2, ..Limits::default() };
    let mut peer = Peer::meets(limits, false).await;
    for stream in streams().take(3) {
        peer.send(&frame(HEADERS, END_STREAM | END_HEADERS, stream, &GET)).await;
    }
    let refused = loop {
        let (kind, stream, payload) = peer.next().await.unwrap();
        if kind == RST_STREAM {
            break (stream, u32::from_be_bytes(payload[..].try_into().unwrap()));
        }
    };
    assert_eq!(refused, (5, REFUSED_STREAM));
}

/// Sends bodies of so many bytes on so many streams and tells what they end with: the error of the
/// first stream that is reset, or of the connection.
async fn sent(limits: Limits, bodies: &[usize]) -> u32 {
    let mut peer = Peer::meets(limits, false).await;
    // A window holds from the acknowledgement of the settings on (RFC 9113 §6.5.3).
    let (first, ..) = peer.next().await.unwrap();
    assert_eq!(first, SETTINGS);
    peer.send(&frame(SETTINGS, ACK, 0, &[])).await;
    for (stream, bytes) in streams().zip(bodies) {
        let mut text = frame(HEADERS, END_HEADERS, stream, &POST);
        for piece in vec![b'x'; *bytes].chunks(16_384) {
            text.extend(frame(DATA, 0, stream, piece));
        }
        peer.send(&text).await;
    }
    loop {
        match peer.next().await {
            Some((RST_STREAM, _, code)) => break u32::from_be_bytes(code[..].try_into().unwrap()),
            Some((GOAWAY, _, said)) => break u32::from_be_bytes(said[4..8].try_into().unwrap()),
            Some(_) => {}
            None => panic!("closed without a word"),
        }
    }
}

#[tokio::test]
async fn more_of_a_body_than_the_window_ends_it() {
    let limits = Limits { stream_window_bytes: 20_000, ..Limits::default() };
    assert_eq!(sent(limits, &[20_001]).await, FLOW_CONTROL_ERROR);
}

#[tokio::test]
async fn bodies_of_a_connection_share_a_window() {
    let limits = Limits { connection_window_bytes: 100_000, ..Limits::default() };
    assert_eq!(sent(limits, &[50_000, 50_001]).await, FLOW_CONTROL_ERROR);
}

/// Streams that are refused count, as do those with a malformed head.
#[tokio::test]
async fn faults_that_reset_streams_end_the_connection() {
    let limits = Limits { max_local_resets: 8, ..Limits::default() };
    let mut peer = Peer::meets(limits, true).await;
    let mut flood = Vec::new();
    for stream in streams().take(2_000) {
        // No `:path`: a stream error of type PROTOCOL_ERROR (RFC 9113 §8.1.1).
        flood.extend(frame(HEADERS, END_STREAM | END_HEADERS, stream, &[0x82, 0x87]));
    }
    peer.send(&flood).await;
    assert_eq!(peer.farewell().await, Some(ENHANCE_YOUR_CALM));
}

/// CVE-2024-27316.
#[tokio::test]
async fn a_head_that_goes_on_and_on_ends_the_connection() {
    let mut peer = Peer::meets(Limits::default(), true).await;
    peer.send(&frame(HEADERS, END_STREAM, 1, &GET)).await;
    // A literal field without name that is never complete, or small ones for ever.
    let piece: Vec<u8> = [0, 1, b'a', 1, b'b'].repeat(3_000);
    for _ in 0..200 {
        peer.send(&frame(CONTINUATION, 0, 1, &piece)).await;
    }
    assert!(peer.farewell().await.is_some());
}

#[tokio::test]
async fn a_huge_head_is_refused_as_over_http_1() {
    let mut peer = Peer::meets(Limits::default(), true).await;
    // A literal field of 17,000 bytes (RFC 7541 §5.1, §6.2.2): 127 + 16,873.
    let mut head = GET.to_vec();
    head.extend([0, 1, b'a', 0x7f, 0xe9, 0x83, 1]);
    head.extend(vec![b'b'; 17_000]);
    let (first, rest) = head.split_at(16_000);
    peer.send(&frame(HEADERS, END_STREAM, 1, first)).await;
    peer.send(&frame(CONTINUATION, END_HEADERS, 1, rest)).await;
    loop {
        let (kind, _, payload) = peer.next().await.unwrap();
        if kind == HEADERS {
            // RFC 7541 §6.1, §6.2: `:status` by its index 8 with the literal 431, plain or coded.
            let text = String::from_utf8_lossy(&payload).into_owned();
            let huffman = [0x48, 0x83, 0x69, 0x90, 0xff];
            assert!(payload.starts_with(&huffman) || text.contains("431"), "{payload:02x?}");
            break;
        }
        assert_ne!(kind, DATA);
        if kind == RST_STREAM || kind == GOAWAY {
            break;
        }
    }
}

/// RUSTSEC-2026-0258.
#[tokio::test]
async fn empty_data_without_end_ends_the_connection() {
    let mut peer = Peer::meets(Limits::default(), false).await;
    peer.send(&frame(HEADERS, END_HEADERS, 1, &POST)).await;
    let flood = frame(DATA, 0, 1, &[]).repeat(200_000);
    peer.send(&flood).await;
    assert_eq!(peer.farewell().await, Some(ENHANCE_YOUR_CALM));
}

#[tokio::test]
async fn a_window_that_overflows_ends_the_connection() {
    let mut peer = Peer::meets(Limits::default(), true).await;
    for _ in 0..2 {
        peer.send(&frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes())).await;
    }
    assert_eq!(peer.farewell().await, Some(FLOW_CONTROL_ERROR));
}

/// CVE-2019-9512: answers are not kept for a client that does not take them.
#[tokio::test]
async fn who_pings_and_does_not_read_is_closed() {
    let limits = Limits { write_timeout_ms: 200, ..Limits::default() };
    let mut peer = Peer::meets(limits, true).await;
    let flood = frame(PING, 0, 0, &[0; 8]).repeat(1_000);
    let flooding = async { while peer.to.write_all(&flood).await.is_ok() {} };
    tokio::time::timeout(AMPLE, flooding).await.unwrap();
}

#[tokio::test]
async fn who_answers_no_ping_is_closed() {
    let limits = Limits { ping_interval_ms: 100, ping_timeout_ms: 100, ..Limits::default() };
    let mut peer = Peer::meets(limits, true).await;
    let mut pings = 0;
    while let Some((kind, _, _)) = peer.next().await {
        pings += usize::from(kind == PING);
    }
    assert_eq!(pings, 1);
}

/// All streams of a connection in work at once, and the next connection is served all the same.
#[tokio::test]
async fn one_connection_does_not_take_what_another_needs() {
    let world = World::new();
    let limits = Limits { max_streams: 4, max_requests_in_work: 5, ..Limits::default() };
    let handler = |request: http::Request<hyper::body::Incoming>| async {
        if request.uri().path() == "/" {
            std::future::pending::<()>().await;
        }
        who(request).await
    };
    let server = serve(Security::Tls(world.tls()), limits, handler);
    let member = world.member(9);
    let mut greedy = world.dial(server.address, Some(&member), b"h2").await.unwrap();
    let mut said = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    said.extend(frame(4, 0, 0, &[]));
    for stream in streams().take(8) {
        said.extend(frame(HEADERS, END_STREAM | END_HEADERS, stream, &GET));
    }
    greedy.write_all(&said).await.unwrap();
    let other = Arc::new(world.member(8));
    let answer = world.who(server.address, Some(&other)).await.unwrap();
    assert!(answer.contains("operator/o8"), "{answer}");
}
