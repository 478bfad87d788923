//! Words of titles and searches, in the form in which they are compared.
//!
//! ```text
//!  "Die STRASSE nach Süden"  ─► die strasse nach suden
//!  "東京タワー Tokyo"          ─► 東京 京た たわ わー ー tokyo     pairs where no blanks divide words
//! ```
//!
//! Compatibility forms are one (NFKC), so are upper and lower case, letters with and without
//! diacritics, hiragana and katakana. What makes another letter stays: `й`, `が`, the vowels of
//! Indian scripts. The same form is stored and asked for, whatever SQLite's own tokenizer thinks.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words of a search that count.
const MAX_WORDS: usize = 16;
/// Letters of a word without blanks that count in a search.
const MAX_RUN: usize = 32;
/// For so many letters, and fewer, there are lists of all contents that have a word beginning so.
const READY_LETTERS: usize = 4;

/// The words of a text as they are stored: divided by blanks.
pub(crate) fn indexed(text: &str) -> String {
    if text.is_ascii() {
        return indexed_ascii(text);
    }
    indexed_any(text)
}

/// The same in less time.
fn indexed_ascii(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").to_ascii_lowercase()
}

fn indexed_any(text: &str) -> String {
    let mut words = Vec::new();
    for run in runs(&folded(text)) {
        match run {
            Run::Word(word) => words.push(word),
            Run::Spaceless(letters) => {
                words.extend(letters.windows(2).map(String::from_iter));
                // To be found by its last letter alone, too.
                words.extend(letters.last().map(char::to_string));
            }
        }
    }
    words.join(" ")
}

/// What a search asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Query {
    /// Every word, the last of which may be unfinished.
    pub(crate) terms: Vec<Term>,
    /// Words that are to follow each other, for they are of one run of letters: the index knows
    /// only that they are there.
    together: Vec<String>,
}

/// A word of a search.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Term {
    /// What there is of it.
    pub(crate) word: String,
    /// Not whatever begins so.
    pub(crate) is_whole: bool,
}

impl Term {
    const fn whole(word: String) -> Self {
        Self { word, is_whole: true }
    }

    /// Whether there is a list of it, and not of each word that begins so.
    pub(crate) fn is_one_list(&self) -> bool {
        self.is_whole || self.word.chars().count() <= READY_LETTERS
    }
}

/// The beginnings of a word for which there are lists.
pub(crate) fn beginnings(word: &str) -> impl Iterator<Item = &str> {
    let ends = word.char_indices().map(|(at, letter)| at + letter.len_utf8());
    ends.take(READY_LETTERS).map(|end| &word[..end]).filter(|begun| is_beginning(begun))
}

/// One letter of an alphabet is too little to begin a word with.
const fn is_beginning(word: &str) -> bool {
    word.len() > "x".len()
}

/// A search; `None` where there is no word.
pub(crate) fn query(text: &str) -> Option<Query> {
    let (mut terms, mut together) = (Vec::new(), Vec::new());
    for run in runs(&folded(text)).into_iter().take(MAX_WORDS) {
        match run {
            Run::Word(word) => terms.push(Term::whole(word)),
            Run::Spaceless(letters) if letters.len() == 1 => {
                terms.push(Term::whole(String::from(letters[0])));
            }
            Run::Spaceless(letters) => {
                let letters = &letters[..letters.len().min(MAX_RUN)];
                let pairs: Vec<String> = letters.windows(2).map(String::from_iter).collect();
                terms.extend(pairs.iter().cloned().map(Term::whole));
                if pairs.len() > 1 {
                    together.push(format!(" {} ", pairs.join(" ")));
                }
            }
        }
    }
    let last = terms.last_mut()?;
    last.is_whole = !is_beginning(&last.word);
    Some(Query { terms, together })
}

impl Query {
    /// Whether what is to stand together does so in the words of a title or in a description.
    pub(crate) fn stands_in(&self, title_words: &str, description: Option<&str>) -> bool {
        if self.together.is_empty() {
            return true;
        }
        let title = format!(" {title_words} ");
        let words = description.map(|text| format!(" {} ", indexed(text)));
        let has = |run: &String| {
            title.contains(run) || words.as_ref().is_some_and(|words| words.contains(run))
        };
        self.together.iter().all(has)
    }
}

enum Run {
    Word(String),
    /// Of a script that does not divide words.
    Spaceless(Vec<char>),
}

fn runs(folded: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut is_open = false;
    for letter in folded.chars() {
        let counts = letter.is_alphanumeric() || is_combining_mark(letter);
        match (counts, is_spaceless(letter), runs.last_mut().filter(|_| is_open)) {
            (false, ..) => {}
            (true, true, Some(Run::Spaceless(letters))) => letters.push(letter),
            (true, true, _) => runs.push(Run::Spaceless(vec![letter])),
            (true, false, Some(Run::Word(word))) => word.push(letter),
            (true, false, _) => runs.push(Run::Word(letter.into())),
        }
        is_open = counts;
    }
    runs
}

fn folded(text: &str) -> String {
    let mut base = '\0';
    let is_kept = move |letter: &char| {
        let kept = !is_diacritic(base, *letter);
        if !is_combining_mark(*letter) {
            base = *letter;
        }
        kept
    };
    let cased = text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    cased.nfd().filter(is_kept).nfc().flat_map(plain).collect()
}

/// Marks that make no other letter of it.
fn is_diacritic(base: char, mark: char) -> bool {
    match mark {
        // й and ў are letters of their own.
        '\u{306}' => !matches!(base, 'и' | 'у'),
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' => true,
        // Points of Hebrew; of Arabic, and its lengthening.
        '\u{591}'..='\u{5bd}' | '\u{5bf}'..='\u{5c7}' => is_combining_mark(mark),
        '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{640}' => true,
        _ => false,
    }
}

/// Letters with a stroke, ligatures and kana: alike for who searches, though not in Unicode.
fn plain(letter: char) -> impl Iterator<Item = char> {
    let plain = match letter {
        'ø' => ['o', '\0'],
        'ł' => ['l', '\0'],
        'đ' | 'ð' => ['d', '\0'],
        'ħ' => ['h', '\0'],
        'æ' => ['a', 'e'],
        'œ' => ['o', 'e'],
        'þ' => ['t', 'h'],
        // The two syllabaries stand side by side.
        'ァ'..='ヶ' => [char::from_u32(u32::from(letter) - 0x60).unwrap_or(letter), '\0'],
        _ => [letter, '\0'],
    };
    plain.into_iter().filter(|letter| *letter != '\0')
}

/// Letters of scripts that do not divide words by blanks, or not all.
const fn is_spaceless(letter: char) -> bool {
    matches!(letter,
        '\u{e01}'..='\u{e4e}'           // Thai
        | '\u{e81}'..='\u{ecd}'         // Lao
        | '\u{1000}'..='\u{109f}'       // Burmese
        | '\u{1780}'..='\u{17d3}'       // Khmer
        | '\u{2e80}'..='\u{2fdf}'       // radicals
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{30ff}'       // kana
        | '\u{3105}'..='\u{312f}'       // Bopomofo
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{ac00}'..='\u{d7a3}'       // Hangul
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand.
    #[test]
    fn words_of_many_scripts_have_one_form() {
        for (text, form) in [
            ("Die STRASSE nach Süden", "die strasse nach suden"),
            ("Straße, straße!", "strasse strasse"),
            ("ﬁlm № ４", "film no 4"),
            ("Smørrebrød ŁÓDŹ Œuvre", "smorrebrod lodz oeuvre"),
            ("İstanbul", "istanbul"),
            ("ὈΔΥΣΣΕΎΣ ὀδυσσεύς", "οδυσσευσ οδυσσευσ"),
            ("Ёлка и йод", "елка и йод"),
            ("שָׁלוֹם", "שלום"),
            ("مُحَمَّد ـــ أحمد", "محمد احمد"),
            ("हिन्दी फ़िल्म", "हिन्दी फ़िल्म"),
            ("Tiếng Việt", "tieng viet"),
            ("l'été", "l ete"),
        ] {
            let form: String = form.nfc().collect();
            assert_eq!(indexed(text), form, "{text}");
        }
    }

    #[test]
    fn where_no_blanks_divide_words_pairs_are_words() {
        for (text, form) in [
            ("東京タワー", "東京 京た たわ わー ー"),
            ("東京Tower", "東京 京 tower"),
            ("ﾗｰﾒﾝ", "らー ーめ めん ん"),
            ("がんばれ", "がん んば ばれ れ"),
            ("서울의 봄", "서울 울의 의 봄"),
            ("山", "山"),
            ("บ้าน", "บ้ ้า าน น"),
        ] {
            assert_eq!(indexed(text), form, "{text}");
        }
    }

    /// Each word in quotes, with a star where it may be unfinished.
    fn asked(query: &Query) -> String {
        let asked = query.terms.iter().map(|Term { word, is_whole }| match is_whole {
            true => format!("\"{word}\""),
            false => format!("\"{word}\"*"),
        });
        asked.collect::<Vec<_>>().join(" AND ")
    }

    #[test]
    fn a_search_is_all_its_words_and_nothing_of_it_is_an_operator() {
        for (text, form) in [
            ("nach Sü", Some("\"nach\" AND \"su\"*")),
            ("vitamin C", Some("\"vitamin\" AND \"c\"")),
            ("京タワ", Some("\"京た\" AND \"たわ\"*")),
            ("京", Some("\"京\"*")),
            ("\"NEAR(a OR title:b*", Some("\"near\" AND \"a\" AND \"or\" AND \"title\" AND \"b\"")),
            ("", None),
            ("*\"'();--", None),
        ] {
            assert_eq!(query(text).as_ref().map(asked).as_deref(), form, "{text}");
        }
        let long = query(&"word ".repeat(1000)).unwrap();
        assert_eq!(long.terms.len(), MAX_WORDS);
        let long = query(&"山".repeat(1000)).unwrap();
        assert_eq!(long.terms.len(), MAX_RUN - 1);
    }

    /// By hand.
    #[test]
    fn words_have_lists_of_their_beginnings_but_for_one_letter_of_an_alphabet() {
        for (word, begun) in [
            ("suden", &["su", "sud", "sude"][..]),
            ("sud", &["su", "sud"]),
            ("s", &[]),
            ("9", &[]),
            ("京た", &["京", "京た"]),
            ("одиссея", &["о", "од", "оди", "одис"]),
        ] {
            assert_eq!(beginnings(word).collect::<Vec<_>>(), begun, "{word}");
        }
        let last = |text: &str| query(text).and_then(|query| query.terms.last().cloned()).unwrap();
        assert!(last("nach sude").is_one_list() && !last("nach suden").is_one_list());
        assert!(last("京").is_one_list() && last("x").is_one_list());
    }

    proptest::proptest! {
        #[test]
        fn texts_of_ascii_have_the_same_words_in_less_time(text in "[ -~\\t\\n]{0,40}") {
            proptest::prop_assert_eq!(indexed_ascii(&text), indexed_any(&text));
        }
    }

    /// By hand: pairs that are there, but not one after the other, are no run.
    #[test]
    fn letters_of_one_run_stand_together() {
        let asked = query("京タワ film").unwrap();
        assert!(asked.stands_in(&indexed("東京タワーの夜"), None));
        assert!(!asked.stands_in(&indexed("タワーと京た"), Some("京た")));
        assert!(asked.stands_in(&indexed("タワー"), Some("東京タワー, 1953")));
        assert!(query("東京 film").unwrap().stands_in("", None), "a pair is a word");
    }
}
