//! Reservations that come, are renewed, go, and are refused.

use std::collections::BTreeSet;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::Text;
use mp2p::reservation::{Reservation, ReservationKind};
use mp2p::signed::SigningKey;

use crate::cache::{Book, Lease, Refused};

const NOW: u64 = 1_800_000_000;

fn peer(letter: &str) -> PeerId {
    PeerId::parse(&letter.repeat(64)).unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap()
}

fn reservation(id: &str, epoch: u64, storage_bytes: u64) -> Reservation {
    Reservation {
        reservation_id: Text::new(id).unwrap(),
        kind: ReservationKind::Delegate,
        overlay_id: OverlayId::parse("film").unwrap(),
        content_id: None,
        server: peer("a"),
        holder: peer("b"),
        bandwidth_bps: 1,
        quota_bytes: 0,
        storage_bytes,
        part_offset_bytes: None,
        epoch,
        iat: NOW,
        exp: NOW + 600,
    }
}

struct Scene {
    oms: SigningKey,
    book: Book,
}

impl Scene {
    fn new(storage_bytes: u64) -> Self {
        Self { oms: key(), book: Book::new(peer("a"), storage_bytes, 0, Vec::new()) }
    }

    fn take(&mut self, reservation: &Reservation) -> Result<bool, Refused> {
        let sealed = reservation.seal(&self.oms).unwrap();
        self.book.take(&sealed, &self.oms.verifying().unwrap(), NOW)
    }
}

#[test]
fn no_more_is_reserved_than_there_is() {
    let mut scene = Scene::new(100);
    assert!(scene.take(&reservation("r-1", 1, 60)).unwrap());
    let refused = scene.take(&reservation("r-2", 2, 41)).unwrap_err();
    assert!(matches!(refused, Refused::NoRoom { asked_bytes: 41, free_bytes: 40 }), "{refused}");
    assert!(scene.take(&reservation("r-2", 2, 40)).unwrap());
    assert_eq!(scene.book.reserved_bytes(), 100);
    assert!(scene.book.release("r-1"));
    assert!(!scene.book.release("r-1"));
    assert!(scene.take(&reservation("r-3", 3, 60)).unwrap());
}

#[test]
fn what_is_stale_forged_or_anothers_does_nothing() {
    let mut scene = Scene::new(100);
    assert!(scene.take(&reservation("r-1", 5, 10)).unwrap());
    // The same again changes nothing; a renewal has a higher epoch; what came before it is stale.
    assert!(!scene.take(&reservation("r-1", 5, 10)).unwrap());
    assert!(scene.take(&Reservation { exp: NOW + 900, ..reservation("r-1", 8, 10) }).unwrap());
    assert!(scene.take(&reservation("r-1", 5, 10)).is_err());
    assert_eq!(scene.book.epoch(), Some(8));
    // A registration later than all that voids what is older, and what comes late.
    assert_eq!(scene.book.raise(9), 1);
    assert!(scene.take(&reservation("r-1", 8, 10)).is_err());
    assert!(scene.take(&reservation("r-9", 9, 10)).unwrap());
    let other = Reservation { server: peer("c"), ..reservation("r-7", 10, 1) };
    assert!(scene.take(&other).is_err());
    let relay = Reservation { kind: ReservationKind::Rs, ..reservation("r-7", 10, 1) };
    assert!(matches!(scene.take(&relay), Err(Refused::Kind)));
    let forged = reservation("r-7", 10, 1).seal(&key()).unwrap();
    assert!(scene.book.take(&forged, &scene.oms.verifying().unwrap(), NOW).is_err());
    assert_eq!(scene.book.ids(), BTreeSet::from(["r-9".to_owned()]));
}

#[test]
fn what_oms_does_not_know_any_more_goes_but_for_what_came_meanwhile() {
    let mut scene = Scene::new(100);
    for (id, epoch) in [("r-1", 1), ("r-2", 2)] {
        assert!(scene.take(&reservation(id, epoch, 1)).unwrap());
    }
    let asked = scene.book.ids();
    assert!(scene.take(&reservation("r-3", 3, 1)).unwrap());
    scene.book.settle(&asked, &BTreeSet::from(["r-2".to_owned()]));
    assert_eq!(scene.book.ids(), BTreeSet::from(["r-2".to_owned(), "r-3".to_owned()]));
    // A minute after its end nobody can renew it.
    assert!(!scene.book.sweep(NOW + 659));
    assert!(scene.book.sweep(NOW + 660));
    assert_eq!(scene.book.leases().count(), 0);
}

#[test]
fn a_quota_ends_it() {
    let mut scene = Scene::new(100);
    let granted = Reservation { quota_bytes: 30, ..reservation("r-1", 1, 10) };
    assert!(scene.take(&granted).unwrap());
    let is_over = |book: &Book| book.leases().next().is_some_and(Lease::is_used_up);
    scene.book.add("r-1", 10, 19);
    assert!(!is_over(&scene.book));
    scene.book.add("r-1", 0, 1);
    assert!(is_over(&scene.book));
    // A renewal keeps what was used.
    assert!(scene.take(&Reservation { epoch: 2, ..granted }).unwrap());
    assert!(is_over(&scene.book));
}
