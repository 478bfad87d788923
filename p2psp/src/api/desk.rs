//! The roles of this process, as the handlers of requests find them.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::activity::Pams;
use crate::calls::{Overlays, Stops};
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

    /// Who knows whose overlays are: OMS, here or elsewhere.
    pub(crate) fn overlays(&self) -> Arc<dyn Overlays> {
        match &self.oms {
            Some(oms) => Arc::clone(oms) as Arc<dyn Overlays>,
            None => self.links.to(Part::Oms),
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
