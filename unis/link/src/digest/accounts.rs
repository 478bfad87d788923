//! Who may authenticate, and the hash that stands for the password.

use std::fmt;

use crate::digest::header::Credentials;
use crate::digest::{same, sha256};

/// Hex digits of a SHA-256.
const HA1_DIGITS: usize = 64;

/// A user and whom it stands for.
#[derive(Clone, Debug)]
pub struct Account {
    /// The name that the client gives.
    pub user: String,
    /// What stands for the password.
    pub ha1: Ha1,
    /// The partner whose access it has.
    pub partner: String,
}

/// `SHA-256(user:realm:password)` (RFC 7616 §3.4.2), as good as the password within its realm.
#[derive(Clone, Eq, PartialEq)]
pub struct Ha1(String);

/// A file of hashes has not the one that is looked for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AccountError {
    /// No line begins with user and realm.
    #[error("no line for user {user:?} of realm {realm:?}")]
    NoUser {
        /// The user looked for.
        user: String,
        /// The realm looked for.
        realm: String,
    },
    /// The hash is of another kind.
    #[error("line {line}: the hash is not {HA1_DIGITS} hex digits; SHA-256 is needed")]
    Hash {
        /// Which line, from 1.
        line: usize,
    },
}

impl Ha1 {
    /// The hash of a password.
    pub fn of(user: &str, realm: &str, password: &str) -> Self {
        Self(sha256(&format!("{user}:{realm}:{password}")))
    }

    /// Finds it among lines `user:realm:hash`, as htdigest writes them.
    ///
    /// # Errors
    /// It is not there, or no SHA-256.
    pub fn find(lines: &str, user: &str, realm: &str) -> Result<Self, AccountError> {
        let start = format!("{user}:{realm}:");
        let found = (1..)
            .zip(lines.lines())
            .find_map(|(line, text)| Some((line, text.strip_prefix(&start)?.trim_end())));
        let Some((line, hash)) = found else {
            return Err(AccountError::NoUser { user: user.to_owned(), realm: realm.to_owned() });
        };
        let is_hash = hash.len() == HA1_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { Ok(Self(hash.to_ascii_lowercase())) } else { Err(AccountError::Hash { line }) }
    }

    /// A hash that no password has.
    pub(crate) fn nobody() -> Self {
        Self("-".repeat(HA1_DIGITS))
    }

    /// 64 lower-case hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1(…)")
    }
}

impl Account {
    /// Whether the credentials name this user, in clear or as a hash (RFC 7616 §3.4.4).
    pub(crate) fn is_named(&self, shown: &Credentials, realm: &str) -> bool {
        match shown.userhash {
            true => same(&sha256(&format!("{}:{realm}", self.user)), &shown.username),
            false => self.user == shown.username,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'acme:alto:secret' | sha256sum`.
    const HASH: &str = "58a53904f0a578c9dd747e0b3ad440f4c66d72bfb7d7d7bc94731a2c2c9870a7";

    #[test]
    fn the_hash_is_what_sha256sum_says() {
        assert_eq!(Ha1::of("acme", "alto", "secret").as_str(), HASH);
    }

    #[test]
    fn a_user_is_found_in_its_realm() {
        let lines = format!("acme:other:00\nacme:alto:{}\r\n", HASH.to_uppercase());
        assert_eq!(Ha1::find(&lines, "acme", "alto").unwrap().as_str(), HASH);
        let missing = Ha1::find(&lines, "bolt", "alto").unwrap_err().to_string();
        assert_eq!(missing, "no line for user \"bolt\" of realm \"alto\"");
        let short = Ha1::find(&lines, "acme", "other").unwrap_err().to_string();
        assert!(short.starts_with("line 1: the hash is not 64 hex digits"), "{short}");
    }

    #[test]
    fn the_hash_is_in_no_log() {
        assert!(!format!("{:?}", Ha1::of("a", "b", "c")).contains(Ha1::of("a", "b", "c").as_str()));
    }
}
