//! One follower an ISP, and whose map is whose.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alto_client::{Client, FollowSettings, Follower};
use arc_swap::ArcSwapOption;
use ipnet::IpNet;
use link::metrics::Metrics;
use link::shutdown::Shutdown;
use link::tls::{ClientTls, ClientTlsSettings, ServerTrust};
use treebitmap::IpLookupTable;

use crate::isp::{Atlas, Endpoints, Outlook};
use crate::settings::{IspSettings, Service};

/// For a UNIS to answer: lists do not wait for it, only the map's freshness does.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// An ISP cannot be followed.
#[derive(Debug, thiserror::Error)]
#[error("isp {name:?}: {reason}")]
pub struct IspError {
    name: String,
    reason: String,
}

/// All ISPs.
pub struct Isps {
    isps: Vec<Arc<Isp>>,
    v4: IpLookupTable<Ipv4Addr, usize>,
    v6: IpLookupTable<Ipv6Addr, usize>,
    shown: Shown,
}

/// What is shown to ISPs, and who counts that.
#[derive(Clone)]
struct Shown {
    /// Certificate and key, where an ISP gave none.
    own: (PathBuf, PathBuf),
    metrics: Metrics,
}

struct Isp {
    name: Arc<str>,
    /// None of one that is not followed.
    settings: Option<IspSettings>,
    /// Whose users they are.
    prefixes: Arc<[IpNet]>,
    source: Source,
    /// Ends what keeps its certificates fresh.
    watch: Shutdown,
}

impl Drop for Isp {
    fn drop(&mut self) {
        self.watch.trigger();
    }
}

/// How an ISP says what its network is like.
enum Source {
    /// By maps, which are followed.
    Maps(Maps),
    /// By one map.
    Fixed(Arc<Atlas>),
    /// By answers.
    Endpoints(Arc<Endpoints>),
}

/// The maps of an ISP.
struct Maps {
    follower: Follower,
    /// Of the last one that was asked for.
    atlas: ArcSwapOption<Atlas>,
}

impl Maps {
    /// Of the map of now.
    fn atlas(&self) -> Option<Arc<Atlas>> {
        let followed = self.follower.current()?;
        let map = followed.snapshot();
        let known = self.atlas.load_full();
        known.filter(|atlas| Arc::ptr_eq(atlas.map(), map)).or_else(|| {
            // Two may do so at once, for the same map: one of both stays.
            let made = Arc::new(Atlas::new(Arc::clone(map)));
            self.atlas.store(Some(Arc::clone(&made)));
            Some(made)
        })
    }
}

impl Isps {
    /// Begins to follow; `own` is certificate and key to show where an ISP gave none. The maps
    /// come when they come. Must be called inside a runtime.
    ///
    /// # Errors
    /// Files that cannot be read, or a URL that is none.
    pub fn follow(
        settings: &[IspSettings],
        own: &(PathBuf, PathBuf),
        metrics: &Metrics,
    ) -> Result<Self, IspError> {
        let shown = Shown { own: own.clone(), metrics: metrics.clone() };
        Self::made(settings, &[], shown)
    }

    /// By other settings: an ISP whose settings are as they were keeps its map. Must be called
    /// inside a runtime.
    ///
    /// # Errors
    /// As for [`Isps::follow`].
    pub fn renewed(&self, settings: &[IspSettings]) -> Result<Self, IspError> {
        Self::made(settings, &self.isps, self.shown.clone())
    }

    fn made(settings: &[IspSettings], before: &[Arc<Isp>], shown: Shown) -> Result<Self, IspError> {
        let (v4, v6) = (IpLookupTable::new(), IpLookupTable::new());
        let mut all = Self { isps: Vec::new(), v4, v6, shown };
        for (index, isp) in settings.iter().enumerate() {
            let known = before.iter().find(|known| known.settings.as_ref() == Some(isp));
            let followed = match known {
                Some(known) => Arc::clone(known),
                None => Arc::new(begin(isp, &all.shown)?),
            };
            all.claim(&isp.prefixes, index);
            all.isps.push(followed);
        }
        Ok(all)
    }

    /// One ISP of all addresses instead, by one map that stays.
    #[must_use]
    pub fn fixed(&self, name: &str, atlas: Arc<Atlas>) -> Self {
        let (source, watch) = (Source::Fixed(atlas), Shutdown::new());
        let (name, prefixes) = (Arc::from(name), Arc::default());
        let isp = Isp { name, settings: None, prefixes, source, watch };
        let (v4, v6) = (IpLookupTable::new(), IpLookupTable::new());
        let mut all = Self { isps: vec![Arc::new(isp)], v4, v6, shown: self.shown.clone() };
        all.claim(&[], 0);
        all
    }

    fn claim(&mut self, prefixes: &[IpNet], isp: usize) {
        if prefixes.is_empty() {
            self.v4.insert(Ipv4Addr::UNSPECIFIED, 0, isp);
            self.v6.insert(Ipv6Addr::UNSPECIFIED, 0, isp);
        }
        for prefix in prefixes {
            match prefix.trunc() {
                IpNet::V4(net) => {
                    self.v4.insert(net.network(), u32::from(net.prefix_len()), isp);
                }
                IpNet::V6(net) => {
                    self.v6.insert(net.network(), u32::from(net.prefix_len()), isp);
                }
            }
        }
    }

    /// What the ISP of `asker` says at `now`.
    #[must_use]
    pub fn outlook(&self, asker: IpAddr, now: Instant) -> Outlook {
        let asker = asker.to_canonical();
        let index = match asker {
            IpAddr::V4(address) => self.v4.longest_match(address).map(|(_, _, isp)| *isp),
            IpAddr::V6(address) => self.v6.longest_match(address).map(|(_, _, isp)| *isp),
        };
        let Some(isp) = index.and_then(|index| self.isps.get(index)) else {
            return Outlook::none();
        };
        let name = Arc::clone(&isp.name);
        let outlook = match &isp.source {
            Source::Endpoints(endpoints) => Outlook::of_endpoints(name, Arc::clone(endpoints)),
            Source::Fixed(atlas) => Outlook::new(name, Some(Arc::clone(atlas)), asker, false),
            Source::Maps(maps) => {
                Outlook::new(name, maps.atlas(), asker, maps.follower.freshness(now).stale)
            }
        };
        outlook.with_users(Arc::clone(&isp.prefixes))
    }

    /// Name of each that gives maps, when the one in force was fetched and last found to be the
    /// newest, Unix seconds; `now` and `instant` are the same time.
    pub fn dates(
        &self,
        now: u64,
        instant: Instant,
    ) -> impl Iterator<Item = (&str, Option<u64>, Option<u64>)> {
        self.isps.iter().filter_map(move |isp| match &isp.source {
            Source::Endpoints(_) | Source::Fixed(_) => None,
            Source::Maps(Maps { follower, .. }) => {
                let freshness = follower.freshness(instant);
                let date = |age: Option<Duration>| age.map(|age| now.saturating_sub(age.as_secs()));
                Some((&*isp.name, date(freshness.snapshot_age), date(freshness.checked_age)))
            }
        })
    }
}

/// Begins to follow one.
fn begin(isp: &IspSettings, shown: &Shown) -> Result<Isp, IspError> {
    let refused = |reason: String| IspError { name: isp.name.clone(), reason };
    let watch = Shutdown::new();
    let source = source(isp, shown, &watch).map_err(refused)?;
    let name: Arc<str> = Arc::from(isp.name.as_str());
    if let Source::Maps(maps) = &source {
        tokio::spawn(tell(Arc::clone(&name), maps.follower.updates()));
    }
    let prefixes = isp.prefixes.clone().into();
    Ok(Isp { name, settings: Some(isp.clone()), prefixes, source, watch })
}

fn source(isp: &IspSettings, shown: &Shown, watch: &Shutdown) -> Result<Source, String> {
    let metrics = &shown.metrics;
    let shown = match (&isp.certificate, &isp.key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        _ => shown.own.clone(),
    };
    let server = ServerTrust {
        trust_domain: isp.trust_domain.clone(),
        bundle: isp.bundle.clone(),
        crl: isp.crl.clone(),
    };
    let settings = ClientTlsSettings { own: Some(shown), servers: vec![server], expected: None };
    let tls = ClientTls::load(settings, metrics.clone()).map_err(|error| error.to_string())?;
    tokio::spawn(Arc::clone(&tls).watch(watch.clone()));
    let http = link::client::Client::builder().tls(tls).response_timeout(ANSWER_WITHIN).build();
    let server = Client::builder(&isp.url, http).map_err(|error| error.to_string())?;
    if isp.service == Service::EndpointCost {
        return Ok(Source::Endpoints(Arc::new(Endpoints::new(server))));
    }
    let follow = FollowSettings {
        interval: Duration::from_secs(isp.poll_seconds),
        stale_after: Duration::from_secs(isp.stale_seconds),
        ..FollowSettings::default()
    };
    let follower = Follower::start(server, follow).map_err(|error| error.to_string())?;
    Ok(Source::Maps(Maps { follower, atlas: ArcSwapOption::empty() }))
}

/// Tells the log of each map that is taken over, until the follower ends.
async fn tell(isp: Arc<str>, mut updates: tokio::sync::watch::Receiver<u64>) {
    while updates.changed().await.is_ok() {
        tracing::info!(isp = &*isp, point = "r3", "map taken over");
    }
}
