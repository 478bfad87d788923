//! Receipts and credit.

use mp2p::message::report::{Limit, ReceiptOutcome, RefusalCode};

use crate::calls::{Service, Serving};
use crate::users::ledger::{Before, Claim, Terms};
use crate::users::suite::{DAY_S, MIB, NOW, Scene, WIDE, by, claim, peer, user};

fn accepted(credited: u64) -> ReceiptOutcome {
    ReceiptOutcome::Accepted { credited, limited_by: None }
}

fn limited(credited: u64, limit: Limit) -> ReceiptOutcome {
    ReceiptOutcome::Accepted { credited, limited_by: Some(limit) }
}

fn refusal(outcome: &ReceiptOutcome) -> Option<RefusalCode> {
    match outcome {
        ReceiptOutcome::Refused { code, .. } => Some(*code),
        _ => None,
    }
}

impl Scene {
    async fn claim(&self, claims: Vec<Claim>, terms: Terms) -> Vec<ReceiptOutcome> {
        self.ledger.claim(claims, terms, NOW).await.unwrap()
    }

    async fn one(&self, claim: Claim) -> ReceiptOutcome {
        self.claim(vec![claim], WIDE).await.remove(0)
    }
}

/// A day on which a user gave 16 MiB or more counts, once; what the user's own peers got does not.
#[tokio::test]
async fn who_gives_well_gains_reputation_by_the_day() {
    for scene in Scene::peopled().await {
        let reputation =
            async || scene.ledger.account(&user("anna")).await.unwrap().unwrap().reputation;
        let steps = [(1, 15, 0, 0), (2, 16, 0, 1), (3, 99, 0, 1), (4, 114, 1, 1), (5, 115, 1, 2)];
        for (seq, mib, day, expected) in steps {
            let one = vec![claim(1, 2, seq, mib * MIB)];
            scene.ledger.claim(one, WIDE, NOW + day * DAY_S).await.unwrap();
            assert_eq!(reputation().await, expected, "{seq}");
        }
        scene.ledger.claim(vec![claim(1, 4, 1, 99 * MIB)], WIDE, NOW + 2 * DAY_S).await.unwrap();
        assert_eq!(reputation().await, 2);
    }
}

#[tokio::test]
async fn only_what_a_receipt_tells_anew_is_credited_and_its_consumer_pays() {
    for scene in Scene::peopled().await {
        assert_eq!(scene.one(claim(1, 2, 1, 5 * MIB)).await, accepted(5 * MIB));
        // 3 was lost on its way: 4 tells of it too.
        assert_eq!(scene.one(claim(1, 2, 4, 9 * MIB)).await, accepted(4 * MIB));
        assert_eq!(scene.earned("anna").await, (9 * MIB, 0));
        assert_eq!(scene.earned("ben").await, (0, 9 * MIB));
    }
}

/// Req-User-060: nothing counts twice, whoever sends it, in whatever order, after a restart too.
#[tokio::test]
async fn a_receipt_counts_once_whoever_sends_it_and_how_often() {
    for scene in Scene::peopled().await {
        let receipt = claim(1, 2, 2, 5 * MIB);
        let others_copy = Claim { sender: peer(1), ..receipt.clone() };
        let twice = vec![receipt.clone(), others_copy.clone()];
        let expected = [accepted(5 * MIB), ReceiptOutcome::Duplicate];
        assert_eq!(scene.claim(twice, WIDE).await, expected);
        let scene = scene.reopen();
        assert_eq!(scene.one(others_copy).await, ReceiptOutcome::Duplicate);
        assert_eq!(scene.one(claim(1, 2, 1, 3 * MIB)).await, ReceiptOutcome::Duplicate);
        assert_eq!(scene.earned("anna").await, (5 * MIB, 0));
    }
}

#[tokio::test]
async fn receipts_that_contradict_each_other_are_refused_and_change_nothing() {
    for scene in Scene::peopled().await {
        let first = claim(1, 2, 2, 5 * MIB);
        scene.one(first.clone()).await;
        let with = |seq, bytes| {
            let mut changed = first.clone();
            (changed.receipt.seq, changed.receipt.bytes) = (seq, bytes);
            changed
        };
        let mut other_content = with(3, 6 * MIB);
        other_content.receipt.content_id = mp2p::id::ContentId::parse(&"d".repeat(64)).unwrap();
        for (claim, code) in [
            (with(2, 6 * MIB), RefusalCode::Conflict),
            (with(1, 6 * MIB), RefusalCode::Conflict),
            (other_content, RefusalCode::Conflict),
            (with(3, 4 * MIB), RefusalCode::Decreasing),
        ] {
            assert_eq!(refusal(&scene.one(claim).await), Some(code));
        }
        assert_eq!(scene.earned("anna").await, (5 * MIB, 0));
    }
}

#[tokio::test]
async fn a_receipt_of_strangers_or_for_others_counts_for_nothing() {
    for scene in Scene::peopled().await {
        let stranger = scene.one(claim(1, 9, 1, MIB)).await;
        assert_eq!(refusal(&stranger), Some(RefusalCode::UnknownPeer));
        let meddler = Claim { sender: peer(3), ..claim(1, 2, 1, MIB) };
        assert_eq!(refusal(&scene.one(meddler).await), Some(RefusalCode::NotYours));
        scene.ledger.lock(&user("ben"), true, &by("operator")).await.unwrap();
        let locked = scene.one(claim(1, 2, 1, MIB)).await;
        assert_eq!(refusal(&locked), Some(RefusalCode::LockedOut));
        assert_eq!(scene.earned("anna").await, (0, 0));
    }
}

#[tokio::test]
async fn peers_of_one_user_give_each_other_nothing() {
    for scene in Scene::peopled().await {
        let own = scene.one(claim(1, 4, 1, 5 * MIB)).await;
        assert_eq!(own, limited(0, Limit::SameUser));
        assert_eq!(scene.earned("anna").await, (0, 0));
        let days = scene.ledger.account(&user("anna")).await.unwrap().unwrap().days;
        assert_eq!((days[0].given, days[0].got, days[0].credited), (5 * MIB, 5 * MIB, 0));
    }
}

#[tokio::test]
async fn a_pair_of_users_and_a_user_earn_so_much_a_day() {
    for scene in Scene::peopled().await {
        let terms = Terms { max_pair_bytes: 4 * MIB, max_user_bytes: 6 * MIB, ..WIDE };
        let claims = vec![claim(1, 2, 1, 5 * MIB), claim(1, 3, 1, 3 * MIB), claim(4, 3, 1, MIB)];
        let outcomes = scene.claim(claims, terms).await;
        let expected =
            [limited(4 * MIB, Limit::Pair), limited(2 * MIB, Limit::User), limited(0, Limit::User)];
        assert_eq!(outcomes, expected);
        assert_eq!(scene.earned("anna").await, (6 * MIB, 0));
        // Who got it pays for it all the same.
        assert_eq!(
            (scene.earned("ben").await.1, scene.earned("carla").await.1),
            (5 * MIB, 4 * MIB)
        );
        let later = scene.ledger.claim(vec![claim(1, 2, 2, 6 * MIB)], terms, NOW + DAY_S).await;
        assert_eq!(later.unwrap(), [accepted(MIB)]);
    }
}

#[tokio::test]
async fn a_relay_earns_its_share_of_what_came_through_it() {
    for scene in Scene::peopled().await {
        let mut through = claim(1, 2, 1, 10 * MIB);
        through.receipt.via = Some(peer(3));
        assert_eq!(scene.one(through.clone()).await, accepted(9 * MIB));
        assert_eq!(scene.earned("carla").await, (MIB, 0));
        assert_eq!(scene.earned("ben").await, (0, 10 * MIB));
        let days = scene.ledger.account(&user("carla")).await.unwrap().unwrap().days;
        assert_eq!((days[0].relayed, days[0].credited), (10 * MIB, MIB));
        // The relay's own report of it changes nothing.
        through.sender = peer(3);
        assert_eq!(scene.one(through).await, ReceiptOutcome::Duplicate);
        // A consumer's own peer as a relay earns nothing.
        let mut own = claim(2, 1, 1, 10 * MIB);
        own.receipt.via = Some(peer(4));
        assert_eq!(scene.one(own).await, accepted(9 * MIB));
        assert_eq!(scene.earned("anna").await, (9 * MIB, 10 * MIB));
    }
}

#[tokio::test]
async fn a_cache_earns_by_its_own_rate_while_it_serves() {
    for scene in Scene::peopled().await {
        let serving = |number, owner: Option<&str>| Serving {
            peer: peer(number),
            user: owner.map(user),
            service: Service::Cache,
            until: NOW,
        };
        scene.ledger.serving(serving(1, Some("anna"))).await.unwrap();
        scene.ledger.serving(serving(8, None)).await.unwrap();
        let terms = Terms { cache_percent: 150, ..WIDE };
        let outcomes = scene.claim(vec![claim(1, 2, 1, 4 * MIB), claim(8, 2, 1, MIB)], terms).await;
        // The provider's own cache has no user to credit, and its consumer pays.
        assert_eq!(outcomes, [accepted(6 * MIB), accepted(0)]);
        assert_eq!(scene.earned("ben").await, (0, 5 * MIB));
        let later = scene.ledger.claim(vec![claim(1, 2, 2, 5 * MIB)], terms, NOW + 1).await;
        assert_eq!(later.unwrap(), [accepted(MIB)]);
        let days = scene.ledger.account(&user("anna")).await.unwrap().unwrap().days;
        assert_eq!(days[0].cached, 4 * MIB);
    }
}

#[tokio::test]
async fn old_epochs_are_forgotten_and_credit_is_not() {
    for scene in Scene::peopled().await {
        scene.one(claim(1, 2, 1, 5 * MIB)).await;
        let before = Before { receipts: NOW + 1, exchanges: NOW + DAY_S, days: NOW + DAY_S };
        scene.ledger.forget(before).await.unwrap();
        assert_eq!(scene.earned("anna").await, (5 * MIB, 0));
        let account = scene.ledger.account(&user("anna")).await.unwrap().unwrap();
        assert_eq!(account.days, []);
    }
}

/// However much two who conspire sign for, the sums of the others stay right.
#[tokio::test]
async fn nobody_signs_for_more_than_a_line_carries() {
    for scene in Scene::peopled().await {
        let most = 1 << 44;
        let much = scene.one(claim(1, 2, 1, mp2p::receipt::MAX_NUMBER)).await;
        assert_eq!(refusal(&much), Some(RefusalCode::Implausible));
        assert_eq!(scene.one(claim(1, 2, 2, most)).await, accepted(most));
        let more = scene.one(claim(1, 2, 3, most + 1)).await;
        assert_eq!(refusal(&more), Some(RefusalCode::Implausible));
        assert_eq!(scene.one(claim(1, 3, 1, MIB)).await, accepted(MIB));
    }
}
