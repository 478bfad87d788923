//! HTTP/1.1 over a plain socket, byte by byte: a client that shares no code with the server.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

/// No answer takes longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Header fields in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, no longer chunked.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header field; the first, if there are several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// It is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {}", String::from_utf8_lossy(&self.body)),
        }
    }

    /// `[status, meta.code, meta.field, meta.value]` of an error message (RFC 7285 §8.5), absent
    /// ones as null.
    #[must_use]
    pub fn error(&self) -> Value {
        let meta = self.json()["meta"].clone();
        serde_json::json!([self.status, meta["code"], meta["field"], meta["value"]])
    }
}

/// A request on its way.
#[derive(Clone, Debug)]
pub struct Request {
    authority: String,
    head: String,
    body: Vec<u8>,
    method: String,
}

/// A request for a URL (`http://HOST:PORT/PATH`).
#[must_use]
pub fn request(method: &str, url: &str) -> Request {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    Request {
        authority: authority.to_owned(),
        head: format!("{method} /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n"),
        body: Vec::new(),
        method: method.to_owned(),
    }
}

/// GET.
///
/// # Panics
/// The server does not answer.
#[must_use]
pub fn get(url: &str) -> Answer {
    request("GET", url).send()
}

/// POST of a body of a media type.
///
/// # Panics
/// The server does not answer.
#[must_use]
pub fn post(url: &str, media_type: &str, body: impl AsRef<[u8]>) -> Answer {
    request("POST", url).header("Content-Type", media_type).body(body).send()
}

impl Request {
    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    /// Sets the body, with its length.
    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        let length = self.body.len().to_string();
        self.header("Content-Length", &length)
    }

    /// Sends it and reads the answer.
    ///
    /// # Panics
    /// The server does not answer.
    #[must_use]
    pub fn send(self) -> Answer {
        match self.try_send() {
            Ok(answer) => answer,
            Err(error) => panic!("no answer: {error:#}"),
        }
    }

    /// Sends it and reads the answer.
    ///
    /// # Errors
    /// The server does not answer, or not in HTTP/1.1.
    pub fn try_send(self) -> anyhow::Result<Answer> {
        let mut stream = TcpStream::connect(&self.authority)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.write_all(format!("{}\r\n", self.head).as_bytes())?;
        // A server that refuses early closes while the body is still on its way; its answer is
        // there all the same.
        let _ = stream.write_all(&self.body);
        read_answer(&mut BufReader::new(stream), &self.method)
    }
}

/// Sends bytes as they are on one connection and reads an answer for each of `methods`.
///
/// # Errors
/// The server does not answer that often, or not in HTTP/1.1.
pub fn exchange(
    authority: &str,
    bytes: impl AsRef<[u8]>,
    methods: &[&str],
) -> anyhow::Result<Vec<Answer>> {
    let mut stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.write_all(bytes.as_ref())?;
    let mut reader = BufReader::new(stream);
    methods.iter().map(|method| read_answer(&mut reader, method)).collect()
}

/// Reads one answer.
///
/// # Errors
/// It is cut off, or no HTTP/1.1.
pub fn read_answer(from: &mut impl BufRead, method: &str) -> anyhow::Result<Answer> {
    let status_line = read_line(from)?;
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("bad status line {status_line:?}"))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(from)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').with_context(|| format!("bad header {line:?}"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if method == "HEAD" || status == 204 || status == 304 {
        from.read_to_end(&mut answer.body)?;
    } else if answer.header("transfer-encoding") == Some("chunked") {
        answer.body = read_chunks(from)?;
    } else if let Some(length) = answer.header("content-length") {
        answer.body = vec![0; length.parse()?];
        from.read_exact(&mut answer.body)?;
    } else {
        from.read_to_end(&mut answer.body)?;
    }
    Ok(answer)
}

fn read_chunks(from: &mut impl BufRead) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(from)?;
        let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)?;
        let begin = body.len();
        body.resize(begin + size, 0);
        from.read_exact(&mut body[begin..])?;
        if !read_line(from)?.is_empty() {
            bail!("no line end after a chunk");
        }
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_line(from: &mut impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        bail!("the connection was closed");
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
