//! The router, made from the table.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::Request as AxumRequest;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response as AxumResponse};
use axum::routing::{MethodRouter, on};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use link::Caller;
use link::body::{self, Body, BoxError};
use link::pki::service::Service as Enrolment;
use link::server::Handler;
use tower::Service as _;

use crate::activity::Pams;
use crate::api::access::{Line, Operation, TABLE};
use crate::api::problem::Problem;
use crate::api::{ixs, oms, pams, ums};
use crate::index::Ixs;
use crate::membership::{Moment, Oms};
use crate::metrics::Metrics;
use crate::settings::Part;
use crate::users::Ums;

/// Bounds of one request.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Of its body, bytes.
    pub max_body_bytes: usize,
    /// Of the time until the body is there.
    pub body_deadline: Duration,
}

/// The roles of this process.
pub struct Desk {
    /// OMS.
    pub oms: Option<Oms>,
    /// PAMS.
    pub pams: Option<Arc<Pams>>,
    /// UMS.
    pub ums: Option<Ums>,
    /// IXS.
    pub ixs: Option<Ixs>,
    /// Base URL of this server, for answers of the index.
    pub url: String,
    /// Of requests.
    pub bounds: Bounds,
    /// What is counted.
    pub metrics: Metrics,
    /// Chooses among equals.
    pub hasher: RandomState,
}

impl Desk {
    /// Now.
    pub(crate) fn moment(&self) -> Moment {
        let instant = Instant::now();
        let unix_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Moment { unix_s, instant, random: self.hasher.hash_one(instant) }
    }

    fn has(&self, part: Part) -> bool {
        match part {
            Part::Oms => self.oms.is_some(),
            Part::Pams => self.pams.is_some(),
            Part::Ums => self.ums.is_some(),
            Part::Ixs => self.ixs.is_some(),
        }
    }
}

/// The service of a process.
pub struct Service {
    router: Router,
    enrolment: Enrolment,
}

impl Service {
    /// Routes for the roles that `desk` has; enrolment beside them.
    #[must_use]
    pub fn new(desk: Arc<Desk>, enrolment: Enrolment) -> Self {
        let mut router = Router::new();
        for line in TABLE.iter().filter(|line| desk.has(line.part)) {
            router = router.route(line.path, guarded(line, desk.metrics.clone()));
        }
        let router = router.fallback(|| async { Problem::NotFound }).with_state(desk);
        Self { router, enrolment }
    }
}

/// The handler of a line, which only its roles get to.
fn guarded(line: &'static Line, metrics: Metrics) -> MethodRouter<Arc<Desk>> {
    let verb = line.method.filter();
    let handler = match line.operation {
        Operation::Join => on(verb, oms::join),
        Operation::Refresh => on(verb, oms::join),
        Operation::Leave => on(verb, oms::leave),
        Operation::CreateOverlay => on(verb, oms::create),
        Operation::DescribeOverlay => on(verb, oms::describe),
        Operation::Explain => on(verb, oms::explain),
        Operation::ReportStatus => on(verb, pams::report),
        Operation::Profile => on(verb, ums::profile),
        Operation::Register => on(verb, ixs::register),
        Operation::Search => on(verb, ixs::search),
    };
    handler.route_layer(from_fn(move |request: AxumRequest, next: Next| {
        let metrics = metrics.clone();
        async move {
            let answer = match authorise(line, &request) {
                Ok(()) => next.run(request).await,
                Err(problem) => problem.into_response(),
            };
            metrics.served(line.point, line.name, answer.status().as_u16());
            answer
        }
    }))
}

fn authorise(line: &Line, request: &AxumRequest) -> Result<(), Problem> {
    let caller = request.extensions().get::<Caller>().ok_or(Problem::NoCertificate)?;
    match &caller.identity {
        None => Err(Problem::NoCertificate),
        // A partner's names say what they are in the partner's house, not in this one.
        Some(identity) if identity.partner.is_some() => Err(Problem::Role),
        Some(identity) if line.roles.contains(&identity.role) => Ok(()),
        Some(_) => Err(Problem::Role),
    }
}

impl Handler for Service {
    async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        if Enrolment::takes(request.uri().path()) {
            return self.enrolment.handle(request).await;
        }
        // A router is always ready and never fails.
        let answered = self.router.clone().call(request.map(AxumBody::new)).await;
        let answer: AxumResponse = answered.unwrap_or_else(|never| match never {});
        answer.map(|content| body::stream(content.map_err(BoxError::from)))
    }
}
