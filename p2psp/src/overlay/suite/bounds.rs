//! How many there may be, what a restart keeps, and when an overlay ends.

use std::collections::{HashMap, HashSet};

use mp2p::id::{OverlayId, UserId};
use mp2p::message::bound::Text;
use mp2p::message::overlay::{OverlayChange, OverlayRequest};

use crate::overlay::suite::{Make, bounds, id, member, nearest, outlook, overlay, peopled, via};
use crate::overlay::{Dismissed, Owner, StoreError};
use crate::settings::OverlaySettings;

pub(crate) fn run(make: Make<'_>) {
    bounds_hold_and_names_are_unique(make);
    a_user_has_so_many_overlays_and_gives_them_back(make);
    what_is_kept_is_there_again(make);
    a_users_overlay_ends_when_nobody_came_for_long(make);
    what_the_owner_changes_is_told(make);
    who_is_dismissed_is_nowhere_and_consents_hold_for_all_peers_of_a_user(make);
    of_an_overlay_that_is_not_there_nothing_is_known(make);
}

fn request(name: &str) -> OverlayRequest {
    OverlayRequest::named(OverlayId::parse(name).unwrap())
}

fn anna() -> Option<Owner> {
    Some(Owner { peer: id('A'), user: Some(UserId::parse("anna").unwrap()) })
}

fn bounds_hold_and_names_are_unique(make: Make<'_>) {
    let store = make(bounds(1, 1));
    store.create(request("film"), None, 0).unwrap();
    assert!(matches!(store.create(request("film"), None, 0), Err(StoreError::Exists(_))));
    assert!(matches!(store.create(request("song"), None, 0), Err(StoreError::Full { .. })));
    store.announce(&overlay(), member('A', "10.0.0.1", 100), 0).unwrap();
    let full = store.announce(&overlay(), member('B', "10.0.0.1", 100), 0);
    assert!(matches!(full, Err(StoreError::Full { .. })));
    // Refreshing is not joining; and who ran out makes room.
    assert_eq!(store.announce(&overlay(), member('A', "10.0.0.1", 100), 0).unwrap().ticket, 1);
    assert!(store.announce(&overlay(), member('B', "10.0.0.1", 300), 100).is_ok());
}

fn a_user_has_so_many_overlays_and_gives_them_back(make: Make<'_>) {
    let store = make(OverlaySettings { max_per_user: 1, ..bounds(9, 9) });
    store.create(request("film"), anna(), 0).unwrap();
    let more = store.create(request("song"), anna(), 0);
    assert_eq!(more, Err(StoreError::FullForUser(1)));
    assert_eq!(store.remove(&overlay()).map(|members| members.len()), Some(0));
    assert!(store.remove(&overlay()).is_none());
    store.create(request("song"), anna(), 0).unwrap();
    let names: Vec<_> =
        store.overlays(9, 0).into_iter().map(|it| it.request.overlay_id.to_string()).collect();
    assert_eq!(names, ["song"]);
}

fn who_is_dismissed_is_nowhere_and_consents_hold_for_all_peers_of_a_user(make: Make<'_>) {
    let store = make(bounds(9, 9));
    let song = OverlayId::parse("song").unwrap();
    let user = |name: &str| UserId::parse(name).unwrap();
    for overlay in [overlay(), song.clone()] {
        store.create(request(overlay.as_str()), None, 0).unwrap();
        for (name, whose) in [('A', "anna"), ('B', "ben"), ('C', "ben"), ('D', "carla")] {
            let mut member = member(name, "10.0.0.1", 100);
            member.user = Some(user(whose));
            store.announce(&overlay, member, 0).unwrap();
        }
    }
    let shows = |name| store.member(&song, &id(name), 1).unwrap().policy.show_status;
    store.consented(&HashMap::from([(user("ben"), Some(true)), (user("dora"), Some(true))]));
    assert_eq!(['A', 'B', 'C', 'D'].map(shows), [false, true, true, false]);
    store.consented(&HashMap::from([(user("ben"), None)]));
    assert_eq!(['B', 'C'].map(shows), [false, false]);
    // Its own policy is not overruled by news of what it joined with.
    let mut own = member('B', "10.0.0.1", 100);
    (own.user, own.policy.show_status) = (Some(user("ben")), true);
    store.announce(&song, own, 0).unwrap();
    store.consented(&HashMap::from([(user("ben"), None)]));
    assert_eq!(['B', 'C'].map(shows), [true, false]);
    let out = Dismissed {
        users: HashSet::from([user("ben"), user("dora")]),
        peers: HashSet::from([id('D'), id('Z')]),
    };
    let mut gone = store.dismiss(&out, 1);
    gone.sort();
    let of = |overlay: &OverlayId| ['B', 'C', 'D'].map(|name| (overlay.clone(), id(name)));
    assert_eq!(gone, [of(&overlay()), of(&song)].concat());
    for overlay in [overlay(), song] {
        let left: Vec<_> = store.members(&overlay, 1).unwrap();
        assert_eq!(left.iter().map(|member| &member.peer).collect::<Vec<_>>(), [&id('A')]);
    }
    assert!(store.dismiss(&out, 1).is_empty());
}

fn what_is_kept_is_there_again(make: Make<'_>) {
    let store = peopled(make);
    assert!(store.relayed(&overlay(), &id('C'), Some(via(50))));
    store.announce(&overlay(), member('B', "10.0.0.2", 10), 1).unwrap();
    let again = make(bounds(1, 100));
    again.restore(store.keep(10), 10);
    assert_eq!(nearest(&*again, &outlook(5, 9), 9, 10), "CDE");
    assert_eq!(again.member(&overlay(), &id('C'), 10), store.member(&overlay(), &id('C'), 10));
    let ticket =
        |name| again.announce(&overlay(), member(name, "10.0.0.7", 100), 10).unwrap().ticket;
    assert_eq!(
        (ticket('C'), ticket('F')),
        (3, 6),
        "who was there has its ticket, others later ones"
    );
}

fn a_users_overlay_ends_when_nobody_came_for_long(make: Make<'_>) {
    let store = make(OverlaySettings { idle_seconds: 100, ..bounds(9, 9) });
    store.create(request("film"), anna(), 0).unwrap();
    store.create(request("song"), None, 0).unwrap();
    store.announce(&overlay(), member('A', "10.0.0.1", 50), 10).unwrap();
    assert!(store.sweep(109).ended.is_empty());
    let swept = store.sweep(110);
    assert_eq!((swept.ended, swept.overlays, swept.members), (vec![overlay()], 1, 0));
    assert!(store.describe(&overlay(), 110).is_none());
}

fn what_the_owner_changes_is_told(make: Make<'_>) {
    let store = peopled(make);
    let change = |name: &str| OverlayChange {
        overlay_id: OverlayId::parse(name).unwrap(),
        title: Some(Text::new("Film").unwrap()),
        description: None,
        requirements: None,
        access: None,
        report_policy: None,
    };
    store.change(change("film")).unwrap();
    assert_eq!(&*store.terms(&overlay()).unwrap().request.title, "Film");
    assert!(matches!(store.change(change("song")), Err(StoreError::NoOverlay(_))));
}

fn of_an_overlay_that_is_not_there_nothing_is_known(make: Make<'_>) {
    let store = make(bounds(1, 1));
    let joined = store.announce(&overlay(), member('A', "10.0.0.1", 100), 0);
    assert_eq!(joined, Err(StoreError::NoOverlay(overlay())));
    assert!(store.members(&overlay(), 0).is_err() && store.terms(&overlay()).is_err());
    assert!(store.member(&overlay(), &id('A'), 0).is_none());
    assert!(!store.leave(&overlay(), &id('A'), 0));
}
