//! Tokens, certificates, revocations and room.

use crate::pki::ledger::*;

fn entry(serial: &str, name: &str) -> Entry {
    Entry {
        serial: serial.into(),
        name: name.into(),
        server_names: vec![],
        not_after: 100,
        revoked_at: None,
        user: None,
        life_s: LEAF_LIFE.whole_seconds(),
        ca: 1,
    }
}

#[test]
fn a_token_is_good_once_in_time_and_until_its_user_is_out() {
    let mut ledger = Ledger::default();
    ledger.promise(Pending::new(b"one", "a".into(), vec![], 50)).unwrap();
    ledger.promise(Pending::new(b"two", "b".into(), vec![], 50)).unwrap();
    assert_eq!(ledger.redeem(b"one", 50).unwrap().name, "a");
    assert_eq!(ledger.redeem(b"one", 50).unwrap_err(), Refused::UsedToken);
    assert_eq!(ledger.redeem(b"two", 51).unwrap_err(), Refused::ExpiredToken);
    assert_eq!(ledger.redeem(b"three", 0).unwrap_err(), Refused::UnknownToken);
    let four = Pending::new(b"four", "spiffe://x/peer/".into(), vec![], 50);
    ledger.promise(four.of(Some("anna".into()))).unwrap();
    assert_eq!((ledger.void("ben"), ledger.void("anna"), ledger.void("anna")), (0, 1, 0));
    assert_eq!(ledger.redeem(b"four", 1).unwrap_err(), Refused::UsedToken);
}

#[test]
fn a_certificate_renews_at_once_but_not_without_end() {
    const DAY_S: i64 = 86_400;
    let of_90_days = |serial: &str| Entry { not_after: 90 * DAY_S, ..entry(serial, "a") };
    let mut ledger = Ledger::default();
    ledger.issue(of_90_days("00")).unwrap();
    assert_eq!(ledger.renewable("00", "b", 0).unwrap_err(), Refused::NotRenewable);
    for serial in 1..8 {
        assert!(ledger.renewable("00", "a", 0).is_ok(), "{serial}");
        ledger.issue(of_90_days(&format!("0{serial}"))).unwrap();
    }
    let refused = Refused::TooMany { most: 8 };
    assert_eq!(ledger.renewable("00", "a", 30 * DAY_S - 1).unwrap_err(), refused);
    assert!(ledger.renewable("00", "a", 30 * DAY_S).is_ok());
    ledger.revoke("01", 0);
    assert!(ledger.renewable("00", "a", 0).is_ok());
}

#[test]
fn others_leave_room_for_upkeep() {
    let mut ledger = Ledger::default();
    let mut serials = 0_u32..;
    while ledger.has_room().is_ok() {
        let serial = serials.next().unwrap();
        ledger.issue(entry(&serial.to_string(), "a")).unwrap();
    }
    assert_eq!(ledger.entries().len(), 499_800);
    ledger.issue(entry("0b", "own")).unwrap();
}

#[test]
fn a_name_stands_for_all_its_valid_certificates() {
    let mut ledger = Ledger::default();
    for serial in ["0a", "0b"] {
        ledger.issue(entry(serial, "spiffe://x/peer/1")).unwrap();
    }
    ledger.issue(entry("0c", "spiffe://x/peer/2")).unwrap();
    assert_eq!(ledger.revoke("0A", 1).len(), 1);
    assert_eq!(ledger.revoke("spiffe://x/peer/1", 2).len(), 1);
    assert_eq!(ledger.revoke("spiffe://x/peer/1", 3).len(), 0);
    let states: Vec<State> = ledger.entries().iter().map(|entry| entry.state(101)).collect();
    assert_eq!(states, [State::Revoked, State::Revoked, State::Expired]);
}

#[test]
fn a_peers_certificate_is_known_by_its_name() {
    let peer = |name: &str| entry("0a", name).peer().map(str::to_owned);
    assert_eq!(peer("spiffe://x.example/peer/8f3a").as_deref(), Some("8f3a"));
    for other in
        ["spiffe://x/operator/peer", "spiffe://x/peer/a/b", "spiffe://peer/oms/1", "peer/a"]
    {
        assert_eq!(peer(other), None, "{other}");
    }
}
