//! One question and its answer: JSON over mutual TLS, bounded in length and time.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use link::body::read;
use link::client::{Client, ClientError};
use link::tls::ClientTls;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::settings::{ProviderUrls, Settings};

/// An answer may be this long: an index file is the longest.
const MAX_ANSWER_BYTES: usize = 8 << 20;
/// An answer's head, and then its content, have to be there after this time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Each of which may be a server of its own.
const ROLES: [&str; 4] = ["oms", "pams", "ums", "ixs"];

/// The provider's servers. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Provider {
    client: Arc<RwLock<Client>>,
    tls: Arc<ClientTls>,
    source: Option<IpAddr>,
    url: Arc<str>,
    apart: Arc<ProviderUrls>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be reached, or is too slow.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server that was asked has not the role.
    #[error(
        "{base} is not where the provider's {role} is: `provider.{role}` in the settings says where"
    )]
    Elsewhere {
        /// What was asked.
        base: String,
        /// For what.
        role: String,
    },
    /// It says no.
    #[error("the provider refuses ({code}): {message}")]
    Refused {
        /// Its status.
        status: StatusCode,
        /// The word for programs.
        code: String,
        /// The sentence for people.
        message: String,
        /// The whole answer.
        body: Value,
    },
    /// It says something that it should not.
    #[error("{path}: the provider's answer makes no sense: {reason}")]
    Nonsense {
        /// What was asked.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

impl ProviderError {
    /// Whether asking again later may help: the provider is away or has too much to do.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Client(_) => true,
            Self::Refused { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Elsewhere { .. } | Self::Nonsense { .. } => false,
        }
    }

    /// The provider's word for what is wrong.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

impl Provider {
    /// At `url`, or where the settings say, with our certificate.
    #[must_use]
    pub fn new(url: &str, tls: Arc<ClientTls>, settings: &Settings) -> Self {
        let source = settings.source_address;
        let client = Arc::new(RwLock::new(client(Arc::clone(&tls), source)));
        let apart = Arc::new(settings.provider.clone());
        Self { client, tls, source, url: url.trim_end_matches('/').into(), apart }
    }

    /// Asks over new connections from now on, with the certificate that is in use now.
    pub fn reconnect(&self) {
        let new = client(Arc::clone(&self.tls), self.source);
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = new;
    }

    fn client(&self) -> Client {
        self.client.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Host and port of the role whose paths begin like this one.
    ///
    /// # Errors
    /// Its URL has none.
    pub(crate) fn authority(&self, path: &str) -> std::io::Result<String> {
        let url: http::Uri = self.base(path).parse().map_err(std::io::Error::other)?;
        let host = url.host().ok_or_else(|| std::io::Error::other("a URL without a host"))?;
        Ok(format!("{host}:{}", url.port_u16().unwrap_or(443)))
    }

    /// Where the role is whose paths begin like this one.
    fn base(&self, path: &str) -> &str {
        let role = path.split('/').nth(1).unwrap_or_default();
        let url = match role {
            "oms" => &self.apart.oms,
            "pams" => &self.apart.pams,
            "ums" => &self.apart.ums,
            "ixs" => &self.apart.ixs,
            _ => &None,
        };
        url.as_deref().map_or(&self.url, |url| url.trim_end_matches('/'))
    }

    /// Asks and reads the answer.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn ask<R: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<R, ProviderError> {
        let content = self.exchange(method, path, body).await?;
        serde_json::from_slice(&content).map_err(|error| nonsense(path, error))
    }

    /// Asks where an answer without content is enough.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn tell(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<(), ProviderError> {
        self.exchange(method, path, body).await.map(|_content| ())
    }

    /// `GET path`, read.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn get<R: DeserializeOwned>(&self, path: &str) -> Result<R, ProviderError> {
        self.ask(Method::GET, path, None::<&Value>).await
    }

    /// `GET path` whose content is read while it comes.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn stream(&self, path: &str, accept: &str) -> Result<Incoming, ProviderError> {
        let mut request = self.request(Method::GET, path, Bytes::new())?;
        let accept = HeaderValue::from_str(accept).map_err(|error| nonsense(path, error))?;
        request.headers_mut().insert(ACCEPT, accept);
        let (head, content) = self.client().send(request).await?.into_parts();
        if head.status.is_success() {
            return Ok(content);
        }
        let content = self.content(path, content).await?;
        Err(self.refused(path, head.status, &content))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Bytes, ProviderError> {
        let body = match body {
            Some(body) => serde_json::to_vec(body).map_err(|error| nonsense(path, error))?,
            None => Vec::new(),
        };
        let request = self.request(method, path, body.into())?;
        let (head, content) = self.client().send(request).await?.into_parts();
        let content = self.content(path, content).await?;
        match head.status.is_success() {
            true => Ok(content),
            false => Err(self.refused(path, head.status, &content)),
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, ProviderError> {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base(path)))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| nonsense(path, error))
    }

    fn refused(&self, path: &str, status: StatusCode, content: &[u8]) -> ProviderError {
        let body: Value = serde_json::from_slice(content).unwrap_or_default();
        let word = |name: &str| body["error"][name].as_str().map(str::to_owned);
        let code = word("code").unwrap_or_else(|| status.as_u16().to_string());
        let role = path.split('/').nth(1).filter(|role| ROLES.contains(role));
        if let Some(role) = role.filter(|_| code == "no-resource") {
            let (base, role) = (self.base(path).to_owned(), role.to_owned());
            return ProviderError::Elsewhere { base, role };
        }
        let message = word("message").unwrap_or_else(|| status.to_string());
        ProviderError::Refused { status, code, message, body }
    }

    async fn content(&self, path: &str, content: Incoming) -> Result<Bytes, ProviderError> {
        let read = read(content, MAX_ANSWER_BYTES, ANSWER_TIMEOUT).await;
        read.map_err(|source| {
            ProviderError::Client(ClientError::Content {
                url: format!("{}{path}", self.url),
                source,
            })
        })
    }
}

fn client(tls: Arc<ClientTls>, source: Option<IpAddr>) -> Client {
    Client::builder()
        .tls(tls)
        .local_address(source)
        .response_timeout(ANSWER_TIMEOUT)
        .max_response_bytes(MAX_ANSWER_BYTES)
        .build()
}

fn nonsense(path: &str, reason: impl ToString) -> ProviderError {
    ProviderError::Nonsense { path: path.to_owned(), reason: reason.to_string() }
}
