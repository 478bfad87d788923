//! Profiles, locks, classes.

use crate::calls::{Measured, NewsAfter, UserNow};
use crate::users::ledger::{Act, Contribution, LedgerError, Plausible, SignUpBounds, SignedUpAs};
use crate::users::suite::{ALL, DAY_S, MIB, NOW, Scene, WIDE, by, claim, peer, user, visit};

/// TR 20002 §8.3.1 step 2.
#[tokio::test]
async fn a_profile_is_created_and_then_updated() {
    for Scene { ledger, .. } in Scene::each() {
        let first = ledger.visit(visit("anna", 1, NOW)).await.unwrap();
        assert_eq!((first.joins, first.created, first.network), (1, NOW, None));
        let second = ledger.visit(visit("anna", 2, NOW + 100)).await.unwrap();
        assert_eq!((second.joins, second.created, second.updated), (2, NOW, NOW + 100));
        assert_eq!((second.network.as_deref(), second.peers.len()), (Some("dfn"), 2));
        assert_eq!(ledger.profile(&second.user_id).await.unwrap(), Some(second));
    }
}

#[tokio::test]
async fn a_peer_belongs_to_one_user_for_good() {
    for Scene { ledger, .. } in Scene::each() {
        ledger.visit(visit("anna", 1, NOW)).await.unwrap();
        let stolen = ledger.visit(visit("ben", 1, NOW)).await;
        assert!(matches!(stolen, Err(LedgerError::OtherUser { .. })));
        assert_eq!(ledger.profile(&user("ben")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn who_is_locked_out_does_not_come_in_and_may_be_let_in_again() {
    for Scene { ledger, .. } in Scene::peopled().await {
        assert!(ledger.lock(&user("anna"), true, &by("operator")).await.unwrap());
        assert!(ledger.standing(&peer(1)).await.unwrap().unwrap().is_out);
        let refused = ledger.visit(visit("anna", 9, NOW)).await;
        assert!(matches!(refused, Err(LedgerError::LockedOut(_))));
        assert!(ledger.lock(&user("anna"), false, &by("operator")).await.unwrap());
        ledger.visit(visit("anna", 1, NOW)).await.unwrap();
        assert!(!ledger.lock(&user("nobody"), true, &by("operator")).await.unwrap());
    }
}

#[tokio::test]
async fn a_peer_whose_key_was_lost_ends_and_its_user_goes_on() {
    for Scene { ledger, .. } in Scene::peopled().await {
        assert!(ledger.end_peer(&peer(1), &by("operator")).await.unwrap());
        assert!(!ledger.end_peer(&peer(1), &by("operator")).await.unwrap());
        let refused = ledger.visit(visit("anna", 1, NOW)).await;
        assert!(matches!(refused, Err(LedgerError::LockedOut(_))));
        let profile = ledger.visit(visit("anna", 5, NOW)).await.unwrap();
        assert_eq!(profile.peers, [peer(4), peer(5)]);
    }
}

#[tokio::test]
async fn an_operator_gives_a_reputation_within_bounds() {
    for Scene { ledger, .. } in Scene::peopled().await {
        for (given, kept) in [(7, 7), (-1000, -100), (1000, 100)] {
            assert!(ledger.trust(&user("anna"), given, &by("operator")).await.unwrap());
            assert_eq!(ledger.standing(&peer(4)).await.unwrap().unwrap().reputation, kept);
        }
        assert!(!ledger.trust(&user("nobody"), 1, &by("operator")).await.unwrap());
    }
}

#[tokio::test]
async fn a_name_is_given_once() {
    for Scene { ledger, .. } in Scene::peopled().await {
        let sign_up = async |name: &str, most_a_day| {
            let bounds = SignUpBounds { most_a_day, source: None };
            ledger.sign_up(&user(name), bounds, &by("192.0.2.1")).await.unwrap()
        };
        assert_eq!(sign_up("anna", 2).await, SignedUpAs::Taken);
        assert_eq!(sign_up("dora", 2).await, SignedUpAs::New);
        assert_eq!(sign_up("dora", 2).await, SignedUpAs::Taken);
        assert_eq!(sign_up("emil", 2).await, SignedUpAs::New);
        assert_eq!(sign_up("fritz", 2).await, SignedUpAs::TooMany);
        assert_eq!(sign_up("fritz", 0).await, SignedUpAs::TooMany);
    }
}

#[tokio::test]
async fn one_address_brings_so_many_new_users_a_day() {
    for Scene { ledger, .. } in Scene::each() {
        let sign_up = async |name: &str, host: u8, now| {
            let source = Some(([192, 0, 2, host].into(), 2));
            let act = Act { actor: "stranger".into(), now };
            let bounds = SignUpBounds { most_a_day: 3, source };
            ledger.sign_up(&user(name), bounds, &act).await.unwrap()
        };
        assert_eq!(sign_up("anna", 1, NOW).await, SignedUpAs::New);
        assert_eq!(sign_up("ben", 1, NOW).await, SignedUpAs::New);
        assert_eq!(sign_up("carla", 1, NOW).await, SignedUpAs::TooMany);
        assert_eq!(sign_up("carla", 2, NOW).await, SignedUpAs::New);
        assert_eq!(sign_up("dora", 3, NOW).await, SignedUpAs::TooMany, "all together");
        assert_eq!(sign_up("dora", 1, NOW + DAY_S).await, SignedUpAs::New, "another day");
    }
}

#[tokio::test]
async fn a_user_gets_so_many_further_peers_a_day() {
    for Scene { ledger, .. } in Scene::peopled().await {
        let further = async |name: &str, now| {
            let by = Act { actor: "peer".into(), now };
            ledger.further(&user(name), 2, &by).await.unwrap()
        };
        assert!(further("anna", NOW).await && further("anna", NOW).await);
        assert!(!further("anna", NOW).await);
        assert!(further("ben", NOW).await);
        assert!(further("anna", NOW + DAY_S).await);
    }
}

#[tokio::test]
async fn users_are_listed_by_name_in_pages() {
    for Scene { ledger, .. } in Scene::peopled().await {
        let names = async |after: Option<&str>, most| {
            let after = after.map(user);
            let page = ledger.profiles(after.as_ref(), most).await.unwrap();
            page.iter().map(|profile| profile.user_id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(None, 2).await, ["anna", "ben"]);
        assert_eq!(names(Some("ben"), 2).await, ["carla"]);
    }
}

/// Req-User-020, Req-Reso-040: each day by itself, over all peers of the user.
#[tokio::test]
async fn days_of_a_user_are_those_of_the_users_peers_together() {
    for Scene { ledger, .. } in Scene::peopled().await {
        ledger.visit(visit("anna", 4, NOW + DAY_S)).await.unwrap();
        ledger.claim(vec![claim(1, 2, 1, 5 * MIB)], WIDE, NOW).await.unwrap();
        ledger.claim(vec![claim(2, 4, 1, 2 * MIB)], WIDE, NOW + DAY_S).await.unwrap();
        let days = ledger.account(&user("anna")).await.unwrap().unwrap().days;
        let seen: Vec<_> =
            days.iter().map(|day| (day.day, day.joins, day.given, day.got)).collect();
        // 1,800,000,000 s are 20,833 days and a third.
        assert_eq!(seen, [(20_834, 1, 0, 2 * MIB), (20_833, 2, 5 * MIB, 0)]);
    }
}

#[tokio::test]
async fn an_operators_class_stays_until_it_is_left_to_the_policy() {
    for Scene { ledger, .. } in Scene::peopled().await {
        assert!(ledger.pin(&user("anna"), Some(5), &by("operator")).await.unwrap());
        let changes = || vec![(user("anna"), 1), (user("ben"), 1), (user("carla"), 0)];
        assert_eq!(ledger.reclass(changes(), &by("policy")).await.unwrap(), 1);
        let class = async |number| ledger.standing(&peer(number)).await.unwrap().unwrap().class;
        assert_eq!((class(1).await, class(2).await, class(3).await), (5, 1, 0));
        assert!(ledger.pin(&user("anna"), None, &by("operator")).await.unwrap());
        assert_eq!(class(1).await, 5);
        assert_eq!(ledger.reclass(changes(), &by("policy")).await.unwrap(), 1);
        assert_eq!(class(1).await, 1);
        assert!(!ledger.pin(&user("nobody"), Some(1), &by("operator")).await.unwrap());
    }
}

#[tokio::test]
async fn contributions_are_those_of_the_days_asked_for() {
    for Scene { ledger, .. } in Scene::peopled().await {
        ledger.claim(vec![claim(1, 2, 1, 5 * MIB)], WIDE, NOW).await.unwrap();
        ledger.claim(vec![claim(1, 2, 2, 7 * MIB)], WIDE, NOW + DAY_S).await.unwrap();
        let anna = async |since: u64| -> Contribution {
            let all = ledger.contributions(since, ALL).await.unwrap();
            assert_eq!(all.len(), 3);
            all.into_iter().next().unwrap()
        };
        let whole = anna(20_833).await;
        assert_eq!((whole.earned, whole.active_days), (7 * MIB, 2));
        let last = anna(20_834).await;
        assert_eq!((last.earned, last.active_days), (2 * MIB, 1));
    }
}

/// By hand: 64 MiB of each peer on each day, and five quarters of what it measured.
#[tokio::test]
async fn credit_beyond_what_was_measured_counts_for_no_class() {
    for Scene { ledger, .. } in Scene::peopled().await {
        ledger.claim(vec![claim(1, 2, 1, 200 * MIB)], WIDE, NOW).await.unwrap();
        let limit = Plausible { measured_percent: 125, unmeasured_bytes: 64 * MIB };
        let earned = async |limit: Plausible| {
            let all = ledger.contributions(20_833, limit).await.unwrap();
            all[0].earned / MIB
        };
        let told = async |run: u64, day: u64, mib: u64| {
            let measured = Measured { peer: peer(1), day, run, bytes: mib * MIB };
            ledger.measured(vec![measured]).await.unwrap();
        };
        assert_eq!((earned(limit).await, earned(ALL).await), (64, 200));
        told(1, 20_833, 80).await;
        assert_eq!(earned(limit).await, 164);
        // The same again, less, and of another day.
        told(1, 20_833, 80).await;
        told(1, 20_833, 40).await;
        told(1, 20_834, 900).await;
        assert_eq!(earned(limit).await, 164);
        // A PAMS that was started again begins anew.
        told(2, 20_833, 16).await;
        assert_eq!(earned(limit).await, 184);
        told(2, 20_833, 900).await;
        assert_eq!(earned(limit).await, 200);
        let days = ledger.account(&user("anna")).await.unwrap().unwrap().days;
        let of_day = days.iter().find(|day| day.day == 20_833).unwrap();
        assert_eq!((of_day.credited, of_day.measured), (200 * MIB, 980 * MIB));
    }
}

/// Of somebody who was invited and has joined nothing.
#[tokio::test]
async fn a_user_who_is_locked_out_before_the_first_join_stays_out() {
    for Scene { ledger, .. } in Scene::peopled().await {
        let (dora, operator) = (user("dora"), by("operator"));
        assert!(!ledger.lock(&dora, true, &operator).await.unwrap());
        ledger.bar(&dora, &operator).await.unwrap();
        let joined = ledger.visit(visit("dora", 20, NOW)).await;
        assert!(matches!(joined, Err(LedgerError::LockedOut(_))), "{joined:?}");
        assert!(ledger.profile(&dora).await.unwrap().unwrap().locked_out);
        assert!(ledger.lock(&dora, false, &operator).await.unwrap());
        ledger.visit(visit("dora", 20, NOW)).await.unwrap();
    }
}

/// What OMS has to hear at once: from the number on at which it begins, each time what is new.
#[tokio::test]
async fn news_tell_who_is_out_and_what_is_said_of_status() {
    for Scene { ledger, open, folder } in Scene::peopled().await {
        let news = async |number| ledger.news(NewsAfter { number, since: NOW + 1 }).await.unwrap();
        assert!(ledger.lock(&user("carla"), true, &by("operator")).await.unwrap());
        // Whoever asks for the first time hears what was since a time.
        let since = NewsAfter { number: None, since: NOW };
        let told = ledger.news(since).await.unwrap();
        assert_eq!(told.users.len(), 1);
        assert_eq!((&told.users[0].user, told.users[0].is_out), (&user("carla"), true));
        let first = news(None).await;
        assert!(first.users.is_empty() && first.gone.is_empty() && first.is_all);
        assert_eq!(news(Some(first.upto)).await, first);

        assert!(ledger.end_peer(&peer(1), &by("operator")).await.unwrap());
        ledger.revoked(&[peer(3), peer(9)], &by("operator")).await.unwrap();
        ledger.consent(&user("anna"), Some(true), &by("anna")).await.unwrap();
        ledger.consent(&user("anna"), Some(false), &by("anna")).await.unwrap();
        assert!(ledger.lock(&user("ben"), true, &by("operator")).await.unwrap());
        // What concerns nobody else is no news.
        assert!(ledger.pin(&user("carla"), Some(3), &by("operator")).await.unwrap());
        let second = news(Some(first.upto)).await;
        let mut gone = [peer(1), peer(3), peer(9)];
        gone.sort();
        assert_eq!(second.gone, gone);
        let now =
            |name: &str, is_out, show_status| UserNow { user: user(name), is_out, show_status };
        assert_eq!(second.users, [now("anna", false, Some(false)), now("ben", true, None)]);
        assert!(news(Some(second.upto)).await.users.is_empty());
        // A command beside the server writes into the same file.
        let beside = open(folder.path());
        assert!(beside.lock(&user("ben"), false, &by("operator")).await.unwrap());
        assert_eq!(news(Some(second.upto)).await.users, [now("ben", false, None)]);
        // A number of another trail begins anew.
        let other = news(Some(1_000_000)).await;
        assert!(other.users.is_empty() && other.upto < 1_000_000);
    }
}

#[tokio::test]
async fn much_news_come_in_parts_and_none_is_left_out() {
    for Scene { ledger, .. } in Scene::peopled().await {
        let begin = ledger.news(NewsAfter { number: None, since: NOW + 1 }).await.unwrap().upto;
        let all: Vec<_> = (0..250).map(peer).collect();
        for _ in 0..5 {
            ledger.revoked(&all, &by("operator")).await.unwrap();
        }
        let first = ledger.news(NewsAfter { number: Some(begin), since: 0 }).await.unwrap();
        assert_eq!((first.upto, first.is_all, first.gone.len()), (begin + 1000, false, 250));
        let second = ledger.news(NewsAfter { number: Some(first.upto), since: 0 }).await.unwrap();
        assert_eq!((second.upto, second.is_all, second.gone.len()), (begin + 1250, true, 250));
    }
}
