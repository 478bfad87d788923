//! Asking one server: the directory first, then what it lists (RFC 7285 §9.2, §11).

use std::time::Duration;

use alto::cost::{CostType, Mode};
use alto::cost_map::CostMap;
use alto::directory::Directory;
use alto::endpoint_cost::EndpointCostMap;
use alto::endpoint_property::EndpointProperties;
use alto::media;
use alto::network_map::NetworkMap;
use alto::request::{CostMapFilter, EndpointCostQuery, EndpointPropertyQuery, NetworkMapFilter};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::directory::walk::Walk;
use crate::directory::{Catalogue, Resource, WalkLimits};
use crate::exchange::{Answer, Ask, CallError, Reply, Transport};
use crate::url::{Url, UrlError};

/// How a [`Client`] is made, again and again if need be.
#[derive(Clone, Debug)]
pub struct ClientBuilder {
    url: Url,
    transport: Transport,
    limits: ClientLimits,
}

/// What a client takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// How far the directories are walked.
    pub walk: WalkLimits,
    /// Most bytes of one answer, as sent and unpacked.
    pub answer_bytes: usize,
    /// For the content of one answer, once its head is there; until then the deadline is that of
    /// the HTTP client.
    pub answer_timeout: Duration,
}

impl Default for ClientLimits {
    fn default() -> Self {
        let answer_timeout = Duration::from_secs(60);
        Self { walk: WalkLimits::default(), answer_bytes: 128 << 20, answer_timeout }
    }
}

impl ClientBuilder {
    /// Other bounds than the defaults.
    #[must_use]
    pub fn limits(self, limits: ClientLimits) -> Self {
        let transport = self.transport.with_body_timeout(limits.answer_timeout);
        Self { limits, transport, ..self }
    }

    /// The URL of the root directory.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Walks the directories. One that the root delegates to and that cannot be had is left out
    /// and named in [`Catalogue::skipped`].
    ///
    /// # Errors
    /// The root directory cannot be had.
    pub async fn connect(&self) -> Result<Client, CallError> {
        let mut walk = Walk::new(self.url.clone(), self.limits.walk);
        let mut is_root = true;
        while let Some(stop) = walk.next() {
            let max_bytes = walk.bytes_left();
            let ask = Ask::get(stop.url.clone(), media::DIRECTORY, max_bytes);
            match self.directory(ask).await {
                Ok((answer, directory)) => {
                    walk.arrived(&stop, &answer.url, answer.body.len(), directory);
                }
                Err(error) if is_root => return Err(error),
                Err(error) => walk.failed(&stop, error.to_string()),
            }
            is_root = false;
        }
        let (transport, limits) = (self.transport.clone(), self.limits);
        Ok(Client { catalogue: walk.finish(), transport, limits })
    }

    async fn directory(&self, ask: Ask) -> Result<(Answer, Directory), CallError> {
        let answer = self.transport.fetch(ask).await?;
        let directory = answer.parse()?;
        Ok((answer, directory))
    }
}

/// A server whose directories have been read. Clones share connections.
#[derive(Clone, Debug)]
pub struct Client {
    catalogue: Catalogue,
    transport: Transport,
    limits: ClientLimits,
}

impl Client {
    /// A client of the server whose root directory is at `url`, with default bounds.
    ///
    /// # Errors
    /// The URL is none, or the root directory cannot be had.
    pub async fn connect(url: &str, http: link::client::Client) -> Result<Self, ConnectError> {
        Ok(Self::builder(url, http)?.connect().await?)
    }

    /// A client to be, with other bounds.
    ///
    /// # Errors
    /// The URL is none.
    pub fn builder(url: &str, http: link::client::Client) -> Result<ClientBuilder, UrlError> {
        let limits = ClientLimits::default();
        let transport = Transport::new(http, limits.answer_timeout);
        Ok(ClientBuilder { url: Url::parse(url)?, transport, limits })
    }

    /// What the server offers.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The default network map, whole (§11.2.1).
    ///
    /// # Errors
    /// There is none, or it cannot be had.
    pub async fn network_map(&self) -> Result<NetworkMap, CallError> {
        self.get(self.default_map()?, media::NETWORK_MAP).await
    }

    /// The cost map of a metric and mode over the default network map, whole (§11.2.3).
    ///
    /// # Errors
    /// There is none, or it cannot be had.
    pub async fn cost_map(&self, metric: &str, mode: Mode) -> Result<CostMap, CallError> {
        let wanted = CostType::new(metric, mode);
        let map = self.default_map()?;
        let found = self.catalogue.cost_map(&map.id, &wanted);
        self.get(or_missing(found, || costs("cost map", &wanted))?, media::COST_MAP).await
    }

    /// Part of the default network map (§11.3.1).
    ///
    /// # Errors
    /// The service is not offered, refuses, or cannot be reached.
    pub async fn filtered_network_map(
        &self,
        filter: &NetworkMapFilter,
    ) -> Result<NetworkMap, CallError> {
        let found = self.catalogue.filtered_network_map(&self.default_map()?.id);
        let resource = or_missing(found, || "filtered network map".to_owned())?;
        let body = (media::NETWORK_MAP_FILTER, filter.to_json());
        self.post(resource, media::NETWORK_MAP, body).await
    }

    /// Part of a cost map over the default network map (§11.3.2).
    ///
    /// # Errors
    /// The service is not offered for this cost type, or not with constraints; it refuses, or
    /// cannot be reached.
    pub async fn filtered_cost_map(&self, filter: &CostMapFilter) -> Result<CostMap, CallError> {
        let (kind, constrained) = (&filter.cost_type, filter.constraints.is_some());
        let map = self.default_map()?;
        let found = self.catalogue.filtered_cost_map(&map.id, kind, constrained);
        let name = || costs(constraining("filtered cost map", constrained), kind);
        let body = (media::COST_MAP_FILTER, filter.to_json());
        self.post(or_missing(found, name)?, media::COST_MAP, body).await
    }

    /// Costs between endpoints (§11.5.1).
    ///
    /// # Errors
    /// As [`Client::filtered_cost_map`].
    pub async fn endpoint_costs(
        &self,
        query: &EndpointCostQuery,
    ) -> Result<EndpointCostMap, CallError> {
        let (kind, constrained) = (&query.cost_type, query.constraints.is_some());
        let found = self.catalogue.endpoint_cost(kind, constrained);
        let name = || costs(constraining("endpoint cost service", constrained), kind);
        let body = (media::ENDPOINT_COST_PARAMS, query.to_json());
        self.post(or_missing(found, name)?, media::ENDPOINT_COST, body).await
    }

    /// Properties of endpoints (§11.4.1).
    ///
    /// # Errors
    /// No service offers all of the properties; it refuses, or cannot be reached.
    pub async fn endpoint_properties(
        &self,
        query: &EndpointPropertyQuery,
    ) -> Result<EndpointProperties, CallError> {
        let found = self.catalogue.endpoint_property(&query.properties);
        let resource = or_missing(found, || "service for these endpoint properties".to_owned())?;
        let body = (media::ENDPOINT_PROPERTY_PARAMS, query.to_json());
        self.post(resource, media::ENDPOINT_PROPERTY, body).await
    }

    /// Asks for a resource, or whether it has changed since the entity tag.
    pub(crate) async fn reply(
        &self,
        url: &Url,
        expected: &'static str,
        etag: Option<String>,
    ) -> Result<Reply, CallError> {
        let ask = Ask::get(url.clone(), expected, self.limits.answer_bytes);
        self.transport.ask(Ask { etag, ..ask }).await
    }

    fn default_map(&self) -> Result<&Resource, CallError> {
        or_missing(self.catalogue.default_network_map(), || "default network map".to_owned())
    }

    async fn get<T: DeserializeOwned>(
        &self,
        resource: &Resource,
        expected: &'static str,
    ) -> Result<T, CallError> {
        let ask = Ask::get(resource.url.clone(), expected, self.limits.answer_bytes);
        self.transport.fetch(ask).await?.parse()
    }

    async fn post<T: DeserializeOwned>(
        &self,
        resource: &Resource,
        expected: &'static str,
        (accepts, body): (&'static str, Vec<u8>),
    ) -> Result<T, CallError> {
        let ask = Ask::get(resource.url.clone(), expected, self.limits.answer_bytes);
        let ask = Ask { body: Some((accepts, Bytes::from(body))), ..ask };
        self.transport.fetch(ask).await?.parse()
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL of the root directory is none.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The root directory cannot be had.
    #[error(transparent)]
    Call(#[from] CallError),
}

fn or_missing(
    found: Option<&Resource>,
    name: impl FnOnce() -> String,
) -> Result<&Resource, CallError> {
    found.ok_or_else(|| CallError::NotOffered(name()))
}

fn costs(what: impl std::fmt::Display, cost_type: &CostType) -> String {
    format!("{what} of {} {}", cost_type.mode, cost_type.metric)
}

fn constraining(what: &str, constrained: bool) -> String {
    format!("{what}{}", if constrained { " with constraints" } else { "" })
}
