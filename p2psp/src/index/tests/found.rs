//! What is found, against looking at each content.

use std::cmp::Reverse;

use mp2p::index_file::IndexFile;
use mp2p::message::content::MAX_FOUND;
use proptest::prelude::{Strategy, prop_assert_eq};
use proptest::sample::select;

use crate::index::tests::{Author, Shelf};
use crate::index::words;

/// Few, so that searches find something; some begin as others do.
const WORDS: [&str; 12] = [
    "a",
    "winter",
    "Wint",
    "winterlich",
    "wintersonne",
    "Süden",
    "sud",
    "東京",
    "東京タワー",
    "京タ",
    "ταω",
    "Ёлка",
];

fn texts(words: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    proptest::collection::vec(select(&WORDS[..]), words).prop_map(|words| words.join(" "))
}

/// Whether all words of a search are among `found`, the last at least as a beginning, and those of
/// a run one after the other in `whole`.
fn has(found: &str, whole: &[&str], asked: &str) -> bool {
    let query = words::query(asked).unwrap();
    let is_there = |asked: &words::Term| {
        found.split(' ').any(|word| match asked.is_whole {
            true => word == asked.word,
            false => word.starts_with(&asked.word),
        })
    };
    query.terms.iter().all(is_there) && query.stands_in(whole[0], whole.get(1).copied())
}

/// Titles in the order of [`crate::index::search`], by looking at all.
fn expected(files: &[IndexFile], asked: &str) -> Vec<String> {
    let form = words::indexed(asked);
    if form.is_empty() {
        return Vec::new();
    }
    let found = files.iter().enumerate().filter_map(|(number, file)| {
        let title = words::indexed(&file.title);
        let all = format!("{title} {}", words::indexed(&file.description));
        let kind = if title == form {
            0
        } else if has(&title, &[&title], asked) {
            1
        } else if has(&all, &[&title, &file.description], asked) {
            2
        } else {
            return None;
        };
        Some((kind, title.split(' ').count(), Reverse(number), file.title.to_string()))
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    found.into_iter().map(|(.., title)| title).take(MAX_FOUND).collect()
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(16))]

    #[test]
    fn what_is_found_is_what_looking_at_each_content_finds(
        contents in proptest::collection::vec((texts(0..5), texts(0..4)), 0..40),
        searches in proptest::collection::vec(texts(1..4), 1..8),
        in_block in 5..40_usize,
        gone in 0..4_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (shelf, anna) = (Shelf::new(), Author::new("anna"));
            let contents = (0..).zip(&contents).map(|(byte, (title, description))| {
                anna.file(byte, 1, title, description)
            });
            let mut files: Vec<_> = contents.collect();
            for block in files.chunks(in_block) {
                shelf.index.fill(block.to_vec(), "anna").await.unwrap();
                shelf.next_block().await;
            }
            for _ in 0..gone.min(files.len()) {
                let file = files.remove(files.len() / 2);
                let owner = anna.publisher.user.clone();
                shelf.index.remove(file.content_id, owner).await.unwrap();
            }
            for asked in searches {
                prop_assert_eq!(shelf.titles(&asked).await, expected(&files, &asked), "{}", asked);
            }
            Ok(())
        })?;
    }
}
