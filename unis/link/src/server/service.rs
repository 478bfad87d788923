//! One request: counted, let in or shed, handed to the handler, its answer followed to the end.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use prometheus_client::metrics::gauge::Gauge;

use crate::body::{self, Body, BoxError};
use crate::identity::Caller;
use crate::metrics::Metrics;
use crate::overload::{Gate, Place, Share, unavailable};
use crate::server::transport::Shared;
use crate::server::{Handler, Lasting, Limits};

/// What the requests of one connection share.
#[derive(Debug)]
pub(crate) struct Context<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) caller: Caller,
    pub(crate) gate: Gate,
    /// What the connection's source may have in work.
    pub(crate) share: Share,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Metrics,
    pub(crate) activity: Shared,
}

impl<H: Handler> Context<H> {
    /// Answers one request.
    pub(crate) async fn answer(
        self: Arc<Self>,
        mut request: Request<Incoming>,
    ) -> Result<Response<Tracked>, Infallible> {
        let mut work = Work::begin(&self.activity);
        self.metrics.requests.inc();
        let Some(place) = self.gate.enter(&self.share) else {
            self.metrics.requests_shed.inc();
            return Ok(work.tracks(unavailable(self.limits.retry_after_s), request.version()));
        };
        work.place = Some((place, InWork::enter(&self.metrics)));
        if !names_its_host(request.version(), request.headers()) {
            return Ok(work.tracks(refusal(StatusCode::BAD_REQUEST), request.version()));
        }
        if let Some(status) = is_coded_wrongly(request.headers()) {
            return Ok(work.tracks(refusal(status), request.version()));
        }
        let (is_head, version) = (request.method() == Method::HEAD, request.version());
        request.extensions_mut().insert(self.caller.clone());
        let handled = self.handler.handle(request);
        let answer = match tokio::time::timeout(self.limits.handler_timeout(), handled).await {
            Ok(answer) => answer,
            Err(_elapsed) => {
                tracing::warn!("a handler did not answer in time");
                unavailable(self.limits.retry_after_s)
            }
        };
        if answer.extensions().get::<Lasting>().is_some() {
            work.place = None;
        }
        Ok(work.tracks(if is_head { without_body(answer) } else { answer }, version))
    }
}

/// RFC 9110 §9.3.2: the answer to HEAD has the header fields of the answer to GET and no content.
fn without_body(mut answer: Response<Body>) -> Response<Body> {
    let body = std::mem::take(answer.body_mut());
    let is_content = !matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if let (Some(bytes), true) = (body.size_hint().exact(), is_content) {
        let length = answer.headers_mut().entry(header::CONTENT_LENGTH);
        length.or_insert_with(|| HeaderValue::from(bytes));
    }
    answer
}

/// RFC 7230 §5.4: a request of HTTP/1.1 has exactly one `Host`, one of HTTP/1.0 at most one; it may
/// be empty. HTTP/2 has `:authority` instead.
fn names_its_host(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next(), version) {
        (_, _, Version::HTTP_2) => true,
        (Some(host), None, _) => is_host(host.as_bytes()),
        (None, _, version) => version != Version::HTTP_11,
        (Some(_), Some(_), _) => false,
    }
}

/// `uri-host [ ":" port ]`, where the port may be empty (RFC 3986 §3.2.3).
fn is_host(text: &[u8]) -> bool {
    let Ok(host) = Authority::try_from(text) else { return text.is_empty() };
    let port = host.as_str().strip_prefix(host.host()).and_then(|rest| match rest {
        "" | ":" => Some(true),
        rest => Some(rest.strip_prefix(':')?.parse::<u16>().is_ok() && !rest.contains('+')),
    });
    !host.as_str().contains('@') && port == Some(true)
}

/// RFC 9112 §6.1: a sender chunks once, and a server need not know any other transfer coding. Where
/// chunks are not the last, hyper refuses the request itself.
fn is_coded_wrongly(headers: &HeaderMap) -> Option<StatusCode> {
    let mut times_chunked = 0;
    for line in headers.get_all(header::TRANSFER_ENCODING) {
        for coding in line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if coding.eq_ignore_ascii_case(b"chunked") {
                times_chunked += 1;
            } else if !coding.is_empty() {
                return Some(StatusCode::NOT_IMPLEMENTED);
            }
        }
    }
    (times_chunked > 1).then_some(StatusCode::BAD_REQUEST)
}

/// Ends the connection too: what follows on it is in doubt.
fn refusal(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A request in work, for the connection's timer; over when dropped.
#[derive(Debug)]
struct Work {
    activity: Shared,
    /// Kept until the answer is out: one that lies here unsent costs as much as one in the making.
    place: Option<(Place, InWork)>,
}

impl Work {
    fn begin(activity: &Shared) -> Self {
        activity.lock().begin(Instant::now());
        Self { activity: activity.clone(), place: None }
    }

    fn tracks(self, answer: Response<Body>, version: Version) -> Response<Tracked> {
        let number = self.activity.lock().answer(Instant::now());
        let holds_last = version == Version::HTTP_2;
        answer.map(|body| Tracked { body, holds_last, last: None, number, work: self })
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.activity.lock().end(Instant::now());
    }
}

/// A request in work, for the gauge.
#[derive(Debug)]
struct InWork(Gauge);

impl InWork {
    fn enter(metrics: &Metrics) -> Self {
        metrics.requests_in_work.inc();
        Self(metrics.requests_in_work.clone())
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A body that keeps its request in work until it is out. It is asked for as fast as the client
/// takes it: HTTP/2 does not ask while the client grants no window.
#[derive(Debug)]
pub(crate) struct Tracked {
    body: Body,
    /// HTTP/2: the last byte goes alone, when the window has room for it: with the rest it could
    /// lie in send buffers for ever, in nobody's count.
    holds_last: bool,
    last: Option<Bytes>,
    /// Of the answer, in the connection's [`crate::server::activity::Activity`].
    number: u64,
    work: Work,
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.work.activity.lock().answered(self.number);
    }
}

impl HttpBody for Tracked {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.work.activity.lock().taken(self.number, Instant::now());
        if let Some(last) = self.last.take() {
            return Poll::Ready(Some(Ok(Frame::data(last))));
        }
        let mut polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &mut polled
            && let Some(piece) = frame.data_mut()
            && self.holds_last
            && self.body.is_end_stream()
            && piece.len() > 1
        {
            self.last = Some(piece.split_off(piece.len() - 1));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.last.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.last {
            Some(last) => SizeHint::with_exact(last.len() as u64),
            None => self.body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(version: Version, hosts: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().unwrap());
        }
        names_its_host(version, &headers)
    }

    #[test]
    fn a_host_is_a_name_and_perhaps_a_port() {
        for good in ["a.example", "127.0.0.1:80", "[::1]:80", "[::1]", "a:", "a:65535", ""] {
            assert!(accepted(Version::HTTP_11, &[good]), "{good}");
            assert!(accepted(Version::HTTP_10, &[good]), "{good}");
        }
        for bad in ["a b", "user@a", "a:b", "a:65536", "a:99999999", "a:+80", "a:-1", "a:1:2"] {
            assert!(!accepted(Version::HTTP_11, &[bad]), "{bad}");
            assert!(!accepted(Version::HTTP_10, &[bad]), "{bad}");
        }
    }

    #[test]
    fn a_request_names_one_host_or_in_http_1_0_none() {
        assert!(!accepted(Version::HTTP_11, &[]));
        assert!(accepted(Version::HTTP_10, &[]));
        assert!(accepted(Version::HTTP_2, &[]));
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert!(!accepted(version, &["a", "a"]));
        }
    }
}
