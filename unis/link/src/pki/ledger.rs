//! What was issued, what was revoked, which tokens are out. Plain data; the lock is outside.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::identity::hex;
use crate::pki::issue::LEAF_LIFE;
use crate::pki::{PkiError, Refused};

/// The ledger goes on in a log.
const FORMAT: u32 = 2;
/// Certificates remembered at a time: some 300 bytes each.
const MAX_ENTRIES: usize = 500_000;
/// Of these, kept free for the authority's own upkeep: others must not be able to stop it.
const RESERVED_ENTRIES: usize = 200;
/// Certificates of one name in the last third of a life, beyond which none is renewed.
const MAX_FRESH_PER_NAME: usize = 8;
/// Tokens remembered at a time.
const MAX_TOKENS: usize = 10_000;
/// How long an expired certificate or token is remembered, seconds.
const REMEMBER_S: i64 = 30 * 86_400;
/// … and one of a peer.
const REMEMBER_PEER_S: i64 = 3600;

/// The ledger, as it stands in `ledger.json` when all that was done is taken into it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    /// [`FORMAT`]; a program that knows of no log does not know this either, and refuses the file.
    #[serde(default)]
    format: u32,
    /// Number of the last revocation list.
    crl_number: u64,
    issued: Vec<Entry>,
    tokens: Vec<Pending>,
    /// Where in `issued` a serial number is.
    #[serde(skip)]
    by_serial: HashMap<String, usize>,
    /// Done, and not written yet.
    #[serde(skip)]
    done: Vec<Record>,
}

/// One thing that was done, as it stands in `ledger.log`. Doing it again changes nothing.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Record {
    /// A certificate was issued.
    Issued(Entry),
    /// Certificates were revoked, by their serial numbers, at a time.
    Revoked(Vec<String>, i64),
    /// A revocation list got this number.
    List(u64),
    /// A token was handed out.
    Promised(Pending),
    /// A token was used, by the hash of its secret.
    Used(String),
}

/// A certificate issued.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Lower-case hex.
    pub serial: String,
    /// Its SPIFFE name.
    pub name: String,
    /// Its DNS names and addresses.
    pub server_names: Vec<String>,
    /// End of validity, Unix seconds.
    pub not_after: i64,
    /// When it was revoked, Unix seconds.
    pub revoked_at: Option<i64>,
    /// The user of a peer that is named by its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How long it was to be good, seconds.
    #[serde(default = "leaf_life_s")]
    pub life_s: i64,
    /// The number of the CA that signed it.
    #[serde(default = "first_ca", skip_serializing_if = "is_first_ca")]
    pub ca: u32,
}

const fn leaf_life_s() -> i64 {
    LEAF_LIFE.whole_seconds()
}

const fn first_ca() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_first_ca(ca: &u32) -> bool {
    *ca == first_ca()
}

/// Whether a certificate can be used.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// It can.
    Valid,
    /// It was withdrawn.
    Revoked,
    /// Its time is over.
    Expired,
}

/// A token that was handed out. The secret itself is not kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pending {
    /// SHA-256 of the secret, hex.
    hash: String,
    pub(crate) name: String,
    pub(crate) server_names: Vec<String>,
    not_after: i64,
    used: bool,
    /// The user of a peer; then the name lacks its last part, the id of the key to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// The numbers of the CAs that it names, where they are two.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cas: Vec<u32>,
}

impl Entry {
    /// Whether it can be used at `now`, Unix seconds.
    pub fn state(&self, now: i64) -> State {
        match self.revoked_at {
            Some(_) => State::Revoked,
            None if now > self.not_after => State::Expired,
            None => State::Valid,
        }
    }

    /// The id of the peer that it is of, by its name `spiffe://DOMAIN/peer/ID`; `None` where that is
    /// no peer's.
    #[must_use]
    pub fn peer(&self) -> Option<&str> {
        let (_domain, path) = self.name.strip_prefix("spiffe://")?.split_once('/')?;
        path.strip_prefix("peer/").filter(|id| !id.contains('/'))
    }

    /// How long it is remembered after its end. Those of peers are many, and short-lived.
    const fn remembered_s(&self) -> i64 {
        if self.user.is_some() { REMEMBER_PEER_S } else { REMEMBER_S }
    }
}

impl Pending {
    pub(crate) fn new(
        secret: &[u8],
        name: String,
        server_names: Vec<String>,
        not_after: i64,
    ) -> Self {
        let (hash, user, cas) = (hash(secret), None, Vec::new());
        Self { hash, name, server_names, not_after, used: false, user, cas }
    }

    /// Naming CAs of these numbers.
    pub(crate) fn naming(self, cas: Vec<u32>) -> Self {
        Self { cas: if cas.len() > 1 { cas } else { Vec::new() }, ..self }
    }

    /// For a peer of `user`.
    pub(crate) fn of(self, user: Option<String>) -> Self {
        Self { user, ..self }
    }
}

impl Ledger {
    /// As it was written.
    pub(crate) fn parse(text: &str) -> serde_json::Result<Self> {
        let mut ledger: Self = serde_json::from_str(text)?;
        ledger.number();
        Ok(ledger)
    }

    fn number(&mut self) {
        let serials = self.issued.iter().map(|entry| entry.serial.clone());
        self.by_serial = serials.zip(0..).collect();
    }

    /// Whether it may be followed by a log.
    pub(crate) const fn has_log(&self) -> bool {
        self.format == FORMAT
    }

    /// Forgets what is long over, before it is written with all that was done.
    pub(crate) fn forget(&mut self, now: i64) {
        self.format = FORMAT;
        self.issued.retain(|entry| entry.not_after + entry.remembered_s() > now);
        self.tokens.retain(|token| token.not_after + REMEMBER_S > now);
        self.number();
    }

    /// How many records would make it from nothing.
    pub(crate) fn len(&self) -> usize {
        self.issued.len() + self.tokens.len()
    }

    /// What was done and is not written yet.
    pub(crate) fn done(&self) -> &[Record] {
        &self.done
    }

    /// It is written.
    pub(crate) fn written(&mut self) {
        self.done.clear();
    }

    /// Takes over what was done.
    pub(crate) fn apply(&mut self, record: Record) {
        match record {
            Record::Issued(entry) => {
                if !self.by_serial.contains_key(&entry.serial) {
                    self.by_serial.insert(entry.serial.clone(), self.issued.len());
                    self.issued.push(entry);
                }
            }
            Record::Revoked(serials, at) => {
                for serial in serials {
                    let place = self.by_serial.get(&serial).and_then(|at| self.issued.get_mut(*at));
                    if let Some(entry) = place {
                        entry.revoked_at.get_or_insert(at);
                    }
                }
            }
            Record::List(number) => self.crl_number = self.crl_number.max(number),
            Record::Promised(token) => {
                if !self.tokens.iter().any(|known| known.hash == token.hash) {
                    self.tokens.push(token);
                }
            }
            Record::Used(hash) => {
                let mut tokens = self.tokens.iter_mut();
                if let Some(token) = tokens.find(|token| token.hash == hash) {
                    token.used = true;
                }
            }
        }
    }

    fn act(&mut self, record: Record) {
        self.apply(record.clone());
        self.done.push(record);
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.issued
    }

    pub(crate) fn find(&self, serial: &str) -> Option<&Entry> {
        self.by_serial.get(serial).and_then(|at| self.issued.get(*at))
    }

    pub(crate) fn issue(&mut self, entry: Entry) -> Result<(), PkiError> {
        if self.issued.len() >= MAX_ENTRIES {
            return Err(PkiError::Full(MAX_ENTRIES));
        }
        self.act(Record::Issued(entry));
        Ok(())
    }

    /// Whether there is room for a certificate that somebody asks for.
    pub(crate) fn has_room(&self) -> Result<(), PkiError> {
        const MOST: usize = MAX_ENTRIES - RESERVED_ENTRIES;
        if self.issued.len() >= MOST { Err(PkiError::Full(MOST)) } else { Ok(()) }
    }

    /// The certificate that its holder may renew at `now`: a valid one whose name got few enough
    /// in the last third of a certificate's life, so that nobody fills the ledger by renewing, and
    /// who renewed too often has the right back long before the last of them runs out.
    pub(crate) fn renewable(&self, serial: &str, name: &str, now: i64) -> Result<&Entry, Refused> {
        let is_valid = |entry: &&Entry| entry.state(now) == State::Valid && entry.name == name;
        let entry = self.find(serial).filter(is_valid).ok_or(Refused::NotRenewable)?;
        let left_s = |entry: &Entry| entry.life_s / 3 * 2;
        let is_fresh = |entry: &&Entry| is_valid(entry) && entry.not_after - left_s(entry) > now;
        if self.issued.iter().filter(is_fresh).count() >= MAX_FRESH_PER_NAME {
            return Err(Refused::TooMany { most: MAX_FRESH_PER_NAME });
        }
        Ok(entry)
    }

    /// Revokes what is valid by this serial number or name; returns it.
    pub(crate) fn revoke(&mut self, which: &str, now: i64) -> Vec<Entry> {
        let serial = which.replace(':', "").to_ascii_lowercase();
        let is_meant = |entry: &&Entry| {
            (entry.name == which || entry.serial == serial) && entry.state(now) == State::Valid
        };
        let meant = self.issued.iter().filter(is_meant).map(|entry| entry.serial.clone());
        let meant: Vec<String> = meant.collect();
        if !meant.is_empty() {
            self.act(Record::Revoked(meant.clone(), now));
        }
        meant.iter().filter_map(|serial| self.find(serial).cloned()).collect()
    }

    /// Revokes what is valid and of none of these CAs; returns it.
    pub(crate) fn abandon(&mut self, cas: &[u32], now: i64) -> Vec<Entry> {
        let is_meant =
            |entry: &&Entry| entry.state(now) == State::Valid && !cas.contains(&entry.ca);
        let meant: Vec<Entry> = self.issued.iter().filter(is_meant).cloned().collect();
        if !meant.is_empty() {
            let serials = meant.iter().map(|entry| entry.serial.clone()).collect();
            self.act(Record::Revoked(serials, now));
        }
        meant
    }

    /// Number of the last revocation list.
    pub(crate) fn crl_number(&self) -> u64 {
        self.crl_number
    }

    pub(crate) fn next_crl_number(&mut self) -> u64 {
        self.act(Record::List(self.crl_number + 1));
        self.crl_number
    }

    pub(crate) fn promise(&mut self, token: Pending) -> Result<(), PkiError> {
        if self.tokens.len() >= MAX_TOKENS {
            return Err(PkiError::Full(MAX_TOKENS));
        }
        self.act(Record::Promised(token));
        Ok(())
    }

    /// Tokens that are out and do not name a CA, which was not the only one when they were made:
    /// how many, and when the last of them ends.
    pub(crate) fn without(&self, ca: u32, now: i64) -> Option<(usize, i64)> {
        let is_out = |token: &&Pending| !token.used && token.not_after >= now;
        let out = self.tokens.iter().filter(is_out).filter(|token| !token.cas.contains(&ca));
        let ends: Vec<i64> = out.map(|token| token.not_after).collect();
        ends.iter().max().map(|last| (ends.len(), *last))
    }

    /// Takes a token's promise; it cannot be taken again.
    pub(crate) fn redeem(&mut self, secret: &[u8], now: i64) -> Result<Pending, Refused> {
        let hash = hash(secret);
        // Comparing hashes gives nothing away: nobody can choose one to probe with.
        let token = self.tokens.iter().find(|token| token.hash == hash);
        let token = token.ok_or(Refused::UnknownToken)?.clone();
        if token.used {
            return Err(Refused::UsedToken);
        }
        if now > token.not_after {
            return Err(Refused::ExpiredToken);
        }
        self.act(Record::Used(hash));
        Ok(token)
    }

    /// Makes tokens for peers of `user` that are out good for nothing; how many.
    pub(crate) fn void(&mut self, user: &str) -> usize {
        let theirs = |token: &&Pending| !token.used && token.user.as_deref() == Some(user);
        let out: Vec<String> =
            self.tokens.iter().filter(theirs).map(|it| it.hash.clone()).collect();
        out.iter().for_each(|hash| self.act(Record::Used(hash.clone())));
        out.len()
    }
}

fn hash(secret: &[u8]) -> String {
    hex(&Sha256::digest(secret))
}

#[cfg(test)]
mod tests;
