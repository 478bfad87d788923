//! What every [`Ledger`] does: each story here is told to each of them.

mod credit;
mod distribution;
mod users;

use std::path::Path;

use mp2p::id::{ContentId, OverlayId, PeerId, UserId};
use mp2p::receipt::Receipt;
use mp2p::signed::{PeerKey, SigningKey};

use crate::calls::Visit;
use crate::users::ledger::{Act, Claim, Ledger, Plausible, Terms};
use crate::users::sqlite::SqliteLedger;

/// 2027-01-15, 08:00 UTC.
const NOW: u64 = 1_800_000_000;
const DAY_S: u64 = 86_400;
const MIB: u64 = 1 << 20;
/// No bound is near.
const WIDE: Terms = Terms {
    relay_percent: 10,
    cache_percent: 100,
    max_pair_bytes: 1 << 50,
    max_user_bytes: 1 << 50,
};

/// All credit counts.
const ALL: Plausible = Plausible { measured_percent: 0, unmeasured_bytes: 0 };

/// Makes or opens a ledger in a folder.
type Open = fn(&Path) -> Box<dyn Ledger>;

/// Every kind of ledger that there is. PostgreSQL's place is here.
const KINDS: [Open; 1] = [|folder| Box::new(SqliteLedger::open(&folder.join("users.db")).unwrap())];

/// A ledger, and the folder that it lives in.
struct Scene {
    ledger: Box<dyn Ledger>,
    open: Open,
    folder: tempfile::TempDir,
}

impl Scene {
    /// One of each kind.
    fn each() -> impl Iterator<Item = Self> {
        KINDS.into_iter().map(|open| {
            let folder = tempfile::tempdir().unwrap();
            Self { ledger: open(folder.path()), open, folder }
        })
    }

    /// One of each kind, and what everybody did before the story begins: anna, ben and carla have a
    /// peer each, 1, 2 and 3; 4 is anna's as well.
    async fn peopled() -> Vec<Self> {
        let mut scenes = Vec::new();
        for scene in Self::each() {
            for (name, peer) in [("anna", 1), ("ben", 2), ("carla", 3), ("anna", 4)] {
                scene.ledger.visit(visit(name, peer, NOW)).await.unwrap();
            }
            scenes.push(scene);
        }
        scenes
    }

    /// Closed and opened again.
    fn reopen(self) -> Self {
        drop(self.ledger);
        Self { ledger: (self.open)(self.folder.path()), ..self }
    }

    async fn earned(&self, name: &str) -> (u64, u64) {
        let account = self.ledger.account(&user(name)).await.unwrap().unwrap();
        (account.credit.earned, account.credit.spent)
    }
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn peer(number: u8) -> PeerId {
    PeerId::parse(&format!("{number:064x}")).unwrap()
}

fn film() -> OverlayId {
    OverlayId::parse("film").unwrap()
}

fn content() -> ContentId {
    ContentId::parse(&"c".repeat(64)).unwrap()
}

fn by(actor: &str) -> Act {
    Act { actor: actor.to_owned(), now: NOW }
}

fn visit(name: &str, number: u8, now: u64) -> Visit {
    let network = (now > NOW).then(|| "dfn".to_owned());
    Visit { user: user(name), peer: peer(number), network, is_new: true, now }
}

/// A receipt, whose signature nobody looks at here, sent by its consumer.
fn claim(contributor: u8, consumer: u8, seq: u64, bytes: u64) -> Claim {
    let key = SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap();
    let receipt = Receipt {
        overlay_id: film(),
        content_id: content(),
        contributor: peer(contributor),
        consumer: peer(consumer),
        epoch: 7,
        seq,
        bytes,
        fragments: bytes / MIB,
        rejected: 0,
        ts: NOW,
        via: None,
        consumer_key: PeerKey::of(&key).unwrap(),
    };
    Claim { receipt, sender: peer(consumer) }
}
