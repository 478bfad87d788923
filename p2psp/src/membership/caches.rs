//! An overlay gets a cache while it is small or fading, and gives it back when it carries itself
//! (TR 20002 §7.8.4, Figure 2; Req-Net-100). Between the two thresholds all stays as it is.

use mp2p::id::OverlayId;
use mp2p::message::event::Event;
use mp2p::message::overlay::Health;
use mp2p::reservation::ReservationKind;

use crate::isp::Outlook;
use crate::membership::Oms;
use crate::overlay::Population;
use crate::reservation::{Grant, Order};
use crate::settings::ReservationSettings;

/// Overlays that get a cache in one sweep.
const MAX_ATTACHED: usize = 100;

/// What an overlay needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Need {
    Attach,
    Keep,
    Release,
}

/// By members other than caches. Who asked for a cache keeps it.
fn need(population: &Population, has_cache: bool, settings: &ReservationSettings) -> Need {
    let wants = population.cache_bytes > 0;
    match population.members {
        0 if !wants => Need::Release,
        members if members > settings.cache_release_above && !wants => Need::Release,
        members if (wants || members < settings.cache_attach_below) && !has_cache => Need::Attach,
        _ => Need::Keep,
    }
}

impl Oms {
    /// Attaches and releases caches by how many members overlays have.
    pub(crate) fn tend_caches(&self, populations: &[Population], now: u64) {
        if !self.book().has_caches() {
            return;
        }
        let mut attached = 0;
        for population in populations {
            let caches = self.caches(&population.overlay);
            match need(population, !caches.is_empty(), &self.reservation) {
                Need::Attach if attached < MAX_ATTACHED => {
                    attached += 1;
                    self.attach(population, now);
                }
                Need::Release => caches.iter().for_each(|cache| self.release_cache(cache)),
                Need::Attach => {}
                Need::Keep => {
                    for cache in caches.iter().filter(|cache| cache.reservation.exp < now + 600) {
                        let (id, holder) = (cache.id(), &cache.reservation.holder);
                        let _ = self.book().renew(id, holder, None, now);
                    }
                }
            }
        }
    }

    /// The caches that the provider reserved for an overlay.
    fn caches(&self, overlay: &OverlayId) -> Vec<Grant> {
        let is_cache = |grant: &&Grant| grant.reservation.kind == ReservationKind::Cs;
        self.book().in_overlay(overlay).filter(is_cache).cloned().collect()
    }

    /// Reserves a cache for an overlay and tells it; whether there is one.
    pub(crate) fn attach(&self, population: &Population, now: u64) -> bool {
        let storage_bytes = match population.cache_bytes {
            0 => self.reservation.cache_bytes,
            wanted => wanted,
        };
        let order = Order {
            kind: ReservationKind::Cs,
            overlay: population.overlay.clone(),
            holder: population.holder.clone(),
            bandwidth_bps: population.bandwidth_bps,
            quota_bytes: 0,
            storage_bytes,
            duration: self.reservation.max_duration_seconds,
        };
        let Ok(granted) = self.order(&order, &Outlook::none(), now) else { return false };
        let overlay_id = population.overlay.clone();
        let event = Event::CacheAttach { overlay_id, content_id: None };
        for grant in &granted {
            // What the provider itself keeps attached is in use from the beginning.
            let (id, holder) = (grant.id(), &grant.reservation.holder);
            let _ = self.book().renew(id, holder, None, now);
            self.events.post(&grant.reservation.server, &event);
        }
        tracing::info!(overlay = %population.overlay, caches = granted.len(), "a cache is attached");
        true
    }

    fn release_cache(&self, cache: &Grant) {
        let Some(over) = self.book().withdraw(cache.id()) else { return };
        let overlay_id = cache.reservation.overlay_id.clone();
        tracing::info!(overlay = %overlay_id, "a cache is released");
        let event = Event::CacheRelease { overlay_id, content_id: None };
        self.events.post(&cache.reservation.server, &event);
        self.tell_over(&[over]);
    }

    /// What is reserved for an overlay, and whether that is what it asks for.
    pub(crate) fn reserved_for(&self, overlay: &OverlayId, health: &mut Health) {
        for grant in self.book().in_overlay(overlay) {
            let of = &grant.reservation;
            match of.kind {
                ReservationKind::Cs => health.reserved_cache_bytes += of.storage_bytes,
                ReservationKind::Rs => health.reserved_relay_bps += of.bandwidth_bps,
                ReservationKind::Delegate => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mp2p::id::PeerId;

    use super::*;

    /// Figure 2: small at first, stable, fading; with hysteresis, so that none comes and goes.
    #[test]
    fn a_cache_comes_while_an_overlay_is_small_and_goes_when_it_carries_itself() {
        let settings = ReservationSettings::default();
        let mut has_cache = false;
        let mut life = Vec::new();
        for members in [1, 4, 5, 19, 20, 21, 19, 5, 4, 6, 0] {
            let population = Population {
                overlay: OverlayId::parse("film").unwrap(),
                holder: PeerId::parse(&"a".repeat(64)).unwrap(),
                members,
                cache_bytes: 0,
                bandwidth_bps: 1,
            };
            match need(&population, has_cache, &settings) {
                Need::Attach => has_cache = true,
                Need::Release => has_cache = false,
                Need::Keep => {}
            }
            life.push((members, has_cache));
        }
        let with: Vec<u64> = life.iter().filter(|(_, has)| *has).map(|(at, _)| *at).collect();
        assert_eq!(with, [1, 4, 5, 19, 20, 4, 6]);
        let asked = Population { cache_bytes: 1, members: 1000, ..sample() };
        assert_eq!(need(&asked, false, &settings), Need::Attach);
        assert_eq!(need(&asked, true, &settings), Need::Keep);
    }

    fn sample() -> Population {
        Population {
            overlay: OverlayId::parse("film").unwrap(),
            holder: PeerId::parse(&"a".repeat(64)).unwrap(),
            members: 0,
            cache_bytes: 0,
            bandwidth_bps: 1,
        }
    }
}
