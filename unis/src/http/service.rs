//! A request's way through the server.
//!
//! ```text
//! path ─► resource ─► role and view ─► method ─► Accept ─┬─ GET: coding, If-None-Match ─► bytes of the version
//!                                                        └─ POST: Content-Type, body ─► resource::*::answer
//! ```

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, EXPECT, HOST, HeaderValue};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, Response, Version as HttpVersion};
use hyper::body::{Body as _, Incoming};
use link::Caller;
use link::body::{self, Body, ReadError, let_pass};
use link::pki::service::Service as Enrolment;
use link::server::Handler;

use crate::access::{Access, Ask, Granted, Operation};
use crate::http::negotiate;
use crate::http::problem::Problem;
use crate::http::reply::{self, Representation};
use crate::http::stream::ChunkBody;
use crate::maps::current::Current;
use crate::maps::rendered::{Coding, encode};
use crate::maps::table::{DIRECTORY_PATH, Kind, Resource};
use crate::maps::version::Version;
use crate::metrics::{Metrics, Subject};
use crate::resource::chunks::{Chunks, collect};
use crate::resource::network_map::NetworkMapChunks;
use crate::resource::pairs::{PairBudget, PairRate};
use crate::resource::{
    Answer, Refusal, cost_map, directory, endpoint_cost, endpoint_property, filtered_cost_map,
    filtered_network_map,
};
use crate::settings::View;

const GET: &str = "GET, HEAD, OPTIONS";
const POST: &str = "POST, OPTIONS";
/// Of the server as a whole.
const ALL: &str = "GET, HEAD, POST, OPTIONS";

/// Bounds of one request.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Of an endpoint cost query, sources x destinations.
    pub max_pairs: usize,
    /// Of a request's body, bytes.
    pub max_body_bytes: usize,
    /// Of a request's body, levels of arrays and objects.
    pub max_json_depth: usize,
    /// Of the time until the body is there.
    pub body_deadline: Duration,
}

/// The ALTO service over the version in force.
pub struct Service {
    /// What is served.
    pub current: Arc<Current>,
    /// Who may do what.
    pub access: Arc<ArcSwap<Access>>,
    /// How much one request may cost.
    pub bounds: Bounds,
    /// How many pairs of endpoints a client may ask for in a second.
    pub pair_rate: Option<PairRate>,
    /// `https` or `http`, for the URIs of the directory.
    pub scheme: &'static str,
    /// Scheme and authority for the URIs of the directory, where the operator fixed them.
    pub public_url: Option<String>,
    /// Where clients get certificates (`/pki/`); none over plain HTTP.
    pub enrolment: Option<Enrolment>,
    /// What is counted.
    pub metrics: Metrics,
}

/// Who asks, and what it sees.
struct Client {
    view: View,
    partner: Option<String>,
    address: IpAddr,
}

/// What is at a path.
enum Target<'a> {
    Directory,
    Resource(&'a Arc<Resource>),
}

impl Handler for Service {
    async fn handle(&self, mut request: Request<Incoming>) -> Response<Body> {
        if let Some(enrolment) =
            self.enrolment.as_ref().filter(|_| Enrolment::takes(request.uri().path()))
        {
            let caller = request.extensions().get::<Caller>();
            let admitted = caller.map(|caller| self.access.load().admit(caller.address.ip()));
            if let Some(Err(denied)) = admitted {
                let response = Problem::from(denied).into_response();
                return self.count(&Subject::Other("pki"), response);
            }
            let response = enrolment.handle(request).await;
            return self.count(&Subject::Other("pki"), response);
        }
        let version = self.current.get();
        let target = match request.uri().path() {
            DIRECTORY_PATH => Some(Target::Directory),
            path => version.at(path).map(Target::Resource),
        };
        let subject = match &target {
            Some(Target::Directory) => Subject::Other("directory"),
            Some(Target::Resource(resource)) => Subject::Resource(Arc::clone(&resource.id)),
            None => Subject::Other("none"),
        };
        let answer = self.answer(&version, target, &mut request).await;
        let is_left = !end(&mut request, answer.as_ref().err()).await;
        let mut response = answer.unwrap_or_else(Problem::into_response);
        if is_left && request.version() < HttpVersion::HTTP_2 {
            reply::put(&mut response, CONNECTION, HeaderValue::from_static("close"));
        }
        self.count(&subject, response)
    }
}

impl Service {
    fn count(&self, subject: &Subject, response: Response<Body>) -> Response<Body> {
        let bytes = self.metrics.answered(subject, response.status().as_u16());
        response.map(|body| body.counted(bytes))
    }

    async fn answer(
        &self,
        version: &Arc<Version>,
        target: Option<Target<'_>>,
        request: &mut Request<Incoming>,
    ) -> Result<Response<Body>, Problem> {
        let caller = request.extensions().get::<Caller>().cloned().ok_or(Problem::Internal)?;
        let access = self.access.load_full();
        let operation = match &target {
            Some(Target::Resource(resource)) => resource.kind.operation(),
            Some(Target::Directory) | None => Operation::Directory,
        };
        let (method, target_uri, headers) = (request.method(), request.uri(), request.headers());
        let ask = Ask { operation, method, target: target_uri, headers };
        let Granted { view, partner } = access.authorise(&caller, &ask)?;
        // RFC 9110 §9.3.7: asked of the server, and of no resource.
        if method == Method::OPTIONS && target_uri.path() == "*" {
            return Ok(reply::options(ALL));
        }
        let answer = match target.ok_or(Problem::NotFound)? {
            Target::Directory => self.directory(version, view, request),
            Target::Resource(resource) if !directory::is_visible(resource, view) => {
                Err(Problem::NotFound)
            }
            Target::Resource(resource) => match resource.kind.accepts() {
                None => map(resource, request).await,
                Some(accepts) => {
                    let client = Client { view, partner, address: caller.address.ip() };
                    self.query(version, resource, &client, accepts, request).await
                }
            },
        };
        answer.map_err(|problem| problem.or_challenge(&access, &caller, request.headers()))
    }

    /// `GET /directory` (RFC 7285 §9.2).
    fn directory(
        &self,
        version: &Version,
        view: View,
        request: &Request<Incoming>,
    ) -> Result<Response<Body>, Problem> {
        if let Some(options) = check_method(request, GET)? {
            return Ok(options);
        }
        check_accept(request.headers(), alto::media::DIRECTORY)?;
        let coding = negotiate::coding(request.headers()).ok_or(Problem::NoCoding)?;
        let base = self.public_url.clone().unwrap_or_else(|| self.base(request));
        let plain =
            serde_json::to_vec(&directory::directory(version, view, &base)).map_err(|error| {
                tracing::error!(%error, "writing the directory failed");
                Problem::Internal
            })?;
        let tag = blake3::hash(&plain).to_hex();
        let of = Representation {
            media_type: alto::media::DIRECTORY,
            coding,
            etag: coding.etag(&tag.as_str()[..32]),
        };
        if !negotiate::may_match(request.headers(), &of.etag) {
            return Err(Problem::Precondition);
        }
        if negotiate::has_current(request.headers(), &of.etag) {
            return Ok(reply::not_modified(&of));
        }
        let bytes = encode(coding, &plain.into());
        let length = bytes.len() as u64;
        Ok(reply::representation(&of, body::full(bytes), Some(length)))
    }

    /// `https://HOST` as the client wrote it, so that it finds its way back; relative URIs if it
    /// wrote none.
    fn base(&self, request: &Request<Incoming>) -> String {
        let from_host = || request.headers().get(HOST)?.to_str().ok()?.parse::<Authority>().ok();
        let authority = request.uri().authority().cloned().or_else(from_host);
        let authority = authority.filter(|authority| !authority.as_str().contains('@'));
        authority.map(|authority| format!("{}://{authority}", self.scheme)).unwrap_or_default()
    }

    /// A POST on a filtered resource or an endpoint service.
    async fn query(
        &self,
        version: &Arc<Version>,
        resource: &Arc<Resource>,
        client: &Client,
        accepts: &'static str,
        request: &mut Request<Incoming>,
    ) -> Result<Response<Body>, Problem> {
        if let Some(options) = check_method(request, POST)? {
            return Ok(options);
        }
        let media_type = resource.kind.media_type();
        check_accept(request.headers(), media_type)?;
        check_content_type(request.headers(), accepts)?;
        let kept = negotiate::coding(request.headers()).ok_or(Problem::NoCoding)?;
        let once = negotiate::coding_once(request.headers()).ok_or(Problem::NoCoding)?;
        let Bounds { max_body_bytes, body_deadline, max_pairs, .. } = self.bounds;
        let body = body::read(request.body_mut(), max_body_bytes, body_deadline).await?;
        request.extensions_mut().insert(IsRead);
        self.metrics.read(&resource.id, body.len());
        // Where the bound is that of the reader itself, that tells.
        if self.bounds.max_json_depth < alto::json::MAX_DEPTH {
            alto::json::check_depth(&body, self.bounds.max_json_depth)?;
        }
        let &Client { view, ref partner, address } = client;
        let (rate, partner) = (self.pair_rate.as_ref(), partner.as_ref());
        let bound = PairBudget { max_pairs, rate, partner, address };
        let answer = match resource.kind {
            Kind::FilteredNetworkMap => filtered_network_map::answer(version, resource, &body),
            Kind::FilteredCostMap => {
                filtered_cost_map::answer(version, resource, view, &bound, &body)
            }
            Kind::EndpointProperty => endpoint_property::answer(version, &body),
            Kind::EndpointCost => endpoint_cost::answer(resource, view, address, bound, &body),
            Kind::NetworkMap | Kind::CostMap { .. } => return Err(Problem::Internal),
        };
        let (body, length, coding) = match answer? {
            Answer::Bytes(bytes) => whole(bytes, once),
            Answer::Chunks(mut chunks) => {
                let mut first = Vec::new();
                if chunks.next(&mut first) {
                    (body::stream(ChunkBody::resume(first, chunks, once)), None, once)
                } else {
                    whole(first, once)
                }
            }
            Answer::Same(map) => {
                let (body, length) = content(&map, kept).await?;
                (body, length, kept)
            }
        };
        Ok(reply::answer(media_type, coding, body, length))
    }
}

/// Beside a request whose body was read to its end, which one in chunks does not tell itself.
#[derive(Clone)]
struct IsRead;

/// Sees to what was not read of a request's body; whether nothing is left of it. Over HTTP/1.1 one
/// that is too long is refused at once, and one that waits for a word is not asked for.
async fn end(request: &mut Request<Incoming>, problem: Option<&Problem>) -> bool {
    if request.extensions().get::<IsRead>().is_some() {
        return true;
    }
    let is_unread = match problem {
        Some(Problem::Body(ReadError::TooLarge { .. })) => request.version() == HttpVersion::HTTP_2,
        Some(Problem::Body(_)) => false,
        _ => !request.headers().contains_key(EXPECT),
    };
    if is_unread { let_pass(request.body_mut()).await } else { request.body().is_end_stream() }
}

/// A body of one piece, coded, with its length.
fn whole(bytes: Vec<u8>, coding: Coding) -> (Body, Option<u64>, Coding) {
    let bytes = match coding {
        Coding::Identity => Bytes::from(bytes),
        coding => encode(coding, &Bytes::from(bytes)),
    };
    let length = bytes.len() as u64;
    (body::full(bytes), Some(length), coding)
}

/// `GET` of a map: from the cache of the version, or made while it is sent.
async fn map(
    resource: &Arc<Resource>,
    request: &Request<Incoming>,
) -> Result<Response<Body>, Problem> {
    if let Some(options) = check_method(request, GET)? {
        return Ok(options);
    }
    check_accept(request.headers(), resource.kind.media_type())?;
    let coding = negotiate::coding(request.headers()).ok_or(Problem::NoCoding)?;
    let of = described(resource, coding);
    if !negotiate::may_match(request.headers(), &of.etag) {
        return Err(Problem::Precondition);
    }
    if negotiate::has_current(request.headers(), &of.etag) {
        return Ok(reply::not_modified(&of));
    }
    let (body, length) = content(resource, coding).await?;
    Ok(reply::representation(&of, body, length))
}

fn described(resource: &Resource, coding: Coding) -> Representation {
    let etag = coding.etag(&resource.tag().unwrap_or_default());
    Representation { media_type: resource.kind.media_type(), coding, etag }
}

/// A map's bytes, from the cache or made while they are sent; the length where it is known.
async fn content(resource: &Arc<Resource>, coding: Coding) -> Result<(Body, Option<u64>), Problem> {
    if resource.streamed {
        let measured = Arc::clone(resource);
        let at_end = move |bytes| measured.rendered.was_streamed(coding, bytes);
        let streamed = ChunkBody::new(writer(resource), coding).measured(at_end);
        return Ok((body::stream(streamed), None));
    }
    let bytes = if let Some(bytes) = resource.rendered.ready(coding) {
        bytes
    } else {
        let resource = Arc::clone(resource);
        let make = move || resource.rendered.make(coding, || collect(writer(&resource)));
        tokio::task::spawn_blocking(make).await.map_err(|error| {
            tracing::error!(%error, "rendering a map failed");
            Problem::Internal
        })?
    };
    let length = bytes.len() as u64;
    Ok((body::full(bytes), Some(length)))
}

/// The writer of a map; one that is none writes an empty network map of no PIDs, which nothing asks
/// for.
fn writer(resource: &Resource) -> Box<dyn Chunks> {
    match &resource.kind {
        Kind::CostMap { metric, mode } => {
            Box::new(cost_map::whole(&resource.network, metric, *mode))
        }
        _ => Box::new(NetworkMapChunks::whole(&resource.network)),
    }
}

/// Answers OPTIONS, refuses what is not in `allow`, and lets the rest through.
fn check_method(
    request: &Request<Incoming>,
    allow: &'static str,
) -> Result<Option<Response<Body>>, Problem> {
    match request.method() {
        &Method::OPTIONS => Ok(Some(reply::options(allow))),
        method if allow.split(", ").any(|allowed| allowed == method.as_str()) => Ok(None),
        _ => Err(Problem::Method(allow)),
    }
}

fn check_accept(headers: &HeaderMap, media_type: &'static str) -> Result<(), Problem> {
    negotiate::accepts(headers, media_type).then_some(()).ok_or(Problem::NotAcceptable(media_type))
}

/// RFC 7285 §8.3.2: a query is of the media type that the directory names; and it is not
/// compressed.
fn check_content_type(headers: &HeaderMap, accepts: &'static str) -> Result<(), Problem> {
    let mut given = headers.get_all(CONTENT_TYPE).iter().map(|value| value.to_str());
    let is_it = |text: &str| negotiate::media_type(text).eq_ignore_ascii_case(accepts);
    // One that is said twice is read in two ways (RFC 9110 §8.3).
    if !(headers.contains_key(CONTENT_TYPE) && given.all(|text| text.is_ok_and(is_it))) {
        return Err(Problem::MediaType(accepts));
    }
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let plain = codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if plain { Ok(()) } else { Err(Problem::ContentCoding) }
}

impl Chunks for Box<dyn Chunks> {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        (**self).next(out)
    }
}

impl From<alto::fault::Fault> for Problem {
    fn from(fault: alto::fault::Fault) -> Self {
        Self::Refusal(Refusal::Fault(fault))
    }
}
