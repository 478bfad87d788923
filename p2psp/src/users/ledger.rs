//! What is kept of users for good. A command that was answered is never lost, and is applied once:
//! each has a key of its own in what it says (a receipt's epoch and number, a report's number, an
//! error's place), so that whoever did not hear the answer sends it again.
//!
//! No word here is of SQLite: PostgreSQL can stand behind the same trait, and has to pass the same
//! suite (`users/suite.rs`). A command may be tried again by the ledger itself.

use std::net::IpAddr;
use std::pin::Pin;

use mp2p::id::{OverlayId, PeerId, UserId};
use mp2p::message::account::Account;
use mp2p::message::profile::Profile;
use mp2p::message::report::{DistributionResult, ReceiptOutcome, SuccessReport};
use mp2p::receipt::Receipt;

use crate::calls::{ErrorNote, Founding, Measured, NewsAfter, Serving, UserNews, Visit};
use crate::database::DatabaseError;

/// A ledger's answer to come.
pub type Entry<'a, T> = Pin<Box<dyn Future<Output = Result<T, LedgerError>> + Send + 'a>>;

/// Users, their peers, what they gave and got, and what became of contents. Times are Unix seconds.
pub trait Ledger: Send + Sync {
    /// A peer of a user joins: profile and peer are made or brought up to date.
    fn visit(&self, visit: Visit) -> Entry<'_, Profile>;

    /// The profile of a user.
    fn profile<'a>(&'a self, user: &'a UserId) -> Entry<'a, Option<Profile>>;

    /// Profiles in the order of their names, those after `after`, `most` at most.
    fn profiles<'a>(&'a self, after: Option<&'a UserId>, most: u32) -> Entry<'a, Vec<Profile>>;

    /// Credit and days of a user.
    fn account<'a>(&'a self, user: &'a UserId) -> Entry<'a, Option<Account>>;

    /// How the user of a peer stands; `None` for a peer that never joined.
    fn standing<'a>(&'a self, peer: &'a PeerId) -> Entry<'a, Option<UserStanding>>;

    /// Takes a name for a new user, where fewer than the bounds did today.
    fn sign_up<'a>(
        &'a self,
        user: &'a UserId,
        bounds: SignUpBounds,
        by: &'a Act,
    ) -> Entry<'a, SignedUpAs>;

    /// A user wants a further peer: whether fewer than `most_a_day` were today.
    fn further<'a>(&'a self, user: &'a UserId, most_a_day: u32, by: &'a Act) -> Entry<'a, bool>;

    /// Whether the status of the user's peers may be shown.
    fn consent<'a>(&'a self, user: &'a UserId, show: Option<bool>, by: &'a Act) -> Entry<'a, ()>;

    /// Locks a user out, or lets the user in again; `false`: there is no such user.
    fn lock<'a>(&'a self, user: &'a UserId, is_locked: bool, by: &'a Act) -> Entry<'a, bool>;

    /// Locks out a user who is not known yet, having joined nothing: it holds from the first join
    /// on.
    fn bar<'a>(&'a self, user: &'a UserId, by: &'a Act) -> Entry<'a, ()>;

    /// Ends a peer for good, its key being lost; `false`: there is no such peer.
    fn end_peer<'a>(&'a self, peer: &'a PeerId, by: &'a Act) -> Entry<'a, bool>;

    /// Certificates of peers were revoked; what their users may is as before.
    fn revoked<'a>(&'a self, peers: &'a [PeerId], by: &'a Act) -> Entry<'a, ()>;

    /// The provider's CA took a step towards another.
    fn turned<'a>(&'a self, step: &'a str, ca: u32, by: &'a Act) -> Entry<'a, ()>;

    /// Whom OMS has to hear of since `after`, some at a time.
    fn news(&self, after: NewsAfter) -> Entry<'_, UserNews>;

    /// Takes receipts, each by itself; the outcomes are in their order.
    fn claim(&self, claims: Vec<Claim>, terms: Terms, now: u64) -> Entry<'_, Vec<ReceiptOutcome>>;

    /// Takes an aggregated report of success; `false`: it was here before.
    fn success<'a>(
        &'a self,
        reporter: &'a PeerId,
        report: SuccessReport,
        now: u64,
    ) -> Entry<'a, bool>;

    /// Takes error reports; how many were new.
    fn errors(&self, notes: Vec<ErrorNote>) -> Entry<'_, u64>;

    /// An overlay was made.
    fn founded(&self, founding: Founding) -> Entry<'_, ()>;

    /// A peer or server offers a service.
    fn serving(&self, serving: Serving) -> Entry<'_, ()>;

    /// How the contents of an overlay were distributed, and whose it is.
    fn result<'a>(&'a self, overlay: &'a OverlayId) -> Entry<'a, Option<Distribution>>;

    /// What peers measured so far; the same again changes nothing, and less of one run neither.
    fn measured(&self, measured: Vec<Measured>) -> Entry<'_, ()>;

    /// What all users contributed since the day `since`, days since 1970, UTC, as far as that is
    /// plausible.
    fn contributions(&self, since: u64, limit: Plausible) -> Entry<'_, Vec<Contribution>>;

    /// Gives users other classes; those whom an operator gave one keep it.
    fn reclass<'a>(&'a self, changes: Vec<(UserId, u8)>, by: &'a Act) -> Entry<'a, u64>;

    /// Gives a user a class that no policy changes, or leaves it to the policy again; `false`:
    /// there
    /// is no such user.
    fn pin<'a>(&'a self, user: &'a UserId, class: Option<u8>, by: &'a Act) -> Entry<'a, bool>;

    /// Gives a user another reputation, from -100 to 100; `false`: there is no such user.
    fn trust<'a>(&'a self, user: &'a UserId, reputation: i64, by: &'a Act) -> Entry<'a, bool>;

    /// Forgets days, epochs and reports that are older than these; the audit trail stays.
    fn forget(&self, before: Before) -> Entry<'_, ()>;
}

/// Who does something, and when.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Act {
    /// Who: `operator`, `policy`, `user/anna`, `peer/…`.
    pub actor: String,
    /// When.
    pub now: u64,
}

/// How many new users a day may bring.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignUpBounds {
    /// In all.
    pub most_a_day: u32,
    /// Of one source, and which that is; `None`: of a source that nobody counts.
    pub source: Option<(IpAddr, u32)>,
}

/// What became of a sign-up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignedUpAs {
    /// The name is the new user's.
    New,
    /// Somebody has it.
    Taken,
    /// There were too many today.
    TooMany,
}

/// A receipt that its consumer signed, and who sent it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// What it says; signature, dates and numbers have been checked.
    pub receipt: Receipt,
    /// Who sent it.
    pub sender: PeerId,
}

/// What credit is given for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Terms {
    /// Of what came through a relay, the relay's share, per cent.
    pub relay_percent: u64,
    /// What a cache earns of what it gives, per cent.
    pub cache_percent: u64,
    /// Bytes that one user earns from one other user on a day.
    pub max_pair_bytes: u64,
    /// Bytes that one user earns on a day.
    pub max_user_bytes: u64,
}

/// What counts of the credit of a peer on a day, by what it measured at its interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Plausible {
    /// Of the bytes out that it measured, per cent; 0: all credit counts.
    pub measured_percent: u64,
    /// And so many bytes besides: measurements come late, and some peers tell none.
    pub unmeasured_bytes: u64,
}

/// How the user of a peer stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserStanding {
    /// The user.
    pub user: UserId,
    /// Class.
    pub class: u8,
    /// Reputation.
    pub reputation: i64,
    /// Whether the user is locked out, or the peer's key was ended.
    pub is_out: bool,
    /// Whether the status of the user's peers may be shown; `None`: each peer's own policy says.
    pub show_status: Option<bool>,
}

/// What a user contributed in some days.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contribution {
    /// Who.
    pub user: UserId,
    /// Class now.
    pub class: u8,
    /// Since when.
    pub class_since: u64,
    /// Whether an operator gave it.
    pub is_pinned: bool,
    /// Bytes credited, as far as they are plausible.
    pub earned: u64,
    /// Bytes got.
    pub got: u64,
    /// Bytes relayed.
    pub relayed: u64,
    /// Bytes given as a cache.
    pub cached: u64,
    /// Days with a join or an exchange.
    pub active_days: u64,
}

/// A distribution result and who may read it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Distribution {
    /// The owner of the overlay; `None`: the provider.
    pub owner: Option<UserId>,
    /// The result.
    pub result: DistributionResult,
}

/// Until when things are forgotten.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Before {
    /// Epochs of receipts whose last one is older: no older receipt is taken either.
    pub receipts: u64,
    /// Which fragments were exchanged, to be held against errors.
    pub exchanges: u64,
    /// Days of users and results of contents.
    pub days: u64,
}

/// The ledger does not do it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Too much to do; it may be otherwise later.
    #[error("the ledger can take nothing now")]
    Busy,
    /// The disk is full or fails; it may be otherwise later.
    #[error("the ledger can store nothing now")]
    Storage,
    /// The store beneath.
    #[error("the ledger: {0}")]
    Failed(String),
    /// A peer belongs to one user for good.
    #[error("peer {peer} belongs to another user than {user}")]
    OtherUser {
        /// The peer.
        peer: PeerId,
        /// Who claims it.
        user: UserId,
    },
    /// An operator does not want the user here, or the peer's key was ended.
    #[error("{0} is locked out")]
    LockedOut(String),
    /// Nobody by this name.
    #[error("there is no user {0}")]
    NoUser(UserId),
}

impl From<DatabaseError> for LedgerError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Busy => Self::Busy,
            passing if passing.is_passing() => Self::Storage,
            other => Self::Failed(other.to_string()),
        }
    }
}
