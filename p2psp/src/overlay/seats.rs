//! The seats of an overlay by their number: what is in front of them apart from the rest, so that
//! looking at many takes little memory.

use crate::chunks::Chunks;
use crate::overlay::seat::{Front, Seat};

/// Seats, taken and free ones.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    fronts: Chunks<Front>,
    seats: Chunks<Option<Seat>>,
    free: Vec<u32>,
}

impl Seats {
    /// Taken and free ones.
    pub(crate) fn len(&self) -> u32 {
        self.seats.len() as u32
    }

    /// In front of a seat, whoever has it.
    pub(crate) fn front(&self, slot: u32) -> Option<&Front> {
        self.fronts.get(slot)
    }

    /// A seat that is taken.
    pub(crate) fn seat(&self, slot: u32) -> Option<&Seat> {
        self.seats.get(slot)?.as_ref()
    }

    pub(crate) fn both(&self, slot: u32) -> Option<(&Front, &Seat)> {
        Some((self.front(slot)?, self.seat(slot)?))
    }

    pub(crate) fn both_mut(&mut self, slot: u32) -> Option<(&mut Front, &mut Seat)> {
        Some((self.fronts.get_mut(slot)?, self.seats.get_mut(slot)?.as_mut()?))
    }

    /// A free seat, which is to be taken.
    pub(crate) fn find(&mut self) -> u32 {
        let slot = self.free.pop().unwrap_or(self.len());
        if slot == self.len() {
            self.fronts.push(Front::empty());
            self.seats.push(None);
        }
        slot
    }

    pub(crate) fn put(&mut self, slot: u32, front: Front, seat: Seat) {
        if let Some((at, place)) = self.fronts.get_mut(slot).zip(self.seats.get_mut(slot)) {
            (*at, *place) = (front, Some(seat));
        }
    }

    /// Frees a seat; who had it.
    pub(crate) fn clear(&mut self, slot: u32) -> Option<Seat> {
        let gone = self.seats.get_mut(slot)?.take()?;
        if let Some(front) = self.fronts.get_mut(slot) {
            *front = Front::empty();
        }
        self.free.push(slot);
        Some(gone)
    }

    /// Each seat, taken or free, goes where `to` says: every number stands in it once.
    pub(crate) fn arrange(&mut self, mut to: Vec<u32>) {
        for free in &mut self.free {
            *free = to[*free as usize];
        }
        for here in 0..self.len() {
            // Whoever is here goes to its place, and whoever had that comes here.
            loop {
                let there = to[here as usize];
                if there == here {
                    break;
                }
                self.fronts.swap(here, there);
                self.seats.swap(here, there);
                to.swap(here as usize, there as usize);
            }
        }
    }

    /// All that are taken.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Front, &Seat)> {
        let both = self.fronts.iter().zip(self.seats.iter());
        both.filter_map(|((slot, front), (_, seat))| Some((slot, front, seat.as_ref()?)))
    }
}
