//! Reservations as the relay keeps them: in their epoch, their time, their quota.

use mp2p::message::bound::Text;
use mp2p::signed::SigningKey;

use crate::relay::hall::*;

const NOW: u64 = 1_800_000_000;

fn peer(letter: &str) -> PeerId {
    PeerId::parse(&letter.repeat(64)).unwrap()
}

struct Scene {
    hall: Hall,
    key: SigningKey,
    control: mpsc::Sender<Say>,
    said: mpsc::Receiver<Say>,
}

impl Scene {
    fn new() -> Self {
        let key = SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap();
        let guard = Guard {
            own: peer("a"),
            issuer: "p2psp.example".to_owned(),
            oms_key: key.verifying().unwrap(),
            epoch: 5,
            passkey_epoch: 0,
        };
        let (control, said) = mpsc::channel(8);
        Self { hall: Hall::new(guard, Lender::default()), key, control, said }
    }

    fn reservation(&self, epoch: u64, exp: u64) -> Reservation {
        Reservation {
            reservation_id: Text::new("r-1").unwrap(),
            kind: ReservationKind::Rs,
            overlay_id: OverlayId::parse("film").unwrap(),
            content_id: None,
            server: peer("a"),
            holder: peer("b"),
            bandwidth_bps: 0,
            quota_bytes: 1000,
            storage_bytes: 0,
            part_offset_bytes: None,
            epoch,
            iat: NOW,
            exp,
        }
    }

    fn reserve(&self, epoch: u64, exp: u64, now: u64) -> Result<u64, Refused> {
        let text = self.reservation(epoch, exp).seal(&self.key).unwrap();
        let held = self.hall.reserve(&text, (&peer("b"), &marks("0b")), self.control.clone(), now);
        held.map(|(_, expires, _)| expires)
    }

    fn use_up(&self, bytes: u64) {
        let inner = self.hall.lock();
        let account = &inner.held["r-1"].account;
        account.take(bytes, true, tokio::time::Instant::now());
    }

    fn used(&self) -> Vec<(u64, u64)> {
        self.hall.usage().iter().map(|usage| (usage.bytes_out, usage.bytes_in)).collect()
    }
}

fn marks(serial: &str) -> Marks {
    [serial.to_owned(), "its issuer".to_owned()]
}

#[test]
fn an_older_form_of_a_reservation_is_void_and_so_is_one_before_the_registration() {
    let scene = Scene::new();
    let before = scene.reserve(4, NOW + 100, NOW).unwrap_err();
    assert_eq!(before.0, Refusal::Forbidden);
    assert_eq!(scene.reserve(6, NOW + 100, NOW).unwrap(), NOW + 100);
    assert_eq!(scene.reserve(8, NOW + 200, NOW + 50).unwrap(), NOW + 200);
    let stale = scene.reserve(7, NOW + 900, NOW + 60).unwrap_err();
    assert!(stale.0 == Refusal::Forbidden && stale.1.contains("epoch 7"), "{stale:?}");
    // OMS has begun anew: what it knew nothing of any more ends with its time.
    scene.hall.epochs(9, 0);
    assert!(scene.reserve(8, NOW + 200, NOW + 60).is_err());
}

#[test]
fn a_lease_ends_with_its_time_and_a_renewed_one_does_not() {
    let scene = Scene::new();
    scene.reserve(6, NOW + 10, NOW).unwrap();
    scene.reserve(7, NOW + 20, NOW + 5).unwrap();
    scene.hall.sweep(NOW + 19);
    assert_eq!(scene.hall.held(), 1);
    scene.hall.sweep(NOW + 20);
    assert_eq!(scene.hall.held(), 0);
    assert!(scene.reserve(7, NOW + 20, NOW + 20).is_err(), "its time is over");
}

#[test]
fn a_holder_that_comes_back_finds_its_account_as_it_was() {
    let scene = Scene::new();
    scene.reserve(6, NOW + 100, NOW).unwrap();
    scene.use_up(600);
    scene.hall.left("r-1", &scene.control);
    assert_eq!((scene.hall.held(), scene.used()), (0, vec![(600, 0)]));
    scene.reserve(6, NOW + 100, NOW + 1).unwrap();
    assert_eq!(scene.used(), [(600, 0)], "sums since the reservation began");
    scene.use_up(500);
    scene.hall.sweep(NOW + 2);
    assert_eq!((scene.hall.held(), scene.used()), (0, vec![(1000, 0)]), "500 do not fit any more");
    let spent = scene.reserve(6, NOW + 100, NOW + 3).unwrap_err();
    assert_eq!(spent.0, Refusal::QuotaReached);
}

#[test]
fn what_could_not_be_told_is_told_the_next_time() {
    let scene = Scene::new();
    scene.reserve(6, NOW + 100, NOW).unwrap();
    scene.use_up(10);
    scene.hall.release("r-1", "released by OMS");
    let told = scene.hall.usage();
    assert!(scene.hall.usage().is_empty());
    told.iter().for_each(|usage| scene.hall.untold(usage.clone()));
    assert_eq!(scene.hall.usage(), told);
}

#[test]
fn what_a_revoked_holder_has_ends() {
    let mut scene = Scene::new();
    scene.reserve(6, NOW + 100, NOW).unwrap();
    scene.use_up(10);
    scene.hall.revoked(&BTreeSet::from(["0a".to_owned()]));
    assert_eq!(scene.hall.held(), 1);
    scene.hall.revoked(&BTreeSet::from(["0a".to_owned(), "0b".to_owned()]));
    assert_eq!((scene.hall.held(), scene.used()), (0, vec![(10, 0)]));
    assert!(matches!(scene.said.try_recv(), Ok(Say::Released { .. })));
}
