//! A server with canned answers, to see what a client makes of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Most bytes of a request that are looked at.
const MAX_REQUEST_BYTES: u64 = 1 << 20;

/// What a path is answered with.
#[derive(Clone, Debug)]
pub struct Canned {
    /// Status code.
    pub status: u16,
    /// `Content-Type`.
    pub media_type: String,
    /// The body.
    pub body: String,
}

impl Canned {
    /// 200 with a body.
    #[must_use]
    pub fn ok(media_type: &str, body: impl ToString) -> Self {
        Self { status: 200, media_type: media_type.to_owned(), body: body.to_string() }
    }
}

/// A server that answers until the test's process ends; a path without an answer is 404.
pub struct Server {
    authority: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves `answers`, path and answer, on a free port.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start(answers: Vec<(&'static str, Canned)>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let authority = listener.local_addr()?.to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A client that goes away takes its answer with it; the next one is served.
                let _ = answer(&stream, &answers, &seen);
            }
        });
        Ok(Self { authority, requests })
    }

    /// URL of a path, which begins with a slash.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority)
    }

    /// The requests so far, each its head as it came, in lower case.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(
    mut stream: &TcpStream,
    answers: &[(&str, Canned)],
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream).take(MAX_REQUEST_BYTES);
    let mut head = String::new();
    while reader.read_line(&mut head)? > 2 {}
    let head = head.to_ascii_lowercase();
    let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
    let length = length.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    reader.read_exact(&mut vec![0; length])?;
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    let missing = Canned { status: 404, media_type: "text/plain".to_owned(), body: String::new() };
    let found = answers.iter().find(|(known, _)| *known == path);
    let Canned { status, media_type, body } = found.map_or(&missing, |(_, canned)| canned);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} Canned\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}
