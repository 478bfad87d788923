//! Queues as their readers see them.

use crate::events::outbox::*;

const BOUNDS: EventSettings =
    EventSettings { max_peers: 2, max_events: 3, keep_seconds: 60, keep_alive_seconds: 1 };
const REQUEST: Event = Event::StatusRequest {};

fn peer(name: u8) -> PeerId {
    PeerId::parse(&format!("{name:064x}")).unwrap()
}

fn outbox() -> Arc<Outbox> {
    Arc::new(Outbox::new(BOUNDS, 1_000_000))
}

fn seqs(reader: &mut Reader) -> Vec<u64> {
    match reader.take() {
        Waiting::News(mail) => mail.into_iter().map(|mail| mail.seq).collect(),
        Waiting::Nothing => Vec::new(),
        Waiting::Over => panic!("the stream is over"),
    }
}

#[test]
fn what_was_not_acknowledged_comes_again_after_a_reconnect() {
    let outbox = outbox();
    let sent: Vec<u64> = (0..3).map(|_| outbox.post(&peer(1), &REQUEST).unwrap()).collect();
    let mut reader = outbox.read(&peer(1), None).unwrap();
    assert_eq!(seqs(&mut reader), sent);
    assert_eq!(outbox.delivery(&peer(1), sent[2]), Delivery::Sent);
    drop(reader);
    assert_eq!(outbox.acknowledge(&peer(1), sent[0]), 2);
    assert_eq!(outbox.delivery(&peer(1), sent[0]), Delivery::Acknowledged);
    assert_eq!(seqs(&mut outbox.read(&peer(1), None).unwrap()), sent[1..]);
    assert_eq!(seqs(&mut outbox.read(&peer(1), Some(sent[1])).unwrap()), sent[2..]);
    // Nobody acknowledges what was not sent.
    assert_eq!(outbox.acknowledge(&peer(1), u64::MAX), 2);
    assert_eq!(seqs(&mut outbox.read(&peer(1), Some(u64::MAX)).unwrap()), sent[1..]);
}

#[test]
fn a_peer_has_one_stream_and_the_newest_counts() {
    let outbox = outbox();
    let mut old = outbox.read(&peer(1), None).unwrap();
    assert_eq!(old.take(), Waiting::Nothing);
    let mut new = outbox.read(&peer(1), None).unwrap();
    assert_eq!(old.take(), Waiting::Over);
    drop(old);
    assert!(outbox.is_listening(&peer(1)));
    let seq = outbox.post(&peer(1), &REQUEST).unwrap();
    assert_eq!(seqs(&mut new), [seq]);
    drop(new);
    assert!(!outbox.is_listening(&peer(1)));
}

#[test]
fn what_waits_already_is_not_posted_again() {
    let outbox = outbox();
    let first = outbox.post_once(&peer(1), &REQUEST).unwrap();
    assert_eq!(outbox.post_once(&peer(1), &REQUEST), Some(first));
    assert_eq!(outbox.acknowledge(&peer(1), first), 0);
    assert!(outbox.post_once(&peer(1), &REQUEST).unwrap() > first);
}

#[test]
fn bounds_hold_and_a_loss_shows_as_a_gap() {
    let outbox = outbox();
    let sent: Vec<u64> = (0..5).map(|_| outbox.post(&peer(1), &REQUEST).unwrap()).collect();
    assert_eq!(seqs(&mut outbox.read(&peer(1), None).unwrap()), sent[2..]);
    let both = [peer(1), peer(2), peer(3)];
    assert_eq!(outbox.post_all(&both, &REQUEST).len(), 2);
    assert!(outbox.read(&peer(3), None).is_none());
}

#[test]
fn numbers_rise_over_forgetting_and_restarts() {
    let outbox = outbox();
    let first = outbox.post(&peer(1), &REQUEST).unwrap();
    outbox.sweep(1059);
    assert_eq!(outbox.post(&peer(1), &REQUEST), Some(first + 1));
    outbox.sweep(1119);
    assert_eq!(outbox.delivery(&peer(1), first), Delivery::Unknown);
    assert!(outbox.post(&peer(1), &REQUEST).unwrap() > first + 1);
    // Started again within the same second.
    let later = Outbox::new(BOUNDS, 1_000_001);
    assert!(later.post(&peer(1), &REQUEST).unwrap() > first + 2);
    // JSON numbers are exact below 2^53 (RFC 8259 §6), for more than 200 years from 1970 on.
    let late = Outbox::new(BOUNDS, 8_000_000_000_000);
    assert!(late.post(&peer(1), &REQUEST).unwrap() < 1 << 53);
}
