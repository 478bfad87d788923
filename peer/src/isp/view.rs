//! One ISP's public view: its endpoint cost service where it offers that, else its maps.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alto_client::{CallError, Client, ClientBuilder, FollowSettings, Follower};
use anyhow::{Context, bail};
use link::metrics::Metrics;
use link::tls::{ClientTls, ClientTlsSettings, ServerTrust};
use mp2p::message::list::PeerList;
use tokio::sync::OnceCell;

use crate::isp::order::{address, order};

/// The metric that ranks.
const METRIC: &str = "routingcost";
/// Lists wait no longer; they go on as the provider made them.
const DEADLINE: Duration = Duration::from_secs(5);
/// From one look at maps to the next.
const MAPS_EVERY: Duration = Duration::from_secs(60);
/// The CA certificates of the system.
const SYSTEM_CAS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What an ISP says to whoever asks, without certificate.
pub struct PublicView {
    url: String,
    server: ClientBuilder,
    source: OnceCell<Source>,
}

enum Source {
    Endpoints(Box<Client>),
    Maps(Follower),
}

impl PublicView {
    /// At the URL of its directory, its certificate checked by the CA certificates in a file.
    ///
    /// # Errors
    /// The URL is none, or the file is no good.
    pub fn at(url: &str, ca: Option<&Path>, source: Option<IpAddr>) -> anyhow::Result<Self> {
        let builder = link::client::Client::builder().response_timeout(DEADLINE);
        let builder = builder.local_address(source);
        let http = match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("https") => {
                let bundle = ca.unwrap_or(Path::new(SYSTEM_CAS)).to_owned();
                let servers = vec![ServerTrust { trust_domain: None, bundle, crl: None }];
                let settings = ClientTlsSettings { own: None, servers, expected: None };
                builder.tls(ClientTls::load(settings, Metrics::new())?)
            }
            Some("http") => builder.plaintext(true),
            _ => bail!("{url} is not of the form https://HOST[:PORT]/PATH"),
        };
        let server = Client::builder(url, http.build()).with_context(|| url.to_owned())?;
        Ok(Self { url: url.to_owned(), server, source: OnceCell::new() })
    }

    /// Orders a list by what it costs from `from`; left as it is where the ISP does not say it in
    /// time.
    ///
    /// # Errors
    /// Why it was left.
    pub async fn order(&self, from: IpAddr, list: &mut PeerList) -> anyhow::Result<()> {
        let to: Vec<IpAddr> = list.peer_info_list.iter().filter_map(address).collect();
        if to.is_empty() {
            return Ok(());
        }
        let asked = tokio::time::timeout(DEADLINE, self.costs(from.to_canonical(), &to)).await;
        let late = || format!("{}: no answer within {} s", self.url, DEADLINE.as_secs());
        let costs = asked.with_context(late).and_then(|asked| asked);
        let costs = costs.context("the ISP's server does not say who is near")?;
        order(list, &costs);
        Ok(())
    }

    async fn costs(&self, from: IpAddr, to: &[IpAddr]) -> anyhow::Result<HashMap<IpAddr, f64>> {
        let source = self.source.get_or_try_init(|| async {
            let client = self.server.connect().await?;
            // What is offered is known by asking; the answer is asked for again below.
            match client.costs_from(METRIC, from, to).await {
                Err(CallError::NotOffered(_)) => {
                    let interval = MAPS_EVERY;
                    let settings = FollowSettings { interval, ..FollowSettings::default() };
                    let follower = Follower::start(self.server.clone(), settings)?;
                    follower.check().await;
                    anyhow::Ok(Source::Maps(follower))
                }
                _ => Ok(Source::Endpoints(Box::new(client))),
            }
        });
        match source.await? {
            Source::Endpoints(client) => Ok(client.costs_from(METRIC, from, to).await?),
            Source::Maps(follower) => {
                let maps = follower
                    .current()
                    .with_context(|| format!("{} gives neither costs nor maps", self.url))?;
                let ranked = maps.rank(METRIC, from, to).unwrap_or_default();
                let known = ranked
                    .into_iter()
                    .filter_map(|one| Some((*to.get(one.index)?, f64::from(one.ordinal?))));
                Ok(known.collect())
            }
        }
    }
}

/// The views that transfers use; those of one URL share one.
#[derive(Default)]
pub struct Views(Mutex<HashMap<Place, Arc<PublicView>>>);

/// A URL, and what its certificate is checked by.
type Place = (String, Option<PathBuf>);

impl Views {
    /// The view at `url`.
    ///
    /// # Errors
    /// As for [`PublicView::at`].
    pub fn at(
        &self,
        url: &str,
        ca: Option<&Path>,
        source: Option<IpAddr>,
    ) -> anyhow::Result<Arc<PublicView>> {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (url.to_owned(), ca.map(Path::to_owned));
        if let Some(known) = views.get(&key) {
            return Ok(Arc::clone(known));
        }
        let view = Arc::new(PublicView::at(url, ca, source)?);
        views.insert(key, Arc::clone(&view));
        Ok(view)
    }
}
