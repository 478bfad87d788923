//! The router, made from the table.

use std::sync::Arc;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::Request as AxumRequest;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response as AxumResponse};
use axum::routing::MethodRouter;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use link::Caller;
use link::body::{self, Body, BoxError, let_pass};
use link::identity::{Identity, Role};
use link::pki::service::Service as Enrolment;
use link::rate::SourceRate;
use link::server::Handler;
use tower::Service as _;

use crate::api::access::lines;
use crate::api::desk::Desk;
use crate::api::line::Line;
use crate::api::openapi;
use crate::api::problem::Problem;
use crate::metrics::Metrics;

/// The service of a process.
pub struct Service {
    router: Router,
    enrolment: Option<Enrolment>,
    requests: Option<SourceRate>,
}

impl Service {
    /// Routes for the roles that `desk` has; enrolment beside them where the CA is here.
    #[must_use]
    pub fn new(desk: Arc<Desk>, enrolment: Option<Enrolment>) -> Self {
        let mut router = Router::new();
        for line in lines().filter(|line| desk.has(line.part)) {
            router = router.route(line.path, guarded(line, desk.metrics.clone()));
        }
        router = router.route(openapi::LINE.path, guarded(&openapi::LINE, desk.metrics.clone()));
        let router = router
            .fallback(|request| refused(Problem::NotFound, request))
            .method_not_allowed_fallback(|request| refused(Problem::Method, request))
            .with_state(desk);
        Self { router, enrolment, requests: None }
    }

    /// With a bound of requests from one address, where there is one. Roles of this provider in
    /// other processes are not bound by it.
    #[must_use]
    pub fn bounded(self, requests: Option<SourceRate>) -> Self {
        Self { requests, ..self }
    }

    fn admit(&self, request: &Request<Incoming>) -> Result<(), Problem> {
        let caller = request.extensions().get::<Caller>();
        let (Some(requests), Some(caller)) = (&self.requests, caller) else { return Ok(()) };
        let own = |identity: &Identity| identity.partner.is_none() && is_colleague(identity.role);
        match caller.identity.as_deref().is_some_and(own) {
            true => Ok(()),
            false => requests.check(caller.address.ip()).map_err(Problem::TooOften),
        }
    }
}

/// The handler of a line, which only its roles get to.
fn guarded(line: &'static Line, metrics: Metrics) -> MethodRouter<Arc<Desk>> {
    let handler = (line.does.handler)(line.method.filter());
    handler.route_layer(from_fn(move |request: AxumRequest, next: Next| {
        let metrics = metrics.clone();
        async move {
            let answer = match authorise(line, &request) {
                Ok(()) => next.run(request).await,
                Err(problem) => refused(problem, request).await,
            };
            metrics.served(line.point, line.name, answer.status().as_u16());
            answer
        }
    }))
}

/// The answer to a request that goes no further; where its content is not taken in, the connection
/// cannot be used again, and says so.
async fn refused(problem: Problem, mut request: AxumRequest) -> AxumResponse {
    let may_close = request.version() < Version::HTTP_2;
    let is_over = let_pass(request.body_mut()).await;
    let mut answer = problem.into_response();
    if may_close && !is_over {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

fn authorise(line: &Line, request: &AxumRequest) -> Result<(), Problem> {
    let caller = request.extensions().get::<Caller>().ok_or(Problem::NoCertificate)?;
    match &caller.identity {
        None if line.roles.contains(&Role::None) => Ok(()),
        None => Err(Problem::NoCertificate),
        // A partner's names say what they are in the partner's house, not in this one.
        Some(identity) if identity.partner.is_some() => Err(Problem::Role),
        Some(identity) if line.roles.contains(&identity.role) => Ok(()),
        Some(_) => Err(Problem::Role),
    }
}

const fn is_colleague(role: Role) -> bool {
    matches!(role, Role::Oms | Role::Pams | Role::Ixs | Role::Ums)
}

impl Handler for Service {
    async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        if let Err(problem) = self.admit(&request) {
            return problem
                .into_response()
                .map(|content| body::stream(content.map_err(BoxError::from)));
        }
        if let Some(enrolment) = &self.enrolment
            && Enrolment::takes(request.uri().path())
        {
            return enrolment.handle(request).await;
        }
        // A router is always ready and never fails.
        let answered = self.router.clone().call(request.map(AxumBody::new)).await;
        let answer: AxumResponse = answered.unwrap_or_else(|never| match never {});
        answer.map(|content| body::stream(content.map_err(BoxError::from)))
    }
}
