//! What every [`StatusStore`] has to do, whatever it is made of.

use mp2p::id::{PeerId, UserId};
use mp2p::message::bound::List;
use mp2p::message::resource::ResourceType;
use mp2p::message::status::{PeerReport, PeerStatus};

use crate::activity::store::{Aged, Counts, StatusBounds, StatusStore, Told, TooMany, Wanted};

/// Makes a store for so many peers, which forgets at that bound what is older than so many seconds,
/// with a history of two windows of 300 s.
type Make<'a> = &'a dyn Fn(usize, u64) -> Box<dyn StatusStore>;

/// Runs all of it.
pub(crate) fn run(make: Make<'_>) {
    the_last_report_counts_until_it_is_old(make);
    at_the_bound_the_old_make_room_and_the_young_do_not(make);
    resources_are_found_by_name_and_type_while_they_are_told(make);
    windows_hold_means_and_the_oldest_goes(make);
    who_is_silent_is_counted_and_at_last_forgotten(make);
    bounds_change_while_it_runs(make);
    what_is_measured_adds_up_by_the_day(make);
}

fn peer(name: u8) -> PeerId {
    PeerId::parse(&format!("{name:064x}")).unwrap()
}

fn told(name: u8, cpu_load: f32) -> Told {
    let status = PeerStatus { cpu_load, up_bps: u64::from(name) * 100, ..PeerStatus::default() };
    let user = Some(UserId::parse("anna").unwrap());
    Told { report: PeerReport::of(peer(name), status), user, via: None }
}

fn with(name: u8, resources: &str) -> Told {
    let mut told = told(name, 0.0);
    told.report.resources = Some(serde_json::from_str::<List<_, 16>>(resources).unwrap());
    told
}

fn the_last_report_counts_until_it_is_old(make: Make<'_>) {
    let store = make(2, 60);
    store.put(told(1, 0.0), 100).unwrap();
    store.put(told(1, 0.5), 110).unwrap();
    let latest = |now| store.latest(&[peer(1), peer(2)], 60, now);
    let status = told(1, 0.5).report.status;
    assert_eq!(latest(170), [Some(Aged { status: status.clone(), age_s: 60 }), None]);
    assert_eq!(latest(171), [None, None]);
    let record = store.record(&peer(1), 500).unwrap();
    assert_eq!((record.aged.age_s, record.aged.status), (390, status));
    assert_eq!(record.user.unwrap().as_str(), "anna");
}

fn at_the_bound_the_old_make_room_and_the_young_do_not(make: Make<'_>) {
    let store = make(2, 60);
    store.put(told(1, 0.0), 100).unwrap();
    store.put(told(2, 0.0), 150).unwrap();
    store.put(told(2, 0.0), 150).unwrap();
    assert_eq!(store.put(told(3, 0.0), 160), Err(TooMany(2)));
    assert_eq!(store.put(told(3, 0.0), 161), Ok(()));
    assert!(store.record(&peer(1), 161).is_none());
    assert_eq!(store.put(told(1, 0.0), 161), Err(TooMany(2)));
}

fn resources_are_found_by_name_and_type_while_they_are_told(make: Make<'_>) {
    let store = make(9, 60);
    let disk = r#"[{"resource-id":"disk","type":"storage","owner":"eve","load":0.5},
        {"resource-id":"line","type":"bandwidth"}]"#;
    store.put(with(1, disk), 100).unwrap();
    store.put(with(2, r#"[{"resource-id":"disk","type":"storage"}]"#), 100).unwrap();
    let found = |wanted: &Wanted, now| -> Vec<PeerId> {
        store.resources(wanted, 60, 10, now).into_iter().map(|offer| offer.peer).collect()
    };
    let (named, of) = (Wanted::Named("disk".into()), Wanted::Of(ResourceType::Storage));
    // Whoever has most to give comes first.
    assert_eq!(found(&named, 100), [peer(2), peer(1)]);
    assert_eq!(found(&of, 100), [peer(2), peer(1)]);
    assert_eq!(store.resources(&of, 60, 1, 100).len(), 1);
    // The owner is by the certificate.
    let offer = store.resources(&Wanted::Named("line".into()), 60, 10, 130).remove(0);
    assert_eq!((offer.resource.owner.unwrap().as_str(), offer.age_s), ("anna", 30));
    // A report without them leaves them; one with others replaces them.
    store.put(told(1, 0.0), 150).unwrap();
    assert_eq!(found(&named, 200), [peer(1)]);
    store.put(with(1, "[]"), 150).unwrap();
    assert!(found(&named, 200).is_empty());
}

fn windows_hold_means_and_the_oldest_goes(make: Make<'_>) {
    let store = make(9, 60);
    for (load, at) in [(0.0, 0), (0.25, 300), (0.75, 599), (0.5, 600)] {
        store.put(told(1, load), at).unwrap();
    }
    let history = store.record(&peer(1), 600).unwrap().history;
    let told: Vec<_> =
        history.iter().map(|w| (w.from, w.reports, w.load, w.max_load, w.up_bps)).collect();
    assert_eq!(told, [(300, 2, 0.5, 0.75, 100), (600, 1, 0.5, 0.5, 100)]);
}

fn who_is_silent_is_counted_and_at_last_forgotten(make: Make<'_>) {
    let store = make(9, 60);
    store.put(with(1, r#"[{"resource-id":"disk","type":"storage"}]"#), 100).unwrap();
    store.put(told(2, 0.0), 150).unwrap();
    assert_eq!(store.sweep(60, 600, 170), Counts { reporting: 1, silent: 1 });
    assert_eq!(store.sweep(60, 600, 720), Counts { reporting: 0, silent: 1 });
    assert!(store.record(&peer(1), 720).is_none());
    assert!(store.resources(&Wanted::Named("disk".into()), 999, 9, 720).is_empty());
}

fn bounds_change_while_it_runs(make: Make<'_>) {
    let store = make(1, 60);
    store.put(told(1, 0.1), 100).unwrap();
    assert_eq!(store.put(told(2, 0.1), 100), Err(TooMany(1)));
    let bounds = StatusBounds { max_peers: 2, max_age_s: 10, window_s: 10, windows: 3 };
    store.bound(bounds);
    store.put(told(2, 0.1), 100).unwrap();
    for now in [110, 120, 130] {
        store.put(told(1, 0.1), now).unwrap();
    }
    let windows = |name| store.record(&peer(name), 130).unwrap().history.len();
    assert_eq!((windows(1), windows(2)), (3, 1));
    // Peer 2 told nothing for longer than counts now, and makes room.
    store.put(told(3, 0.1), 130).unwrap();
    assert!(store.record(&peer(2), 130).is_none());
    // Who is there stays.
    store.bound(StatusBounds { max_peers: 1, ..bounds });
    assert_eq!(store.put(told(4, 0.1), 130), Err(TooMany(1)));
    store.put(told(1, 0.2), 131).unwrap();
    assert_eq!(store.sweep(10, 60, 131).reporting, 2);
}

/// By hand: peer 8 sends 800 bit/s, 100 bytes a second.
fn what_is_measured_adds_up_by_the_day(make: Make<'_>) {
    const DAY_S: u64 = 86_400;
    let store = make(9, 60);
    let sent = |since| {
        let (sent, more) = store.measured(0, since);
        assert_eq!(more, None);
        sent.into_iter().map(|one| (one.peer, one.day, one.bytes)).collect::<Vec<_>>()
    };
    store.put(told(8, 0.0), 100).unwrap();
    assert!(sent(0).is_empty(), "for how long it sent so is not known");
    store.put(told(8, 0.0), 130).unwrap();
    assert_eq!(sent(0), [(peer(8), 0, 3000)]);
    // Reports of old age count for no longer than they would have.
    store.put(told(8, 0.0), 1000).unwrap();
    assert_eq!(sent(1000), [(peer(8), 0, 9000)]);
    assert!(sent(1001).is_empty());
    store.put(told(8, 0.0), DAY_S + 10).unwrap();
    store.put(told(8, 0.0), DAY_S + 40).unwrap();
    assert_eq!(sent(0), [(peer(8), 1, 9000)]);
    // So many that they are told in parts.
    let many = make(3000, 60);
    let other = |number: u32| {
        let mut told = told(8, 0.0);
        told.report.peer_id = PeerId::parse(&format!("{number:064x}")).unwrap();
        told
    };
    for at in [100, 130] {
        (0..2500).for_each(|number| many.put(other(number), at).unwrap());
    }
    let (mut from, mut peers) = (Some(0), std::collections::HashSet::new());
    while let Some(row) = from {
        let (sent, next) = many.measured(row, 0);
        peers.extend(sent.into_iter().map(|one| one.peer));
        from = next;
    }
    assert_eq!(peers.len(), 2500);
}
