//! Asking over mutually authenticated HTTP, with a bound on what comes back.

use std::time::Duration;

use alto::media;
use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
    LOCATION,
};
use http::response::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use link::body::{self, ReadError};
use link::client::{Client, ClientError};

use crate::exchange::answer::{Answer, Reply, check_media_type, refusal};
use crate::exchange::call_error::CallError;
use crate::url::Url;

/// Most redirections that are followed for one question.
const MAX_REDIRECTS: usize = 3;

/// Most bytes of an error that are looked at.
const MAX_FAULT_BYTES: usize = 64 << 10;

/// One question.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) url: Url,
    /// Media type that the answer must have.
    pub(crate) expected: &'static str,
    /// The entity tag of what the client has already.
    pub(crate) etag: Option<String>,
    /// Media type and content of the request; none for a GET (RFC 7285 §8.3.2).
    pub(crate) body: Option<(&'static str, Bytes)>,
    /// Most bytes of the answer, unpacked.
    pub(crate) max_bytes: usize,
}

impl Ask {
    pub(crate) fn get(url: Url, expected: &'static str, max_bytes: usize) -> Self {
        Self { url, expected, etag: None, body: None, max_bytes }
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, http::uri::InvalidUri> {
        let (method, body) = match &self.body {
            Some((_, body)) => (Method::POST, body.clone()),
            None => (Method::GET, Bytes::new()),
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = self.url.as_str().parse()?;
        *request.headers_mut() = self.headers();
        Ok(request)
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let accept = format!("{}, {}", self.expected, media::ERROR);
        let mut put = |name: HeaderName, value: &str| {
            // An entity tag that no header can hold is left out: the answer comes whole.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        put(ACCEPT, &accept);
        put(ACCEPT_ENCODING, "gzip");
        if let Some(etag) = &self.etag {
            put(IF_NONE_MATCH, etag);
        }
        if let Some((media_type, _)) = &self.body {
            put(CONTENT_TYPE, media_type);
        }
        headers
    }

    /// The question that a redirection asks to put (RFC 9110 §15.4); none where the status is
    /// another.
    fn redirected(&self, status: StatusCode, headers: &HeaderMap) -> Option<Result<Self, String>> {
        let keeps_body = match status {
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND if self.body.is_none() => true,
            StatusCode::SEE_OTHER => false,
            _ => return None,
        };
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let Some(location) = location else { return Some(Err("there is no location".to_owned())) };
        let url = match self.url.join(location) {
            Ok(url) if self.url.is_secure() && !url.is_secure() => {
                return Some(Err("it leads from https to http".to_owned()));
            }
            Ok(url) => url,
            Err(error) => return Some(Err(error.to_string())),
        };
        let body = self.body.clone().filter(|_| keeps_body);
        Some(Ok(Self { url, body, ..self.clone() }))
    }
}

/// The way to servers.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    http: Client,
    /// For the content of an answer, once its head is there.
    body_timeout: Duration,
}

impl Transport {
    pub(crate) fn new(http: Client, body_timeout: Duration) -> Self {
        Self { http, body_timeout }
    }

    /// The same way with another deadline.
    pub(crate) fn with_body_timeout(self, body_timeout: Duration) -> Self {
        Self { body_timeout, ..self }
    }

    /// Asks, and takes only what is not "unchanged".
    pub(crate) async fn fetch(&self, ask: Ask) -> Result<Answer, CallError> {
        let url = ask.url.clone();
        match self.ask(ask).await? {
            Reply::Fresh(answer) => Ok(answer),
            Reply::Unchanged => Err(CallError::unasked(url)),
        }
    }

    /// Asks; redirections are followed, since they are how a server shares its load and makes
    /// filtered answers cacheable (RFC 7285 §8.5.3, §8.3.3). Every server on the way has to prove
    /// itself by the same trust.
    pub(crate) async fn ask(&self, mut ask: Ask) -> Result<Reply, CallError> {
        for _ in 0..=MAX_REDIRECTS {
            let (head, body) = self.send(&ask).await?.into_parts();
            if let Some(next) = ask.redirected(head.status, &head.headers) {
                ask = next.map_err(|reason| CallError::Redirect { url: ask.url, reason })?;
                continue;
            }
            return match head.status {
                StatusCode::OK => self.answer(ask, &head, body).await.map(Reply::Fresh),
                StatusCode::NOT_MODIFIED if ask.etag.is_some() => Ok(Reply::Unchanged),
                _ => Err(self.refusal(ask.url, &head, body).await),
            };
        }
        let reason = format!("more than {MAX_REDIRECTS} times");
        Err(CallError::Redirect { url: ask.url, reason })
    }

    async fn send(&self, ask: &Ask) -> Result<Response<Incoming>, CallError> {
        let request = ask.request().map_err(|error| failure(&ask.url, &error))?;
        self.http.send(request).await.map_err(|error| match error {
            ClientError::TooSlow { .. } => CallError::Deadline { url: ask.url.clone() },
            other => failure(&ask.url, &other),
        })
    }

    async fn answer(&self, ask: Ask, head: &Parts, body: Incoming) -> Result<Answer, CallError> {
        let Ask { url, expected, max_bytes, .. } = ask;
        check_media_type(&url, &head.headers, expected)?;
        let body = match body::read(body, max_bytes, self.body_timeout).await {
            Ok(body) => body,
            Err(ReadError::TooLarge { max_bytes }) => {
                return Err(CallError::TooLarge { url, max_bytes });
            }
            Err(ReadError::TooSlow { .. }) => return Err(CallError::Deadline { url }),
            Err(error @ ReadError::Broken(_)) => return Err(failure(&url, &error)),
        };
        Answer::read(url, &head.headers, body, max_bytes)
    }

    /// The error behind a status that says no; what cannot be read of it is left out.
    async fn refusal(&self, url: Url, head: &Parts, body: Incoming) -> CallError {
        let body = body::read(body, MAX_FAULT_BYTES, self.body_timeout).await.unwrap_or_default();
        refusal(url, head.status, &head.headers, body, MAX_FAULT_BYTES)
    }
}

fn failure(url: &Url, error: &dyn std::fmt::Display) -> CallError {
    let text = error.to_string();
    // What failed below has named the URL already.
    let reason = text.strip_prefix(&format!("{url}: ")).unwrap_or(&text).to_owned();
    CallError::Transport { url: url.clone(), reason }
}
