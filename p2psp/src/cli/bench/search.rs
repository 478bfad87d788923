//! Searches among many contents, whose words are as frequent as those of a language.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mp2p::id::{ContentId, OverlayId};
use mp2p::index_file::{HashAlg, Hashes, IndexFile};
use mp2p::message::bound::{List, Text};
use mp2p::message::overlay::ServiceKind;
use mp2p::signed::{PeerKey, SigningKey};
use netmap::workload::Dice;

use crate::cli::bench::report::Row;
use crate::index::Ixs;

/// Words of the language.
const WORDS: usize = 50_000;
/// Contents written at a time.
const AT_A_TIME: usize = 10_000;
/// Searches at a time.
const SEARCHERS: u64 = 4;
const SYLLABLES: [&str; 16] = [
    "ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu", "dan", "fel", "gri", "hol", "jun",
    "per",
];

/// Searches in a new index below `folder`.
pub(crate) async fn measured(
    folder: &Path,
    seed: u64,
    contents: usize,
    time: Duration,
) -> anyhow::Result<Row> {
    let ixs = Ixs::open(&folder.join("index.db"))?;
    let key = SigningKey::from_pkcs8(&SigningKey::generate_ed25519()?)?;
    let key = PeerKey::of(&key)?;
    let language = Arc::new(Language::new());
    let mut dice = Dice::new(seed ^ 3);
    for begin in (0..contents).step_by(AT_A_TIME) {
        let numbers = begin..contents.min(begin + AT_A_TIME);
        let files = numbers.map(|number| file(number, &key, &language, &mut dice));
        ixs.fill(files.collect::<anyhow::Result<Vec<_>>>()?, "bench").await?;
    }
    let end = Instant::now() + time;
    let searchers: Vec<_> = (0..SEARCHERS)
        .map(|searcher| {
            let dice = Dice::new(seed ^ (100 + searcher));
            tokio::spawn(searches(ixs.clone(), Arc::clone(&language), dice, end))
        })
        .collect();
    let (mut times, mut found) = (Vec::new(), 0);
    for searcher in searchers {
        let (theirs, results) = searcher.await??;
        times.extend(theirs);
        found += results;
    }
    let each = Row::of(format!("search of {contents} contents"), "searches/s", times);
    let per_second = each.count as f64 / time.as_secs_f64();
    let mut row = Row { per_second, ..each };
    row.more.push(("found-in-percent-of-searches", (100 * found / row.count.max(1)) as u64));
    Ok(row)
}

/// Until `end`: how long each took, and how many found something.
async fn searches(
    ixs: Ixs,
    language: Arc<Language>,
    mut dice: Dice,
    end: Instant,
) -> anyhow::Result<(Vec<Duration>, usize)> {
    let (mut times, mut found) = (Vec::new(), 0);
    while Instant::now() < end {
        let words = dice.between(1, 3);
        let mut text = language.text(words, &mut dice);
        if dice.below(2) == 0 {
            // The last word is still being typed, but for its first two letters.
            let last = text.rfind(' ').map_or(0, |blank| blank + 1);
            let left = text.len() - last;
            text.truncate(last + dice.between(2.min(left), left));
        }
        let start = Instant::now();
        let contents = ixs.search(&text).await?;
        times.push(start.elapsed());
        found += usize::from(!contents.is_empty());
    }
    Ok((times, found))
}

fn file(
    number: usize,
    key: &PeerKey,
    language: &Language,
    dice: &mut Dice,
) -> anyhow::Result<IndexFile> {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&(number as u64).to_be_bytes());
    let (title, description) = (dice.between(2, 6), dice.between(5, 20));
    Ok(IndexFile {
        version: 1,
        overlay_id: OverlayId::parse(&format!("overlay-{}", number / 8))?,
        content_id: ContentId::of_digest(&digest),
        kind: ServiceKind::default(),
        title: Text::new(language.text(title, dice))?,
        description: Text::new(language.text(description, dice))?,
        files: List::default(),
        fragment_size: 0,
        hash_alg: HashAlg::default(),
        fragments: Hashes::default(),
        publisher: key.peer_id(),
        publisher_key: key.clone(),
        issued: 0,
        rights: None,
    })
}

/// Words of syllables; the n-th is as frequent as 1/n (Zipf's law).
struct Language {
    /// Sums of the frequencies up to each word.
    sums: Vec<f64>,
}

impl Language {
    fn new() -> Self {
        let mut sum = 0.0;
        let frequency = |rank: usize| {
            sum += 1.0 / rank as f64;
            sum
        };
        Self { sums: (1..=WORDS).map(frequency).collect() }
    }

    fn text(&self, words: usize, dice: &mut Dice) -> String {
        let all = self.sums.last().copied().unwrap_or(1.0);
        let word = |_| {
            let at = (dice.roll() >> 11) as f64 / (1_u64 << 53) as f64 * all;
            Self::word(self.sums.partition_point(|sum| *sum < at))
        };
        (0..words).map(word).collect::<Vec<_>>().join(" ")
    }

    /// Three syllables and more, each word another.
    fn word(rank: usize) -> String {
        // Neighbours in frequency are none in the alphabet.
        let mut rest = rank.wrapping_mul(40_503) % 65_536;
        let mut word = String::new();
        for _ in 0..4 {
            word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
            rest /= SYLLABLES.len();
        }
        word
    }
}
