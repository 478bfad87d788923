//! PID names (RFC 7285 §10.1) for node keys.

use std::collections::HashMap;

use netmap::{PidName, PidNameError};

/// The PID that holds every address that is on no node.
pub(crate) const DEFAULT: &str = "default";

/// Longest name that RFC 7285 §10.1 allows.
const NAME_CHARS_MAX: usize = 64;
/// What is kept of a name before its hash: with `-` and the hash it is 64 characters.
const STEM_CHARS: usize = 55;
/// Hexadecimal digits of the hash.
const HASH_DIGITS: usize = 8;

/// Keys that no names tell apart.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PidError {
    #[error("nodes `{0}` and `{1}` would have the same PID name `{2}`; change one label")]
    SameName(String, String, String),
    #[error("node `{key}`: {error}")]
    Name { key: String, error: PidNameError },
}

/// Names for keys, in their order: the key with `_` for each character outside
/// `[0-9A-Za-z:@_-]`, and a hash of the key where that is too long or not unique.
pub(crate) fn name_pids(keys: &[&str]) -> Result<Vec<PidName>, PidError> {
    let plain: Vec<String> = keys.iter().map(|key| replaced(key)).collect();
    let mut names = plain.clone();
    let mut hashed = vec![false; keys.len()];
    // A hashed name may be another key's plain one, which then is hashed too.
    loop {
        let mut uses = HashMap::from([(DEFAULT, 1)]);
        for name in &names {
            *uses.entry(name.as_str()).or_insert(0) += 1;
        }
        let clashing: Vec<usize> = (0..keys.len())
            .filter(|&at| !hashed[at])
            .filter(|&at| names[at].len() > NAME_CHARS_MAX || uses[names[at].as_str()] > 1)
            .collect();
        if clashing.is_empty() {
            break;
        }
        for at in clashing {
            hashed[at] = true;
            names[at] = with_hash(&plain[at], keys[at]);
        }
    }
    refuse_same(keys, &names)?;
    let named = keys.iter().zip(&names).map(|(key, name)| {
        let wrong = |error| PidError::Name { key: (*key).to_owned(), error };
        PidName::parse(name).map_err(wrong)
    });
    named.collect()
}

fn replaced(key: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '@' | '_' | '-');
    key.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}

fn with_hash(plain: &str, key: &str) -> String {
    let stem = plain.get(..STEM_CHARS).unwrap_or(plain);
    let hash = blake3::hash(key.as_bytes()).to_hex();
    format!("{stem}-{}", &hash[..HASH_DIGITS])
}

fn refuse_same(keys: &[&str], names: &[String]) -> Result<(), PidError> {
    let mut owners = HashMap::new();
    for (key, name) in keys.iter().zip(names) {
        if let Some(first) = owners.insert(name, key) {
            let (first, second) = ((*first).to_owned(), (*key).to_owned());
            return Err(PidError::SameName(first, second, name.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(keys: &[&str]) -> Vec<String> {
        name_pids(keys).unwrap().iter().map(|name| name.as_str().to_owned()).collect()
    }

    /// The first 8 hexadecimal digits of BLAKE3, as `b3sum` prints them.
    fn hash(key: &str) -> String {
        blake3::hash(key.as_bytes()).to_hex()[..8].to_owned()
    }

    #[test]
    fn characters_outside_the_grammar_become_underscores_one_for_each_scalar() {
        assert_eq!(
            names(&["GEANT#3", "Köln.1", "a:b@c_d-e", "日本"]),
            ["GEANT_3", "K_ln_1", "a:b@c_d-e", "__"]
        );
    }

    #[test]
    fn all_names_that_collide_take_a_hash_of_their_key() {
        let expected = [format!("a_b-{}", hash("a b")), format!("a_b-{}", hash("a.b")), "c".into()];
        assert_eq!(names(&["a b", "a.b", "c"]), expected);
    }

    #[test]
    fn the_name_of_the_default_pid_is_taken() {
        assert_eq!(names(&["default"]), [format!("default-{}", hash("default"))]);
        assert_eq!(names(&["Default"]), ["Default"]);
    }

    #[test]
    fn a_name_of_64_characters_stays_and_one_of_65_is_cut_to_55_and_a_hash() {
        let (fits, long) = ("x".repeat(64), "y".repeat(65));
        let cut = format!("{}-{}", "y".repeat(55), hash(&long));
        assert_eq!(cut.len(), 64);
        assert_eq!(names(&[&fits, &long]), [fits.clone(), cut]);
    }

    #[test]
    fn a_key_that_looks_like_a_hashed_name_gives_way() {
        let clash = format!("a_b-{}", hash("a b"));
        let names = names(&["a b", "a.b", &clash]);
        assert_eq!(names[0], clash);
        assert_eq!(names[2], format!("{clash}-{}", hash(&clash)));
    }

    #[test]
    fn blake3_is_the_published_one() {
        // BLAKE3 of the empty input, from the test vectors of its authors.
        assert_eq!(hash(""), "af1349b9");
    }
}
