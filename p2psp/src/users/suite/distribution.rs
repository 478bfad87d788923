//! Success reports, errors, results.

use std::collections::BTreeMap;

use mp2p::message::bound::List;
use mp2p::message::report::{ContentResult, Direction, Partner, SuccessReport};

use crate::calls::{ErrorNote, Founding};
use crate::users::suite::{DAY_S, MIB, NOW, Scene, WIDE, claim, content, film, peer, user};

fn founding(owner: Option<&str>) -> Founding {
    Founding { overlay: film(), owner: owner.map(user), now: NOW }
}

fn success(seq: u64, bytes: u64) -> SuccessReport {
    SuccessReport {
        overlay_id: film(),
        content_id: content(),
        seq,
        fragments: bytes / MIB,
        bytes,
        seconds: 3,
        complete: seq == 2,
        by_distance: BTreeMap::from([(1, bytes)]),
        partners: List::default(),
    }
}

/// The giver's report: it gave fragments 3 to 5 to `getter`.
fn gave(seq: u64, getter: u8) -> SuccessReport {
    let fragments = List::new(vec![(0, 1), (3, 5)]).unwrap();
    let partner =
        Partner { peer_id: peer(getter), direction: Direction::Sent, bytes: 5 * MIB, fragments };
    let partners = List::new(vec![partner]).unwrap();
    SuccessReport { partners, by_distance: BTreeMap::new(), ..success(seq, 0) }
}

fn error(reporter: u8, fragment: u32, kind: &str) -> ErrorNote {
    ErrorNote {
        overlay: film(),
        content: Some(content()),
        fragment: Some(fragment),
        reporter: peer(reporter),
        accused: peer(1),
        kind: kind.to_owned(),
        proved: kind == "bad-fragment",
        refuted: false,
        at: NOW,
    }
}

impl Scene {
    async fn result(&self) -> ContentResult {
        let found = self.ledger.result(&film()).await.unwrap().unwrap();
        found.result.contents.into_iter().next().unwrap()
    }
}

/// TR 20002 §8.3.8, Req-Dist-010: numbers by hand.
#[tokio::test]
async fn a_result_adds_up_what_consumers_reported_and_signed_for() {
    for scene in Scene::peopled().await {
        assert_eq!(scene.ledger.result(&film()).await.unwrap(), None);
        scene.ledger.founded(founding(Some("anna"))).await.unwrap();
        for (number, seq, bytes) in [(2, 1, 4 * MIB), (2, 2, 2 * MIB), (3, 1, 3 * MIB)] {
            assert!(scene.ledger.success(&peer(number), success(seq, bytes), NOW).await.unwrap());
        }
        assert!(!scene.ledger.success(&peer(2), success(2, 9 * MIB), NOW).await.unwrap());
        let receipts = vec![claim(1, 2, 1, 6 * MIB), claim(1, 3, 1, 2 * MIB), claim(2, 3, 1, MIB)];
        scene.ledger.claim(receipts, WIDE, NOW + 60).await.unwrap();
        let found = scene.ledger.result(&film()).await.unwrap().unwrap();
        assert_eq!((found.owner, found.result.since), (Some(user("anna")), NOW));
        let expected = ContentResult {
            content_id: content(),
            consumers: 2,
            complete: 1,
            contributors: 2,
            bytes: 9 * MIB,
            fragments: 9,
            seconds: 9,
            receipted: 9 * MIB,
            rejected: 0,
            by_distance: BTreeMap::from([(1, 9 * MIB)]),
            errors: 0,
            contradicted: 0,
            first: NOW,
            last: NOW + 60,
        };
        assert_eq!(found.result.contents, [expected]);
    }
}

/// TR 20002 §8.3.8 step 4: whichever of the two reports comes first.
#[tokio::test]
async fn a_success_that_the_other_end_calls_an_error_is_told_apart() {
    for scene in Scene::peopled().await {
        scene.ledger.founded(founding(None)).await.unwrap();
        let early = vec![error(2, 4, "timeout"), error(2, 2, "timeout")];
        assert_eq!(scene.ledger.errors(early.clone()).await.unwrap(), 2);
        scene.ledger.success(&peer(1), gave(1, 2), NOW).await.unwrap();
        let result = scene.result().await;
        assert_eq!((result.errors, result.contradicted), (2, 1));
        let late = vec![error(2, 0, "bad-fragment"), error(3, 0, "timeout"), early[0].clone()];
        assert_eq!(scene.ledger.errors(late.clone()).await.unwrap(), 2);
        assert_eq!(scene.ledger.errors(late).await.unwrap(), 0);
        let result = scene.result().await;
        assert_eq!((result.errors, result.contradicted), (4, 2));
        let account = scene.ledger.account(&user("anna")).await.unwrap().unwrap();
        assert_eq!((account.days[0].accused, account.reputation), (4, -1));
    }
}

/// Whoever accuses wrongly loses by it, once a day for the same.
#[tokio::test]
async fn an_accusation_that_was_refuted_costs_its_reporter() {
    for scene in Scene::peopled().await {
        let refuted = |at| ErrorNote { refuted: true, at, ..error(2, 4, "unreachable") };
        let reputation =
            async |name: &str| scene.ledger.account(&user(name)).await.unwrap().unwrap().reputation;
        assert_eq!(scene.ledger.errors(vec![error(2, 4, "unreachable")]).await.unwrap(), 1);
        assert_eq!(reputation("ben").await, 0);
        for at in [NOW, NOW + 60] {
            assert_eq!(scene.ledger.errors(vec![refuted(at)]).await.unwrap(), 0);
            assert_eq!(reputation("ben").await, -1);
        }
        scene.ledger.errors(vec![refuted(NOW + DAY_S)]).await.unwrap();
        assert_eq!((reputation("ben").await, reputation("anna").await), (-2, 0));
    }
}

/// A weak report to OMS does not say of which content a fragment is.
#[tokio::test]
async fn an_error_that_names_no_content_is_held_against_all_of_the_overlay() {
    for scene in Scene::peopled().await {
        scene.ledger.founded(founding(None)).await.unwrap();
        let nameless = |fragment| ErrorNote { content: None, ..error(2, fragment, "timeout") };
        scene.ledger.errors(vec![nameless(4)]).await.unwrap();
        scene.ledger.success(&peer(1), gave(1, 2), NOW).await.unwrap();
        scene.ledger.errors(vec![nameless(5), nameless(9)]).await.unwrap();
        let result = scene.result().await;
        assert_eq!((result.errors, result.contradicted), (3, 2));
    }
}

#[tokio::test]
async fn an_overlay_of_another_owner_begins_anew() {
    for scene in Scene::peopled().await {
        scene.ledger.founded(founding(Some("anna"))).await.unwrap();
        scene.ledger.success(&peer(2), success(1, MIB), NOW).await.unwrap();
        scene.ledger.founded(Founding { now: NOW + 9, ..founding(Some("anna")) }).await.unwrap();
        assert_eq!(scene.result().await.bytes, MIB);
        scene.ledger.founded(Founding { now: NOW + 9, ..founding(Some("ben")) }).await.unwrap();
        let found = scene.ledger.result(&film()).await.unwrap().unwrap();
        assert_eq!((found.owner, found.result.since), (Some(user("ben")), NOW + 9));
        assert_eq!(found.result.contents, []);
    }
}

/// Whatever one reporter makes up, the sums of all can still be read.
#[tokio::test]
async fn nobody_reports_so_much_that_the_result_breaks() {
    for scene in Scene::peopled().await {
        scene.ledger.founded(founding(None)).await.unwrap();
        for seq in 1..=3 {
            let much = success(seq, i64::MAX as u64);
            scene.ledger.success(&peer(2), much, NOW).await.unwrap();
        }
        scene.ledger.success(&peer(3), success(1, MIB), NOW).await.unwrap();
        assert_eq!(scene.result().await.bytes, (1 << 44) + MIB);
    }
}
