//! An overlay gets a cache while it is small or fading, and gives it back when it carries itself
//! (TR 20002 §7.8.4, Figure 2; Req-Net-100). Between the two thresholds all stays as it is.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Instant;

use mp2p::id::OverlayId;
use mp2p::message::event::Event;
use mp2p::message::overlay::{AccessKind, Health};
use mp2p::reservation::ReservationKind;
use netmap::Pid;

use crate::isp::Outlook;
use crate::membership::Oms;
use crate::overlay::Population;
use crate::reservation::{Grant, Order, ReserveError};
use crate::settings::ReservationSettings;

/// Overlays that get a cache in one sweep.
const MAX_ATTACHED: usize = 100;
/// What the provider keeps attached is renewed so long before its end, seconds.
const RENEWED_BEFORE_S: u64 = 600;

/// What an overlay needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Need {
    Attach,
    Keep,
    Release,
}

/// By members other than caches. Who asked for a cache keeps it; what nobody is in any more is kept
/// for a while, in case somebody comes.
fn need(population: &Population, has_cache: bool, settings: &ReservationSettings) -> Need {
    let wants = population.cache_bytes > 0;
    match population.members {
        0 if !wants => match population.deserted_s < settings.cache_linger_seconds {
            true => Need::Keep,
            false => Need::Release,
        },
        members if members > settings.cache_release_above && !wants => Need::Release,
        members if (wants || members < settings.cache_attach_below) && !has_cache => Need::Attach,
        _ => Need::Keep,
    }
}

/// Unix seconds, and the same time for the age of maps.
type Now = (u64, Instant);

impl Oms {
    /// Attaches and releases caches by how many members overlays have.
    pub(crate) fn tend_caches(&self, populations: &[Population], now: Now) {
        if !self.book().has_caches() {
            return;
        }
        let mut attached = 0;
        for population in populations {
            attached += usize::from(self.tend(population, attached < MAX_ATTACHED, now));
        }
    }

    /// An overlay that somebody has joined.
    pub(crate) fn tend_overlay(&self, overlay: &OverlayId, now: Now) {
        if self.book().has_caches() {
            let population = self.store.population(overlay, now.0);
            // Large ones are looked at in the next sweep.
            let most = self.reservation.cache_release_above;
            let small = population.filter(|population| population.members <= most);
            small.map(|population| self.tend(&population, true, now));
        }
    }

    /// Whether a cache was attached.
    fn tend(&self, population: &Population, may_attach: bool, now: Now) -> bool {
        let mut caches = self.caches(&population.overlay);
        let asked = population.cache_bytes;
        let kept: u64 = caches.iter().map(|cache| cache.reservation.storage_bytes).sum();
        if asked > 0 && kept < asked && !caches.is_empty() {
            // A part is gone: whoever has the others uses what is there still.
            caches.drain(..).for_each(|cache| self.release_cache(&cache));
        }
        match need(population, !caches.is_empty(), &self.reservation) {
            Need::Release => {
                caches.iter().for_each(|cache| self.release_cache(cache));
                false
            }
            Need::Attach if asked > 0 => may_attach && self.attach_asked(population, now.0),
            Need::Attach => may_attach && self.attach_near(population, &caches, now),
            Need::Keep => {
                self.renew_caches(&caches, now.0);
                let is_small =
                    (1..self.reservation.cache_attach_below).contains(&population.members);
                may_attach && asked == 0 && is_small && self.attach_near(population, &caches, now)
            }
        }
    }

    fn renew_caches(&self, caches: &[Grant], now: u64) {
        let is_due = |cache: &&Grant| cache.reservation.exp < now + RENEWED_BEFORE_S;
        for cache in caches.iter().filter(is_due) {
            let renewed = self.book().renew(cache.id(), &cache.reservation.holder, None, now);
            if let Ok(renewed) = renewed {
                self.granted(&renewed);
            }
        }
    }

    /// The caches that the provider reserved for an overlay.
    fn caches(&self, overlay: &OverlayId) -> Vec<Grant> {
        let is_cache = |grant: &&Grant| grant.reservation.kind == ReservationKind::Cs;
        self.book().in_overlay(overlay).filter(is_cache).cloned().collect()
    }

    /// What an overlay asks for, from one cache or several; whether it is there.
    pub(crate) fn attach_asked(&self, population: &Population, now: u64) -> bool {
        let order = self.order_for(population, population.cache_bytes);
        let granted = self.order(&order, &Outlook::none(), now);
        self.attached(granted, now)
    }

    /// A cache in each place where members and caches are, else the one that is nearest to the
    /// first of them.
    fn attach_near(&self, population: &Population, caches: &[Grant], now: Now) -> bool {
        let mut order = self.order_for(population, self.reservation.cache_bytes);
        order.at_most = true;
        let addresses: Vec<IpAddr> = caches
            .iter()
            .filter_map(|cache| self.book().address_of(&cache.reservation.server))
            .map(|address| address.ip_address)
            .collect();
        let isps = self.isps.load();
        let (mut seen, mut some) = (BTreeSet::new(), false);
        for place in &population.places {
            let outlook = isps.outlook(*place, now.1);
            let here: Option<(String, Pid)> = outlook.isp().map(str::to_owned).zip(outlook.from());
            let Some((isp, pid)) = here else { continue };
            let covered = addresses.iter().any(|address| outlook.place(*address) == Some(pid));
            if covered || !seen.insert((isp, pid)) {
                continue;
            }
            let near = |address: IpAddr| (outlook.place(address) == Some(pid)).then_some(0);
            let granted = self.book().reserve(&order, &near, now.0);
            some |= self.attached(self.announced(granted), now.0);
        }
        if some || !caches.is_empty() {
            return some;
        }
        let outlook = population.places.first().map(|place| isps.outlook(*place, now.1));
        let granted = self.order(&order, &outlook.unwrap_or_else(Outlook::none), now.0);
        self.attached(granted, now.0)
    }

    fn order_for(&self, population: &Population, storage_bytes: u64) -> Order {
        let (overlay, holder) = (population.overlay.clone(), population.holder.clone());
        let is_closed = self
            .store
            .terms(&overlay)
            .is_ok_and(|terms| terms.request.access.kind == AccessKind::Closed);
        Order {
            bandwidth_bps: population.bandwidth_bps,
            storage_bytes,
            duration: self.reservation.max_duration_seconds,
            dedicated: is_closed,
            by_provider: true,
            ..Order::of(ReservationKind::Cs, overlay, holder)
        }
    }

    /// Tells caches of what was reserved with them; whether there is any.
    fn attached(&self, granted: Result<Vec<Grant>, ReserveError>, now: u64) -> bool {
        let Ok(granted) = granted else { return false };
        for grant in &granted {
            // What the provider itself keeps attached is in use from the beginning.
            let of = &grant.reservation;
            let _ = self.book().renew(grant.id(), &of.holder, None, now);
            let (overlay_id, content_id) = (of.overlay_id.clone(), None);
            tracing::info!(overlay = %overlay_id, server = %of.server, "a cache is attached");
            self.events.post(&of.server, &Event::CacheAttach { overlay_id, content_id });
        }
        !granted.is_empty()
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
                places: Vec::new(),
                deserted_s: settings.cache_linger_seconds,
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
        // The last member has just left.
        assert_eq!(need(&sample(), true, &settings), Need::Keep);
    }

    fn sample() -> Population {
        Population {
            overlay: OverlayId::parse("film").unwrap(),
            holder: PeerId::parse(&"a".repeat(64)).unwrap(),
            members: 0,
            places: Vec::new(),
            deserted_s: 0,
            cache_bytes: 0,
            bandwidth_bps: 1,
        }
    }
}
