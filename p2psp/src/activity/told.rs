//! What is told of peers to whom: a score, or the status itself where the user agreed (TR 20002
//! Annex A.1).

use mp2p::id::PeerId;
use mp2p::message::activity::{
    FoundResource, HistoryAnswer, MAX_FOUND, MAX_WINDOWS, ResourcesAnswer, StandingAnswer,
};
use mp2p::message::bound::List;
use mp2p::message::resource::Resource;

use crate::activity::store::{Offer, Record, Wanted};
use crate::activity::{Pams, Viewer};
use crate::scores;

impl Pams {
    /// How a peer stands; `None` where it never reported. `consent`: what its user said.
    #[must_use]
    pub fn told(
        &self,
        peer: &PeerId,
        viewer: &Viewer,
        consent: Option<bool>,
        now: u64,
    ) -> Option<StandingAnswer> {
        let record = self.store.record(peer, now)?;
        let own = || record.fixed.as_ref().is_some_and(|fixed| fixed.sharing_policy.show_status);
        let shows = viewer.sees(peer) || consent.unwrap_or_else(own);
        let missed = self.missed(&record);
        let standing = self.standing(record.aged);
        Some(StandingAnswer {
            peer_id: peer.clone(),
            age_s: standing.age_s,
            missed,
            failed: missed >= self.settings.load().missed_reports,
            score: scores::told(standing.score),
            overloaded: standing.is_overloaded,
            status: shows.then_some(standing.status),
            fixed: record.fixed.filter(|_| shows),
            via: record.via.filter(|_| shows),
        })
    }

    /// Reports that did not come since the last.
    fn missed(&self, record: &Record) -> u64 {
        record.aged.age_s / self.settings.load().report_seconds.max(1)
    }

    /// Resources that are looked for, those with most to give first, for PAMS's own eyes.
    #[must_use]
    pub fn offers(&self, wanted: &Wanted, now: u64) -> Vec<Offer> {
        let max_age_s = self.settings.load().max_age_seconds;
        self.store.resources(wanted, max_age_s, MAX_FOUND, now)
    }

    /// [`Pams::offers`] as they are told; `consents`: what their users said, in their order.
    #[must_use]
    pub fn shown(
        offers: Vec<Offer>,
        viewer: &Viewer,
        consents: &[Option<bool>],
    ) -> ResourcesAnswer {
        let shown = offers.into_iter().enumerate().map(|(place, offer)| {
            let consent = consents.get(place).copied().flatten();
            let shows = viewer.sees(&offer.peer) || consent.unwrap_or(offer.agreed);
            let Offer { peer, resource, age_s, .. } = offer;
            let score = scores::told(resource.score());
            let resource = if shows { resource } else { without_numbers(resource) };
            FoundResource { peer_id: peer, age_s, score, resource }
        });
        ResourcesAnswer { resources: List::new(shown.collect()).unwrap_or_default() }
    }

    /// What a peer did over time, for itself and operators; `None` where it never reported.
    #[must_use]
    pub fn history(&self, peer: &PeerId, now: u64) -> Option<HistoryAnswer> {
        let record = self.store.record(peer, now)?;
        let skipped = record.history.len().saturating_sub(MAX_WINDOWS);
        let windows = record.history.into_iter().skip(skipped).collect();
        Some(HistoryAnswer {
            peer_id: peer.clone(),
            age_s: record.aged.age_s,
            window_s: self.settings.load().history_window_seconds,
            windows: List::new(windows).unwrap_or_default(),
        })
    }
}

/// What anybody may know of a resource: that it is there, and its score beside it.
fn without_numbers(resource: Resource) -> Resource {
    Resource { owner: None, capacity: 0, usage: 0, ratio: 1.0, load: 0.0, ..resource }
}
