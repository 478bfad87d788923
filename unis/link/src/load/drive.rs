//! The load: blocking sockets, HTTP/1.1 by hand, one request at a time on each connection.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, IpAddr, PrivateKeyDer, ServerName};

use crate::crypto::provider;

/// Connections at a time, a thread each.
pub const CONNECTIONS: usize = 4;
/// No answer takes longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Room for an answer at first.
const BUFFER_BYTES: usize = 1 << 17;
/// Longest head of an answer.
const MAX_HEAD_BYTES: usize = 1 << 14;

/// Where to connect, and how.
pub struct Target {
    /// Host and port.
    pub authority: String,
    tls: Option<Arc<ClientConfig>>,
}

impl Target {
    /// A server at `authority`; with a folder of certificates over mutual TLS.
    ///
    /// # Errors
    /// The certificates cannot be read.
    pub fn new(authority: &str, pki: Option<&Path>) -> anyhow::Result<Self> {
        let tls = pki.map(client_config).transpose()?;
        Ok(Self { authority: authority.to_owned(), tls })
    }
}

fn client_config(pki: &Path) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pki.join("ca.pem"))?)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(pki.join("client.pem"))?.collect();
    let key = PrivateKeyDer::from_pem_file(pki.join("client-key.pem"))?;
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain?, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// What was answered in one round.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// How long each answer took, in no order.
    pub times: Vec<Duration>,
    /// Answers.
    pub answers: u64,
    /// Answers per second, all connections together.
    pub per_second: f64,
    /// Bytes of bodies per second, all connections together.
    pub bytes_per_second: f64,
}

/// Asks `requests` in turn on each of [`CONNECTIONS`] for a time. The clock is read when all
/// connections stand and have been used once, and when the last has its last answer.
///
/// # Errors
/// A connection breaks, or an answer is no success.
pub fn drive<T>(
    target: &Target,
    requests: &[Vec<u8>],
    time: Duration,
    read_clock: impl Fn() -> anyhow::Result<T>,
) -> anyhow::Result<(Count, T, T)> {
    drive_lanes(&[Lane { target, requests }; CONNECTIONS], time, read_clock)
}

/// One connection: where to, and what is asked on it in turn.
#[derive(Clone, Copy)]
pub struct Lane<'a> {
    /// Where to.
    pub target: &'a Target,
    /// Whole requests, one at least.
    pub requests: &'a [Vec<u8>],
}

/// As [`drive`], each connection with its own certificate and requests.
///
/// # Errors
/// As there.
pub fn drive_lanes<T>(
    lanes: &[Lane<'_>],
    time: Duration,
    read_clock: impl Fn() -> anyhow::Result<T>,
) -> anyhow::Result<(Count, T, T)> {
    let ready = Barrier::new(lanes.len() + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = lanes
            .iter()
            .enumerate()
            .map(|(number, Lane { target, requests })| {
                let ready = &ready;
                scope.spawn(move || {
                    let warmed = warm(target, requests);
                    // Whoever failed comes here too, or the others would wait for ever.
                    ready.wait();
                    ask(&mut warmed?, requests, number, time)
                })
            })
            .collect();
        ready.wait();
        let begin = read_clock()?;
        let mut sum = Count::default();
        for thread in threads {
            let Ok(count) = thread.join() else { bail!("a connection's thread broke off") };
            let count = count?;
            sum.answers += count.answers;
            sum.per_second += count.per_second;
            sum.bytes_per_second += count.bytes_per_second;
            sum.times.extend(count.times);
        }
        Ok((sum, begin, read_clock()?))
    })
}

fn warm(target: &Target, requests: &[Vec<u8>]) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(target)?;
    connection.call(&requests[0])?;
    Ok(connection)
}

fn ask(
    connection: &mut Connection,
    requests: &[Vec<u8>],
    skip: usize,
    time: Duration,
) -> anyhow::Result<Count> {
    let (begin, mut last, mut bytes, mut times) = (Instant::now(), Duration::ZERO, 0, Vec::new());
    for request in requests.iter().cycle().skip(skip) {
        bytes += connection.call(request)?.len();
        let so_far = begin.elapsed();
        times.push(so_far - last);
        last = so_far;
        if so_far >= time {
            break;
        }
    }
    let answers = times.len() as u64;
    let seconds = begin.elapsed().as_secs_f64();
    let (per_second, bytes_per_second) = (answers as f64 / seconds, bytes as f64 / seconds);
    Ok(Count { times, answers, per_second, bytes_per_second })
}

/// A connection that is kept.
pub struct Connection {
    wire: Wire,
    /// Room for an answer.
    pub buffer: Vec<u8>,
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody is there.
    pub fn open(target: &Target) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(&target.authority)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        let wire = match &target.tls {
            None => Wire::Plain(stream),
            Some(config) => {
                let name = ServerName::IpAddress(IpAddr::from(stream.peer_addr()?.ip()));
                let session = ClientConnection::new(Arc::clone(config), name)?;
                Wire::Tls(Box::new(StreamOwned::new(session, stream)))
            }
        };
        Ok(Self { wire, buffer: vec![0; BUFFER_BYTES] })
    }

    /// Sends a request and reads its answer, which has to be a 200 with its length: the body.
    ///
    /// # Errors
    /// Anything else comes, or nothing.
    pub fn call(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        self.wire.as_write().write_all(request)?;
        let (mut filled, mut whole) = (0, None);
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize((2 * filled).max(BUFFER_BYTES), 0);
            }
            let read = self.wire.as_read().read(&mut self.buffer[filled..])?;
            ensure!(read > 0, "the connection was closed");
            filled += read;
            if whole.is_none() {
                whole = head(&self.buffer[..filled])?;
            }
            if let Some((begin, end)) = whole.filter(|(_, end)| filled >= *end) {
                ensure!(filled == end, "more than one answer");
                return Ok(&self.buffer[begin..end]);
            }
        }
    }
}

impl Wire {
    fn as_read(&mut self) -> &mut dyn Read {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream,
        }
    }

    fn as_write(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream,
        }
    }
}

/// Where the body begins and ends, once the head is there.
fn head(answer: &[u8]) -> anyhow::Result<Option<(usize, usize)>> {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        ensure!(answer.len() < MAX_HEAD_BYTES, "a head without end");
        return Ok(None);
    };
    let head = std::str::from_utf8(&answer[..end])?;
    ensure!(head.starts_with("HTTP/1.1 200 "), "not answered: {head}");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let begin = end + 4;
    Ok(Some((begin, begin + length.context("an answer without length")?)))
}
