//! The roles of this process, as the handlers of requests find them.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mp2p::id::OverlayId;
use mp2p::message::content::OverlayContent;

use crate::activity::Pams;
use crate::calls::{Overlays, Stops, Users};
use crate::events::Streaming;
use crate::index::Ixs;
use crate::membership::{Moment, Oms};
use crate::metrics::Metrics;
use crate::roles::Links;
use crate::settings::Part;
use crate::users::{SignUps, Ums};

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
    pub oms: Option<Arc<Oms>>,
    /// PAMS.
    pub pams: Option<Arc<Pams>>,
    /// UMS.
    pub ums: Option<Ums>,
    /// Sign-up of users.
    pub sign_ups: Option<SignUps>,
    /// IXS.
    pub ixs: Option<Ixs>,
    /// Base URL of this server.
    pub url: String,
    /// Roles of other processes.
    pub links: Links,
    /// Of requests.
    pub bounds: Bounds,
    /// Of event streams.
    pub streaming: Streaming,
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

    /// Base URL of OMS, for answers of the index.
    pub(crate) fn oms_url(&self) -> String {
        let elsewhere = || self.links.to(Part::Oms).url();
        let found = if self.oms.is_some() { None } else { elsewhere() };
        found.unwrap_or_else(|| self.url.clone())
    }

    /// Who stops distributions: OMS, here or elsewhere.
    pub(crate) fn stops(&self) -> Arc<dyn Stops> {
        match &self.oms {
            Some(oms) => Arc::clone(oms) as Arc<dyn Stops>,
            None => self.links.to(Part::Oms),
        }
    }

    /// Who keeps credit: UMS, here or elsewhere.
    pub(crate) fn users(&self) -> Arc<dyn Users> {
        match &self.ums {
            Some(ums) => Arc::new(ums.clone()) as Arc<dyn Users>,
            None => self.links.to(Part::Ums),
        }
    }

    /// Who knows whose overlays are: OMS, here or elsewhere.
    pub(crate) fn overlays(&self) -> Arc<dyn Overlays> {
        match &self.oms {
            Some(oms) => Arc::clone(oms) as Arc<dyn Overlays>,
            None => self.links.to(Part::Oms),
        }
    }

    /// Whether OMS says that there is no such overlay. Where it says nothing nobody knows.
    pub(crate) async fn is_absent(&self, overlay: &OverlayId) -> bool {
        let oms = self.overlays();
        matches!(oms.there(std::slice::from_ref(overlay)).await.as_deref(), Ok([false]))
    }

    /// Marks contents whose overlay is over. Where OMS says nothing none is marked.
    pub(crate) async fn mark_gone(&self, contents: &mut [OverlayContent]) {
        let overlays: BTreeSet<OverlayId> =
            contents.iter().map(|content| content.overlay_id.clone()).collect();
        let overlays: Vec<OverlayId> = overlays.into_iter().collect();
        if overlays.is_empty() {
            return;
        }
        let there = match self.overlays().there(&overlays).await {
            Ok(there) => there,
            Err(error) => return tracing::debug!(%error, "which overlays there are is not told"),
        };
        let gone = overlays.iter().zip(there).filter(|(_, is_there)| !is_there);
        let gone: BTreeSet<&OverlayId> = gone.map(|(overlay, _)| overlay).collect();
        for content in contents {
            content.gone = gone.contains(&content.overlay_id);
        }
    }

    /// Whether the part is this process's.
    pub(crate) fn has(&self, part: Part) -> bool {
        match part {
            Part::Oms => self.oms.is_some(),
            Part::Pams => self.pams.is_some(),
            Part::Ums => self.ums.is_some(),
            Part::Ixs => self.ixs.is_some(),
        }
    }
}
