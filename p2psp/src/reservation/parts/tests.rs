//! One server, several, or as much as one has.

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::join::{AddressKind, PeerAddress};
use mp2p::message::server::{Capacity, ServerKind};
use mp2p::reservation::ReservationKind;

use crate::reservation::{Book, Enlisting, Grant, Order, ReserveError};
use crate::settings::ReservationSettings;

const START: u64 = 1_800_000_000;
/// The longest fragment, bytes.
const MIB16: u64 = 16 << 20;

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

/// Req-Reso-050: 70 of 100 are with one server; 110 are with two, and together exactly that. No
/// fragment lies in two parts: they meet at a multiple of 16 MiB.
#[test]
fn a_reservation_is_composed_where_no_server_alone_has_enough() {
    let mut book = book(&[(1, 100, 2 * MIB16), (2, 80, 3 * MIB16)]);
    let alone = reserve(&mut book, &order(9, 70, 10), START).unwrap();
    assert_eq!(alone[0].reservation.part_offset_bytes, None);
    assert_eq!((alone.len(), &alone[0].reservation.server), (1, &peer(1)));
    let parts = reserve(&mut book, &order(9, 110, 3 * MIB16 + 150), START).unwrap();
    let sum = |part: fn(&Grant) -> u64| parts.iter().map(part).sum::<u64>();
    assert_eq!(parts.len(), 2);
    assert_eq!(sum(|part| part.reservation.bandwidth_bps), 110);
    assert_eq!(sum(|part| part.reservation.storage_bytes), 3 * MIB16 + 150);
    let mut parts: Vec<_> = parts.iter().map(|part| &part.reservation).collect();
    parts.sort_by_key(|part| part.part_offset_bytes);
    assert_eq!(parts[0].part_offset_bytes, Some(0));
    assert_eq!(parts[1].part_offset_bytes, Some(parts[0].storage_bytes));
    assert_eq!(parts[0].storage_bytes % MIB16, 0);
    let none = reserve(&mut book, &order(9, 1, 0), START).unwrap_err();
    assert!(matches!(none, ReserveError::NoCapacity { .. }), "{none}");
    // Nobody is given half: what is left stays free.
    book.release(alone[0].id(), &peer(9)).unwrap();
    assert!(reserve(&mut book, &order(9, 71, 0), START).is_err());
    assert_eq!(reserve(&mut book, &order(9, 70, 0), START).unwrap().len(), 1);
}

/// What the provider attaches by itself takes no cache whole: the next overlay finds room, and so
/// does, in half of it, a peer that wants to leave what it has there.
#[test]
fn an_order_for_as_much_as_there_is_takes_half_of_what_is_free_at_most() {
    let mut book = book(&[(1, 100, 8 * MIB16)]);
    let order = Order { at_most: true, by_provider: true, ..order(9, 1, 3 * MIB16) };
    let mut given = Vec::new();
    while let Ok(granted) = reserve(&mut book, &order, START) {
        given.push(granted[0].reservation.storage_bytes / MIB16);
    }
    assert_eq!(given, [2, 1, 1]);
    let asked = reserve(&mut book, &self::order(8, 1, 4 * MIB16), START).unwrap();
    assert_eq!((asked.len(), asked[0].reservation.storage_bytes), (1, 4 * MIB16));
}

/// Who asks for 40 of relays where all have 24 and the largest has 10 is given 10, and not nothing.
#[test]
fn as_much_of_a_relay_is_reserved_as_there_is() {
    let mut book = book(&[]);
    for (name, bandwidth) in [(1, 4), (2, 10), (3, 10)] {
        let relay = Enlisting { kind: ServerKind::Rs, ..enlisting(name, bandwidth, 0) };
        book.enlist(&relay, START).unwrap();
    }
    let order = |bandwidth| Order {
        kind: ReservationKind::Rs,
        at_most: true,
        by_provider: true,
        ..order(9, bandwidth, 0)
    };
    let mut given = Vec::new();
    for asked in [40, 3, 40, 40, 40] {
        let granted = reserve(&mut book, &order(asked), START);
        given.push(granted.map_or(0, |granted| granted[0].reservation.bandwidth_bps));
    }
    assert_eq!(given, [10, 3, 10, 1, 0]);
}
