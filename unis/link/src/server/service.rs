//! One request: counted, let in or shed, handed to the handler, its answer followed to the end.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, Request, Response, StatusCode, Version, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use crate::body::{self, Body, BoxError};
use crate::identity::Caller;
use crate::metrics::Metrics;
use crate::overload::{Gate, unavailable};
use crate::server::transport::Shared;
use crate::server::{Handler, Limits};

/// What the requests of one connection share.
#[derive(Debug)]
pub(crate) struct Context<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) caller: Caller,
    pub(crate) gate: Gate,
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
        let work = Work::begin(&self.activity);
        self.metrics.requests.inc();
        let Some(_place) = self.gate.enter() else {
            self.metrics.requests_shed.inc();
            return Ok(work.tracks(unavailable(self.limits.retry_after_s)));
        };
        let _counted = InWork::enter(&self.metrics);
        if request.version() == Version::HTTP_11 && !names_one_host(request.headers()) {
            return Ok(work.tracks(bad_request()));
        }
        request.extensions_mut().insert(self.caller.clone());
        let handled = self.handler.handle(request);
        let answer = match tokio::time::timeout(self.limits.handler_timeout(), handled).await {
            Ok(answer) => answer,
            Err(_elapsed) => {
                tracing::warn!("a handler did not answer in time");
                unavailable(self.limits.retry_after_s)
            }
        };
        Ok(work.tracks(answer))
    }
}

/// RFC 7230 §5.4: a request of HTTP/1.1 has exactly one `Host`, which may be empty.
fn names_one_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let is_host = |host: Authority| !host.as_str().contains('@');
    host.is_empty() || Authority::try_from(host.as_bytes()).is_ok_and(is_host)
}

fn bad_request() -> Response<Body> {
    let mut response = Response::new(body::empty());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// A request in work, for the connection's timer; over when dropped.
#[derive(Debug)]
struct Work {
    activity: Shared,
}

impl Work {
    fn begin(activity: &Shared) -> Self {
        activity.lock().begin(Instant::now());
        Self { activity: activity.clone() }
    }

    fn tracks(self, answer: Response<Body>) -> Response<Tracked> {
        answer.map(|body| Tracked { body, _work: self })
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.activity.lock().end(Instant::now());
    }
}

/// A request in work, for the gauge.
struct InWork<'a>(&'a Metrics);

impl<'a> InWork<'a> {
    fn enter(metrics: &'a Metrics) -> Self {
        metrics.requests_in_work.inc();
        Self(metrics)
    }
}

impl Drop for InWork<'_> {
    fn drop(&mut self) {
        self.0.requests_in_work.dec();
    }
}

/// A body that keeps its request in work until it is out.
#[derive(Debug)]
pub(crate) struct Tracked {
    body: Body,
    _work: Work,
}

impl HttpBody for Tracked {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_http_1_1_names_one_host() {
        let good: [&[&'static str]; 4] = [&["a.example"], &["127.0.0.1:80"], &["[::1]:80"], &[""]];
        let bad: [&[&'static str]; 4] = [&[], &["a", "b"], &["a b"], &["user@a"]];
        for (hosts, is_good) in
            good.map(|it| (it, true)).into_iter().chain(bad.map(|it| (it, false)))
        {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().unwrap());
            }
            assert_eq!(names_one_host(&headers), is_good, "{hosts:?}");
        }
    }
}
