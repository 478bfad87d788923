//! The index: whose contents are taken, what is found and in which order, what is forbidden.

use mp2p::fragment::{Cut, FragmentHash};
use mp2p::id::{ContentId, OverlayId, PeerId, UserId};
use mp2p::index_file::{About, FileEntry, IndexFile};
use mp2p::message::bound::Text;
use mp2p::message::content::{Denied, DeniedKind};
use mp2p::signed::{PeerKey, SigningKey};

use crate::audit;
use crate::index::places::PLACES;
use crate::index::schema::MIGRATIONS;
use crate::index::{IndexError, Ixs, Publisher};

mod found;

/// An index in a folder of its own.
struct Shelf {
    index: Ixs,
    _folder: tempfile::TempDir,
}

impl Shelf {
    async fn register(
        &self,
        text: String,
        replaces: Option<ContentId>,
        publisher: Publisher,
        now: u64,
    ) -> Result<(), IndexError> {
        let order = Ixs::open_order(text, replaces, publisher).await?;
        self.index.register(order.into(), now).await
    }
}

struct Author {
    key: SigningKey,
    publisher: Publisher,
}

impl Author {
    fn new(user: &str) -> Self {
        let key = SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap();
        let peer = PeerKey::of(&key).unwrap().peer_id();
        Self { key, publisher: Publisher { user: UserId::parse(user).unwrap(), peer } }
    }

    /// A content of one fragment, which `byte` tells apart from others.
    fn file(&self, byte: u8, version: u64, title: &str, description: &str) -> IndexFile {
        let about = About {
            version,
            overlay_id: OverlayId::parse("film").unwrap(),
            title: Text::new(title).unwrap(),
            description: Text::new(description).unwrap(),
            rights: None,
            issued: 0,
        };
        let cut = Cut::usual(1).unwrap();
        let file = FileEntry { path: Text::new("file").unwrap(), size: 1 };
        let hash = cut.hash(0, &[byte]).unwrap();
        IndexFile::build(about, vec![file], cut, vec![hash], &self.key).unwrap()
    }

    async fn register(&self, shelf: &Shelf, file: &IndexFile) -> Result<(), IndexError> {
        let text = file.seal(&self.key).unwrap();
        shelf.register(text, None, self.publisher.clone(), 9).await
    }
}

impl Shelf {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { index: Ixs::open(&folder.path().join("index.db")).unwrap(), _folder: folder }
    }

    async fn titles(&self, text: &str) -> Vec<String> {
        let found = self.index.search(text).await.unwrap();
        found.iter().map(|content| content.title.to_string()).collect()
    }

    /// The next content is the first of another block, and not of an earlier one.
    async fn next_block(&self) {
        let last = "INSERT INTO content
            SELECT ?1 * (1 + coalesce(max(number), 0) / ?1) - 1, hex(randomblob(32)), 'none',
                'none', 'none', 1, '', '', 1, '' FROM content";
        let last = move |tx: &rusqlite::Connection| tx.execute(last, [PLACES as i64]);
        self.index.database.write(last).await.unwrap();
    }

    async fn deny(&self, digest: &ContentId, kind: DeniedKind, denied: bool) -> u64 {
        let digests = vec![Denied { digest: digest.clone(), kind, denied }];
        self.index.deny(digests, "no licence".into(), "eve".into(), 9).await.unwrap()
    }
}

/// Written by hand: what is asked for, and the titles that are to come, in order.
const GOLDEN: &[(&str, &[&str])] = &[
    ("suden", &["Die Straße nach Süden"]),
    ("STRASSE", &["Die Straße nach Süden"]),
    ("nach sü", &["Die Straße nach Süden"]),
    ("strasse norden", &[]),
    ("東京", &["東京物語", "東京タワーの夜"]),
    ("京タワ", &["東京タワーの夜"]),
    ("たわー", &["東京タワーの夜"]),
    ("夜", &["東京タワーの夜"]),
    ("春夏秋冬", &["봄 여름 가을 겨울"]),
    ("여름", &["봄 여름 가을 겨울"]),
    ("ОДИССЕЯ", &["Одиссея"]),
    ("οδυσσεια", &["Οδύσσεια", "Одиссея"]),
    ("winter", &["Winter", "Winter in Grönland", "봄 여름 가을 겨울"]),
    ("gronland wint", &["Winter in Grönland"]),
    ("winter grönlan", &["Winter in Grönland"]),
    ("unterwe", &["Die Straße nach Süden"]),
    ("unterwegsx", &[]),
    ("गंगा", &["गंगा की कहानी"]),
    ("كتاب", &["كِتَابُ الصَّيْف"]),
];

/// Req-Content-060.
#[tokio::test]
async fn searches_in_several_scripts_find_what_is_meant_best_first() {
    let (shelf, apart, anna) = (Shelf::new(), Shelf::new(), Author::new("anna"));
    for (byte, (title, description)) in (0..).zip([
        ("Winter in Grönland", ""),
        ("Die Straße nach Süden", "Ein Film von unterwegs"),
        ("東京タワーの夜", ""),
        ("東京物語", "1953"),
        ("봄 여름 가을 겨울", "春夏秋冬 and winter again"),
        ("Одиссея", "Οδύσσεια in translation"),
        ("Οδύσσεια", ""),
        ("Winter", ""),
        ("गंगा की कहानी", ""),
        ("كِتَابُ الصَّيْف", ""),
    ]) {
        let file = anna.file(byte, 1, title, description);
        anna.register(&shelf, &file).await.unwrap();
        anna.register(&apart, &file).await.unwrap();
        apart.next_block().await;
    }
    for (asked, titles) in GOLDEN {
        assert_eq!(shelf.titles(asked).await, *titles, "{asked}");
        assert_eq!(apart.titles(asked).await, *titles, "each in a block of its own: {asked}");
    }
    for hostile in ["", "\"", "NEAR(", "*", "title:", "a AND", "{title} : x", "\u{0}"] {
        shelf.index.search(hostile).await.unwrap();
    }
}

/// The pairs of 京タワ are there, but not one after the other.
#[tokio::test]
async fn letters_that_nothing_divides_are_found_where_they_stand_together() {
    let (shelf, anna) = (Shelf::new(), Author::new("anna"));
    for (byte, (title, description)) in
        (0..).zip([("タワ 京タ", ""), ("京タ", "タワ"), ("film", "東京タワー"), ("東京タワー", "")])
    {
        anna.register(&shelf, &anna.file(byte, 1, title, description)).await.unwrap();
    }
    assert_eq!(shelf.titles("京タワ").await, ["東京タワー", "film"]);
    assert_eq!(shelf.titles("京タ タワ").await.len(), 4);
}

/// As the versions before kept it: its words in full-text tables.
#[tokio::test]
async fn an_index_of_an_older_version_is_searched_as_a_new_one() {
    let words = [
        (4, "INSERT INTO words (rowid, title, description) VALUES (3, 'winter', 'uber suden')"),
        (
            6,
            "INSERT INTO titles (rowid, words) VALUES (3, 'winter');
             INSERT INTO texts (rowid, words) VALUES (3, 'winter uber suden');
             INSERT INTO word VALUES ('winter'), ('uber'), ('suden');",
        ),
    ];
    for (version, words) in words {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.db");
        let older = rusqlite::Connection::open(&path).unwrap();
        for migration in &MIGRATIONS[..version] {
            older.execute_batch(migration).unwrap();
        }
        older.pragma_update(None, "user_version", version).unwrap();
        let id = "7".repeat(64);
        let content = "INSERT INTO content VALUES
            (3, ?1, 'film', 'anna', ?1, 1, 'Winter', 'Über Süden', 9, 'winter')";
        older.execute(content, [&id]).unwrap();
        older.execute_batch(words).unwrap();
        drop(older);
        for _ in 0..2 {
            let index = Ixs::open(&path).unwrap();
            for asked in ["winter", "wint", "süd", "uber winter"] {
                let found = index.search(asked).await.unwrap();
                assert_eq!(found.len(), 1, "{asked}");
                assert_eq!(found[0].content_id.as_str(), id);
            }
        }
        let index = Ixs::open(&path).unwrap();
        let (content, anna) = (ContentId::parse(&id).unwrap(), UserId::parse("anna").unwrap());
        index.remove(content, anna).await.unwrap();
        assert!(index.search("winter").await.unwrap().is_empty());
    }
}

/// More words begin so than are looked for one by one, or fewer.
#[tokio::test]
async fn a_long_unfinished_word_is_found_however_many_words_begin_so() {
    let (shelf, anna) = (Shelf::new(), Author::new("anna"));
    for byte in 0..70 {
        anna.register(&shelf, &anna.file(byte, 1, &format!("kinder{byte:02}"), "")).await.unwrap();
    }
    assert_eq!(shelf.titles("kinder").await.len(), 70);
    let few = shelf.titles("kinder0").await;
    assert_eq!((few.len(), &*few[0], &*few[9]), (10, "kinder09", "kinder00"));
}

#[tokio::test]
async fn a_content_changes_for_its_publisher_alone_and_only_forward() {
    let (shelf, anna, ben) = (Shelf::new(), Author::new("anna"), Author::new("ben"));
    anna.register(&shelf, &anna.file(1, 2, "second", "")).await.unwrap();
    let stolen = ben.register(&shelf, &ben.file(1, 9, "mine", "")).await;
    assert!(matches!(stolen, Err(IndexError::OtherOwner(_))));
    let intruder = ben.register(&shelf, &ben.file(2, 1, "in your overlay", "")).await;
    assert!(matches!(intruder, Err(IndexError::OtherOverlay(_))));
    let text = anna.file(3, 1, "hers", "").seal(&anna.key).unwrap();
    let borrowed = shelf.register(text, None, ben.publisher.clone(), 9).await;
    assert!(matches!(borrowed, Err(IndexError::OtherPublisher(_))));
    for version in [1, 2] {
        let late = anna.register(&shelf, &anna.file(1, version, "late", "")).await;
        assert!(matches!(late, Err(IndexError::Version { known: 2, .. })));
    }
    anna.register(&shelf, &anna.file(1, 3, "third", "")).await.unwrap();
    assert_eq!((shelf.titles("second").await.len(), shelf.titles("third").await.len()), (0, 1));
}

/// X.609.7, updating phase: other bytes, the same overlay.
#[tokio::test]
async fn a_new_version_takes_the_place_of_the_old_one() {
    let (shelf, anna) = (Shelf::new(), Author::new("anna"));
    let (old, new) = (anna.file(1, 1, "film", ""), anna.file(2, 2, "film", ""));
    anna.register(&shelf, &old).await.unwrap();
    let replace = async |file: &IndexFile, replaced: &IndexFile| {
        let text = file.seal(&anna.key).unwrap();
        let replaced = Some(replaced.content_id.clone());
        shelf.register(text, replaced, anna.publisher.clone(), 9).await
    };
    let nothing = replace(&new, &anna.file(7, 1, "", "")).await;
    assert!(matches!(nothing, Err(IndexError::Unknown(_))));
    let backward = replace(&anna.file(2, 1, "film", ""), &old).await;
    assert!(matches!(backward, Err(IndexError::Version { .. })));
    replace(&new, &old).await.unwrap();
    let found = shelf.index.search("film").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].content_id, new.content_id);
    assert_eq!(shelf.index.entry(old.content_id).await.unwrap(), None);
    let entry = shelf.index.entry(new.content_id.clone()).await.unwrap().unwrap();
    assert_eq!(IndexFile::open(&entry.text).unwrap(), new);
    assert_eq!(entry.overlay.as_str(), "film");
}

#[tokio::test]
async fn a_publisher_removes_its_own() {
    let (shelf, anna) = (Shelf::new(), Author::new("anna"));
    let file = anna.file(1, 1, "film", "");
    anna.register(&shelf, &file).await.unwrap();
    let (content, ben) = (file.content_id.clone(), UserId::parse("ben").unwrap());
    let refused = shelf.index.remove(content.clone(), ben).await;
    assert!(matches!(refused, Err(IndexError::OtherOwner(_))));
    shelf.index.remove(content.clone(), anna.publisher.user.clone()).await.unwrap();
    let again = shelf.index.remove(content, anna.publisher.user.clone()).await;
    assert!(matches!(again, Err(IndexError::Unknown(_))));
    assert_eq!(shelf.titles("film").await.len(), 0);
    let left = |tx: &rusqlite::Connection| {
        tx.query_row("SELECT count(*) FROM list", [], |row| row.get::<_, i64>(0))
    };
    assert_eq!(shelf.index.database.read(left).await.unwrap(), 0, "and is on no list");
}

/// Req-Content-020.
#[tokio::test]
async fn what_is_forbidden_is_not_registered_and_leaves_the_index_and_both_are_on_record() {
    let (shelf, anna) = (Shelf::new(), Author::new("anna"));
    let file = anna.file(1, 1, "film", "");
    anna.register(&shelf, &file).await.unwrap();
    assert_eq!(shelf.deny(&file.content_id, DeniedKind::Content, true).await, 1);
    assert_eq!(shelf.titles("film").await.len(), 0);
    let again = anna.register(&shelf, &file).await;
    assert!(matches!(again, Err(IndexError::Denied { kind: DeniedKind::Content, .. })));
    assert_eq!(shelf.deny(&file.content_id, DeniedKind::Content, false).await, 2);
    anna.register(&shelf, &file).await.unwrap();
    let other = anna.file(2, 1, "other", "");
    let hash = ContentId::parse(&FragmentHash::to_string(&other.fragments.0[0])).unwrap();
    assert_eq!(shelf.deny(&hash, DeniedKind::Fragment, true).await, 3);
    let refused = anna.register(&shelf, &other).await;
    assert!(matches!(refused, Err(IndexError::Denied { kind: DeniedKind::Fragment, .. })));
    let list = shelf.index.denylist(0).await.unwrap();
    assert_eq!((list.seq, list.digests.len()), (3, 2));
    assert_eq!((list.digests[0].denied, &list.digests[1].digest), (false, &hash));
    let news = shelf.index.denylist(2).await.unwrap();
    assert_eq!((news.seq, news.digests.len()), (3, 1));
    assert_eq!(shelf.index.denylist(u64::MAX).await.unwrap().digests.len(), 0);
    let chain = shelf.index.database.read(|tx| Ok(audit::verify(tx).unwrap())).await.unwrap();
    assert_eq!(chain.rows, 5);
}

#[tokio::test]
async fn a_peer_id_is_no_user() {
    let (shelf, anna) = (Shelf::new(), Author::new("anna"));
    let other = PeerId::parse(&"0".repeat(64)).unwrap();
    let publisher = Publisher { peer: other, ..anna.publisher.clone() };
    let text = anna.file(1, 1, "film", "").seal(&anna.key).unwrap();
    let refused = shelf.register(text, None, publisher, 9).await;
    assert!(matches!(refused, Err(IndexError::OtherPublisher(_))));
}

/// What was signed of a fragment of one length proves nothing about one of another.
#[tokio::test]
async fn a_content_is_cut_in_one_way_for_good() {
    let (shelf, anna) = (Shelf::new(), Author::new("anna"));
    let file = anna.file(1, 1, "film", "");
    anna.register(&shelf, &file).await.unwrap();
    shelf.index.remove(file.content_id.clone(), anna.publisher.user.clone()).await.unwrap();
    let other = IndexFile { fragment_size: 1 << 20, version: 2, ..file.clone() };
    let refused = anna.register(&shelf, &other).await;
    assert!(matches!(refused, Err(IndexError::OtherCut(_))));
    anna.register(&shelf, &file).await.unwrap();
}

/// What a cache that was attached to an overlay asks for.
#[tokio::test]
async fn the_contents_of_an_overlay_are_listed_the_oldest_first() {
    let (shelf, anna) = (Shelf::new(), Author::new("anna"));
    let listed = async |overlay: &str| -> Vec<String> {
        let overlay = OverlayId::parse(overlay).unwrap();
        let found = shelf.index.in_overlay(overlay).await.unwrap();
        found.iter().map(|content| content.title.to_string()).collect()
    };
    for (byte, title) in [(1, "winter"), (2, "spring"), (3, "autumn")] {
        anna.register(&shelf, &anna.file(byte, 1, title, "")).await.unwrap();
    }
    assert_eq!(listed("film").await, ["winter", "spring", "autumn"]);
    assert_eq!(listed("music").await, [""; 0]);
}

/// Who has put it on last says why; what is off the list has no line in it.
#[tokio::test]
async fn what_is_forbidden_has_a_date_and_a_reason() {
    let shelf = Shelf::new();
    let digest = |of: &str| ContentId::parse(&of.repeat(32)).unwrap();
    let one = |of: &str, kind| Denied { digest: digest(of), kind, denied: true };
    let put = async |of: &str, kind, why: &str, now| {
        let digests = vec![one(of, kind)];
        shelf.index.deny(digests, why.into(), "operator/eve".into(), now).await.unwrap();
    };
    put("ab", DeniedKind::Content, "no licence", 9).await;
    put("ab", DeniedKind::Fragment, "of a film", 10).await;
    shelf.deny(&digest("ab"), DeniedKind::Content, false).await;
    put("ab", DeniedKind::Content, "once more", 12).await;
    let reasons = shelf.index.reasons().await.unwrap();
    let told =
        |of, kind| reasons.of(&one(of, kind)).map(|it| (it.at, it.who.clone(), it.text.clone()));
    let eve = |at, text: &str| Some((at, "operator/eve".to_owned(), text.to_owned()));
    assert_eq!(told("ab", DeniedKind::Content), eve(12, "once more"));
    assert_eq!(told("ab", DeniedKind::Fragment), eve(10, "of a film"));
    assert_eq!(told("cd", DeniedKind::Content), None);
}
