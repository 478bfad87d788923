//! Small stories, and random schedules against what a server and a holder can see.

use std::collections::HashMap;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::Text;
use mp2p::message::join::{AddressKind, PeerAddress};
use mp2p::message::server::{Capacity, ServerKind, Usage};
use mp2p::reservation::ReservationKind;
use proptest::prelude::*;

use crate::reservation::{Book, Enlisting, Grant, Order, Phase, ReserveError, Why};
use crate::settings::ReservationSettings;

const START: u64 = 1_800_000_000;

fn peer(name: u8) -> PeerId {
    PeerId::parse(&format!("{name:064x}")).unwrap()
}

fn enlisting(name: u8, bandwidth_bps: u64, storage_bytes: u64) -> Enlisting {
    Enlisting {
        peer: peer(name),
        user: None,
        kind: ServerKind::Cs,
        address: PeerAddress {
            ip_address: [10, 0, 0, name].into(),
            port: 7000,
            kind: AddressKind::Host,
        },
        capacity: Capacity { bandwidth_bps, storage_bytes, circuits: 0 },
        dedicated: true,
        epoch: None,
    }
}

fn order(holder: u8, bandwidth_bps: u64, storage_bytes: u64) -> Order {
    Order {
        bandwidth_bps,
        storage_bytes,
        duration: 600,
        ..Order::of(ReservationKind::Delegate, OverlayId::parse("film").unwrap(), peer(holder))
    }
}

fn book(servers: &[(u8, u64, u64)]) -> Book {
    let mut book = Book::new(ReservationSettings::default(), START * 1000);
    for (name, bandwidth, storage) in servers {
        book.enlist(&enlisting(*name, *bandwidth, *storage), START).unwrap();
    }
    book
}

fn reserve(book: &mut Book, order: &Order, now: u64) -> Result<Vec<Grant>, ReserveError> {
    book.reserve(order, &|_| Some(0), now)
}

fn usage(grant: &Grant, bytes_in: u64) -> Usage {
    Usage {
        reservation_id: grant.id().clone(),
        holder: grant.reservation.holder.clone(),
        bytes_in,
        bytes_out: 0,
        kept_bytes: 0,
        at: START,
    }
}

#[test]
fn servers_reservations_and_those_of_a_holder_have_an_end() {
    let settings = ReservationSettings {
        max_servers: 2,
        max_per_holder: 1,
        // A reservation may take sixteen parts.
        max_reservations: 17,
        max_duration_seconds: 900,
        ..ReservationSettings::default()
    };
    let mut book = Book::new(settings, START * 1000);
    assert!(book.enlist(&enlisting(1, 100, 100), START).is_some());
    assert!(book.enlist(&enlisting(2, 100, 100), START).is_some());
    assert!(book.enlist(&enlisting(3, 100, 100), START).is_none());
    assert!(book.enlist(&enlisting(1, 100, 100), START).is_some(), "it is there already");
    let long = Order { duration: 10_000, ..order(9, 10, 10) };
    let grants = reserve(&mut book, &long, START).unwrap();
    assert!(grants[0].reservation.exp <= START + 900, "{:?}", grants[0].reservation);
    let again = reserve(&mut book, &order(9, 10, 10), START);
    assert!(matches!(again, Err(ReserveError::TooMany(1))), "{again:?}");
    reserve(&mut book, &order(8, 10, 10), START).unwrap();
    let third = reserve(&mut book, &order(7, 10, 10), START);
    assert!(matches!(third, Err(ReserveError::Full(17))), "{third:?}");
}

#[test]
fn the_near_server_serves_and_the_providers_own_before_a_peers() {
    let mut book = book(&[(1, 100, 0), (2, 100, 0), (4, 100, 0)]);
    let mut temporary = enlisting(3, 100, 0);
    temporary.dedicated = false;
    book.enlist(&temporary, START).unwrap();
    let far = |address: std::net::IpAddr| match address.to_string().as_str() {
        "10.0.0.3" => Some(0),
        "10.0.0.2" => Some(1),
        "10.0.0.4" => None,
        _ => Some(2),
    };
    let mut servers = Vec::new();
    for _ in 0..3 {
        let granted = book.reserve(&order(9, 100, 0), &far, START).unwrap();
        servers.push(granted[0].reservation.server.clone());
    }
    assert_eq!(servers, [peer(2), peer(1), peer(3)]);
    // The fourth is not to be had.
    assert!(book.reserve(&order(9, 100, 0), &far, START).is_err());
}

/// A server that cannot keep what was reserved gives it back; nobody else does.
#[test]
fn a_reservation_is_given_back_by_its_holder_or_its_server() {
    let mut book = book(&[(1, 100, 0), (2, 100, 0)]);
    for by in [9, 1] {
        let granted = reserve(&mut book, &order(9, 100, 0), START).unwrap().remove(0);
        assert_eq!(granted.reservation.server, peer(1));
        let refused = book.release(granted.id(), &peer(2)).unwrap_err();
        assert!(matches!(refused, ReserveError::None(_)), "{refused}");
        let over = book.release(granted.id(), &peer(by)).unwrap();
        assert_eq!(over.grant.reservation.holder, peer(9));
    }
}

/// HELD ends after 30 s without use, ACTIVE at its end and a grace; a renewal takes both back.
#[test]
fn what_is_not_used_is_free_again_and_what_ends_can_be_renewed_for_a_while() {
    let mut book = book(&[(1, 100, 0)]);
    let unused = reserve(&mut book, &order(9, 100, 0), START).unwrap();
    book.enlist(&enlisting(1, 100, 0), START + 29).unwrap();
    assert!(book.sweep(START + 29).1.is_empty());
    let (_, over) = book.sweep(START + 30);
    assert_eq!((over[0].grant.id(), over[0].why), (unused[0].id(), Why::Expired));
    let used = reserve(&mut book, &order(9, 100, 0), START + 30).unwrap();
    assert_eq!(book.used(&peer(1), &usage(&used[0], 0), START + 31), Ok(None));
    let mut at = |seconds: u64| {
        book.enlist(&enlisting(1, 100, 0), START + seconds).unwrap();
        let over = book.sweep(START + seconds).1.len();
        (over, book.grants.get(&**used[0].id()).map(|grant| grant.phase))
    };
    assert_eq!(at(629), (0, Some(Phase::Active)));
    assert_eq!(at(630), (0, Some(Phase::Expiring(START + 660))));
    let renewed = book.renew(used[0].id(), &peer(9), None, START + 650).unwrap();
    assert!(renewed.reservation.epoch > used[0].reservation.epoch);
    assert_eq!(renewed.reservation.exp, START + 1250);
    book.enlist(&enlisting(1, 100, 0), START + 1279).unwrap();
    assert!(book.sweep(START + 1279).1.is_empty());
    assert_eq!(book.sweep(START + 1280).1[0].why, Why::Expired);
    assert!(book.renew(used[0].id(), &peer(9), None, START + 1280).is_err());
}

/// Req-Net-120: sums are cumulative, so that what is told twice counts once.
#[test]
fn use_is_counted_once_and_ends_with_the_quota() {
    let mut book = book(&[(1, 100, 0)]);
    let order = Order { quota_bytes: 1000, ..order(9, 10, 0) };
    let grant = reserve(&mut book, &order, START).unwrap().remove(0);
    for (bytes, sum) in [(400, 400), (400, 400), (300, 400), (999, 999)] {
        assert_eq!(book.used(&peer(1), &usage(&grant, bytes), START), Ok(None));
        assert_eq!(book.accounts().of_holder(&peer(9)).next().unwrap().bytes_in, sum);
    }
    let over = book.used(&peer(1), &usage(&grant, 1000), START).unwrap().unwrap();
    assert_eq!(over.why, Why::UsedUp);
    assert_eq!(book.accounts().at_server(&peer(1)).next().unwrap().bytes_in, 1000);
    // Nobody tells of others' reservations.
    let grant = reserve(&mut book, &order, START).unwrap().remove(0);
    assert!(book.used(&peer(2), &usage(&grant, 1), START).is_err());
    let other = Usage { holder: peer(8), ..usage(&grant, 1) };
    assert!(book.used(&peer(1), &other, START).is_err());
    assert!(book.release(grant.id(), &peer(8)).is_err());
}

#[test]
fn a_server_that_fails_or_is_silent_owes_nobody_anything() {
    let mut book = book(&[(1, 100, 0)]);
    reserve(&mut book, &order(9, 100, 0), START).unwrap();
    assert_eq!(book.fault(&peer(1), START).unwrap()[0].why, Why::Server);
    assert!(reserve(&mut book, &order(9, 1, 0), START).is_err());
    book.enlist(&enlisting(1, 100, 0), START + 90).unwrap();
    let after = reserve(&mut book, &order(9, 100, 0), START + 90).unwrap();
    let (gone, over) = book.sweep(START + 180);
    assert_eq!((gone.len(), over[0].grant.id()), (1, after[0].id()));
    assert!(book.fault(&peer(1), START).is_err());
}

/// What happens in a schedule.
#[derive(Clone, Debug)]
enum Step {
    Enlist {
        server: u8,
        bandwidth: u64,
    },
    Reserve {
        holder: u8,
        bandwidth: u64,
    },
    Renew {
        which: usize,
    },
    Release {
        which: usize,
    },
    Use {
        which: usize,
        bytes: u64,
    },
    Fault {
        server: u8,
    },
    Pass {
        seconds: u64,
    },
    /// OMS ends and begins again, with what it kept or with nothing; it may have forgotten all.
    Restart {
        remembers: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..3_u8, 0..200_u64)
            .prop_map(|(server, bandwidth)| Step::Enlist { server, bandwidth }),
        5 => (10..14_u8, 1..150_u64)
            .prop_map(|(holder, bandwidth)| Step::Reserve { holder, bandwidth }),
        2 => any::<usize>().prop_map(|which| Step::Renew { which }),
        2 => any::<usize>().prop_map(|which| Step::Release { which }),
        2 => (any::<usize>(), 0..500_u64).prop_map(|(which, bytes)| Step::Use { which, bytes }),
        1 => (0..3_u8).prop_map(|server| Step::Fault { server }),
        3 => (1..400_u64).prop_map(|seconds| Step::Pass { seconds }),
        1 => any::<bool>().prop_map(|remembers| Step::Restart { remembers }),
    ]
}

/// A server's own account: its floor, and what it owes: epoch, bandwidth and end of each.
type Owes = (u64, HashMap<String, (u64, u64, u64)>);

/// What the world has seen.
struct World {
    book: Book,
    now: u64,
    /// Holder of each epoch that was ever signed.
    holders: HashMap<u64, PeerId>,
    servers: HashMap<u8, Owes>,
    granted: Vec<Grant>,
}

impl World {
    fn sign(&mut self, grant: &Grant) {
        let of = &grant.reservation;
        let other = self.holders.insert(of.epoch, of.holder.clone());
        assert!(other.is_none(), "epoch {} has two holders", of.epoch);
        self.granted.push(grant.clone());
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Enlist { server, bandwidth } => {
                let known = self.servers.entry(server).or_default();
                let highest = known.1.values().map(|owed| owed.0).chain([known.0]).max();
                let told = Enlisting { epoch: highest, ..enlisting(server, bandwidth, 0) };
                let enlisted = self.book.enlist(&told, self.now).unwrap();
                assert!(enlisted.floor >= known.0, "a floor falls");
                known.0 = enlisted.floor;
                known.1.retain(|_, owed| owed.0 >= enlisted.floor);
            }
            Step::Reserve { holder, bandwidth } => {
                let granted = reserve(&mut self.book, &order(holder, bandwidth, 0), self.now);
                let Ok(granted) = granted else { return };
                let sum: u64 = granted.iter().map(|grant| grant.reservation.bandwidth_bps).sum();
                assert_eq!(sum, bandwidth);
                for grant in granted {
                    self.sign(&grant);
                    let of = &grant.reservation;
                    let name = u8::from_str_radix(&of.server.digits()[62..], 16).unwrap();
                    let owes = &mut self.servers.get_mut(&name).unwrap().1;
                    let owed = (of.epoch, of.bandwidth_bps, of.exp);
                    owes.insert(grant.id().to_string(), owed);
                }
            }
            Step::Renew { which } => {
                let Some(grant) = self.pick(which) else { return };
                let holder = grant.reservation.holder.clone();
                if let Ok(renewed) = self.book.renew(grant.id(), &holder, None, self.now) {
                    self.sign(&renewed);
                }
            }
            Step::Release { which } => {
                let Some(grant) = self.pick(which) else { return };
                let _ = self.book.release(grant.id(), &grant.reservation.holder.clone());
            }
            Step::Use { which, bytes } => {
                let Some(grant) = self.pick(which) else { return };
                let server = grant.reservation.server.clone();
                let _ = self.book.used(&server, &usage(&grant, bytes), self.now);
            }
            Step::Fault { server } => {
                let _ = self.book.fault(&peer(server), self.now);
            }
            Step::Pass { seconds } => {
                self.now += seconds;
                let _ = self.book.sweep(self.now);
            }
            Step::Restart { remembers } => {
                self.now += 1;
                let kept = remembers.then(|| self.book.keep());
                self.book = Book::new(ReservationSettings::default(), self.now * 1000);
                if let Some(kept) = kept {
                    self.book.restore(kept, self.now);
                }
            }
        }
        self.check();
    }

    fn pick(&self, which: usize) -> Option<Grant> {
        (!self.granted.is_empty()).then(|| self.granted[which % self.granted.len()].clone())
    }

    /// The sums of the book are those of its grants, and no grant is in two hands.
    fn check(&self) {
        for (peer, server) in &self.book.servers {
            let of_it = self.book.grants.values().filter(|grant| grant.reservation.server == *peer);
            let of_it: Vec<&Grant> = of_it.collect();
            let sum: u64 = of_it.iter().map(|grant| grant.reservation.bandwidth_bps).sum();
            assert_eq!((server.reserved.bandwidth_bps, server.grants.len()), (sum, of_it.len()));
            assert!(of_it.iter().all(|grant| grant.reservation.epoch > server.floor));
        }
        for grant in self.book.grants.values() {
            assert_eq!(self.holders[&grant.reservation.epoch], grant.reservation.holder);
            assert!(self.book.servers.contains_key(&grant.reservation.server));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Random schedules, restarts with and without memory among them: no epoch ever has two
    /// holders, and no server is promised beyond what it has.
    #[test]
    fn no_epoch_has_two_holders_and_nothing_is_promised_twice(
        steps in prop::collection::vec(step(), 1..80)
    ) {
        let book = Book::new(ReservationSettings::default(), START * 1000);
        let (holders, servers, granted) = (HashMap::new(), HashMap::new(), Vec::new());
        let mut world = World { book, now: START, holders, servers, granted };
        for step in steps {
            let lowers = matches!(&step, Step::Enlist { .. });
            let before: HashMap<PeerId, u64> = world.book.servers.iter()
                .map(|(peer, server)| (peer.clone(), server.reserved.bandwidth_bps)).collect();
            world.take(step);
            // A server may come to have less than it promised; it is never promised more then.
            for (peer, server) in &world.book.servers {
                let had = before.get(peer).copied().unwrap_or_default();
                let reserved = server.reserved.bandwidth_bps;
                prop_assert!(lowers || reserved <= had.max(server.capacity.bandwidth_bps));
            }
        }
    }
}

/// What OMS forgot, a server voids: after a restart without memory its floor is above every epoch
/// that was ever given, and above those of a server whose clock of OMS' ran ahead.
#[test]
fn what_was_granted_before_a_loss_of_memory_is_void() {
    let mut book = book(&[(1, 100, 0)]);
    let lost = reserve(&mut book, &order(9, 100, 0), START).unwrap().remove(0);
    let mut forgetful = Book::new(ReservationSettings::default(), START * 1000 + 1);
    let floor = forgetful.enlist(&enlisting(1, 100, 0), START + 1).unwrap().floor;
    assert!(lost.reservation.epoch < floor);
    let mut behind = Book::new(ReservationSettings::default(), (START - 5000) * 1000);
    let told = Enlisting { epoch: Some(floor), ..enlisting(1, 100, 0) };
    assert!(behind.enlist(&told, START).unwrap().floor > floor);
    assert_eq!(
        lost.reservation.reservation_id,
        Text::new(format!("r-{:x}", lost.reservation.epoch)).unwrap()
    );
}
