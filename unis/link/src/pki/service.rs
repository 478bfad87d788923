//! The authority over HTTP, for a server to mount under `/pki/`.
//!
//! | request | who | answer |
//! |---|---|---|
//! | `GET` or `HEAD` of `/pki/ca.pem`, `/pki/crl.pem` | anybody | PEM |
//! | `POST /pki/enroll` | who has a token | [`Issued`] for [`EnrollRequest`] |
//! | `POST /pki/renew` | a certificate of this authority | [`Issued`] for [`RenewRequest`] |
//!
//! A handler hands over every request that [`Service::takes`]; it guards itself. The listener must
//! let clients in without a certificate (`ClientCertificates::Optional`), or enrolment has no way
//! in.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::body::{Body, ReadError, full, read};
use crate::identity::{Caller, Identity};
use crate::pki::token::secret_bytes;
use crate::pki::{Authority, Granted, PkiError, Refused};

/// Largest request read; a signing request has some 500 bytes.
const MAX_REQUEST_BYTES: usize = 16 << 10;
/// For a request to arrive.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// What everything here begins with.
const PREFIX: &str = "/pki/";

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PEM: HeaderValue = HeaderValue::from_static("application/x-pem-file");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Body of `POST /pki/enroll`.
#[derive(Deserialize, Serialize)]
pub struct EnrollRequest {
    /// The token's secret, base64url.
    pub secret: String,
    /// PKCS #10, PEM.
    pub csr: String,
}

/// Body of `POST /pki/renew`.
#[derive(Debug, Deserialize, Serialize)]
pub struct RenewRequest {
    /// PKCS #10, PEM.
    pub csr: String,
}

/// Body of the answer to both.
#[derive(Debug, Deserialize, Serialize)]
pub struct Issued {
    /// The certificate, PEM.
    pub certificate: String,
    /// The authority's certificate, PEM.
    pub ca: String,
    /// The name in the certificate.
    pub name: String,
}

impl From<Granted> for Issued {
    fn from(granted: Granted) -> Self {
        Self { certificate: granted.certificate, ca: granted.ca, name: granted.name }
    }
}

/// The authority as a part of a server.
#[derive(Clone, Debug)]
pub struct Service {
    authority: Arc<Authority>,
}

/// A request that is not granted.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("no such resource")]
    NotFound,
    #[error("another method is needed here: {0}")]
    Method(&'static str),
    #[error("{0}")]
    Body(#[from] ReadError),
    #[error("the request is malformed: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a certificate is needed here")]
    Anonymous,
    #[error(transparent)]
    Pki(#[from] PkiError),
    #[error("the request broke off")]
    Task,
}

impl Service {
    /// The service of `authority`.
    pub fn new(authority: Arc<Authority>) -> Self {
        Self { authority }
    }

    /// Whether a path is this service's.
    pub fn takes(path: &str) -> bool {
        path.starts_with(PREFIX)
    }

    /// Answers a request for one of its paths.
    pub async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        self.answer(request).await.unwrap_or_else(|problem| {
            tracing::info!(%problem, "enrolment refused");
            problem.reply()
        })
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Problem> {
        let path = request.uri().path().strip_prefix(PREFIX).ok_or(Problem::NotFound)?.to_owned();
        let method = request.method();
        let refused = match &*path {
            "ca.pem" | "crl.pem" if method == Method::GET || method == Method::HEAD => None,
            "ca.pem" | "crl.pem" => Some(Problem::Method("GET, HEAD")),
            "enroll" if method == Method::POST => None,
            "renew" if method == Method::POST => match holder(&request) {
                Some(_) => None,
                None => Some(Problem::Anonymous),
            },
            "enroll" | "renew" => Some(Problem::Method("POST")),
            _ => Some(Problem::NotFound),
        };
        if let Some(problem) = refused {
            // A body that nobody takes in ends the connection, and the answer may be lost with it.
            let _unread = read(request.into_body(), MAX_REQUEST_BYTES, REQUEST_TIMEOUT).await;
            return Err(problem);
        }
        match &*path {
            "ca.pem" => Ok(reply(StatusCode::OK, PEM, self.blocking(|it| it.ca_pem()).await?)),
            "crl.pem" => Ok(reply(StatusCode::OK, PEM, self.blocking(|it| it.crl_pem()).await?)),
            "enroll" => self.enroll(request).await,
            _ => self.renew(request).await,
        }
    }

    async fn enroll(&self, request: Request<Incoming>) -> Result<Response<Body>, Problem> {
        let asked: EnrollRequest = read_json(request).await?;
        let secret = secret_bytes(&asked.secret).map_err(|_| unknown_token())?;
        let granted = self.blocking(move |it| it.enroll(&secret, asked.csr.as_bytes())).await?;
        tracing::info!(name = granted.name, "certificate issued");
        issued(granted)
    }

    async fn renew(&self, request: Request<Incoming>) -> Result<Response<Body>, Problem> {
        let holder = holder(&request).ok_or(Problem::Anonymous)?;
        let asked: RenewRequest = read_json(request).await?;
        let granted = self.blocking(move |it| it.renew(&holder, asked.csr.as_bytes())).await?;
        tracing::info!(name = granted.name, "certificate renewed");
        issued(granted)
    }

    /// The authority waits for its lock and the disk; connections must not.
    async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Authority) -> Result<T, PkiError> + Send + 'static,
    ) -> Result<T, Problem> {
        let authority = Arc::clone(&self.authority);
        let done = tokio::task::spawn_blocking(move || act(&authority)).await;
        Ok(done.map_err(|_broken| Problem::Task)??)
    }
}

impl Problem {
    fn reply(&self) -> Response<Body> {
        let (status, text) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, self.to_string()),
            Self::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, self.to_string()),
            Self::Body(ReadError::TooLarge { .. }) => {
                (StatusCode::PAYLOAD_TOO_LARGE, self.to_string())
            }
            Self::Body(ReadError::TooSlow { .. }) => {
                (StatusCode::REQUEST_TIMEOUT, self.to_string())
            }
            Self::Body(ReadError::Broken(_))
            | Self::Json(_)
            | Self::Pki(PkiError::Refused(Refused::Request(_))) => {
                (StatusCode::BAD_REQUEST, self.to_string())
            }
            Self::Anonymous | Self::Pki(PkiError::Refused(_)) => {
                (StatusCode::FORBIDDEN, self.to_string())
            }
            Self::Pki(error) if error.is_passing() => {
                let text = "the authority can store nothing now: come back later";
                (StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
            }
            // Paths and causes are for the log.
            Self::Pki(_) | Self::Task => {
                (StatusCode::INTERNAL_SERVER_ERROR, "the authority failed".to_owned())
            }
        };
        let mut response = reply(status, TEXT, format!("{text}\n"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
        }
        if let Self::Method(allowed) = self {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        }
        response
    }
}

/// Whose certificate is shown.
fn holder(request: &Request<Incoming>) -> Option<Arc<Identity>> {
    request.extensions().get::<Caller>()?.identity.clone()
}

fn unknown_token() -> PkiError {
    Refused::UnknownToken.into()
}

async fn read_json<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, Problem> {
    let bytes = read(request.into_body(), MAX_REQUEST_BYTES, REQUEST_TIMEOUT).await?;
    Ok(serde_json::from_slice(&bytes)?)
}

fn issued(granted: Granted) -> Result<Response<Body>, Problem> {
    Ok(reply(StatusCode::OK, JSON, serde_json::to_string(&Issued::from(granted))?))
}

fn reply(status: StatusCode, media_type: HeaderValue, text: String) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_body_is_the_clients_fault_and_a_slow_one_is_late() {
        let status = |error| Problem::Body(error).reply().status();
        assert_eq!(status(ReadError::Broken("gone".into())), StatusCode::BAD_REQUEST);
        let deadline = REQUEST_TIMEOUT;
        assert_eq!(status(ReadError::TooSlow { deadline }), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(status(ReadError::TooLarge { max_bytes: 1 }), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
