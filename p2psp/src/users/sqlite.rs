//! The ledger in SQLite: each command is a function over a transaction, in a file by its noun.

mod claim;
mod class;
mod day;
mod distribution;
mod news;
mod profile;
mod schema;

use std::path::Path;

use mp2p::id::{OverlayId, PeerId, UserId};
use mp2p::message::account::Account;
use mp2p::message::profile::Profile;
use mp2p::message::report::{ReceiptOutcome, SuccessReport};
use rusqlite::{Connection, params};

use crate::calls::{ErrorNote, Founding, Measured, NewsAfter, Service, Serving, UserNews, Visit};
use crate::database::{Database, DatabaseError};
use crate::users::ledger::{
    Act, Before, Claim, Contribution, Distribution, Entry, Ledger, LedgerError, Plausible,
    SignUpBounds, SignedUpAs, Terms, UserStanding,
};

/// A [`Ledger`] in a file.
pub struct SqliteLedger {
    database: Database,
}

impl SqliteLedger {
    /// Opens or makes the file.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        Ok(Self { database: Database::open(path, &schema::MIGRATIONS)? })
    }

    fn write<'a, T: Send + 'static>(
        &'a self,
        command: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Entry<'a, T> {
        let written = self.database.write(command);
        Box::pin(async move { Ok(written.await?) })
    }

    fn read<'a, T: Send + 'static>(
        &'a self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Entry<'a, T> {
        let read = self.database.read(question);
        Box::pin(async move { Ok(read.await?) })
    }
}

impl Ledger for SqliteLedger {
    fn visit(&self, visit: Visit) -> Entry<'_, Profile> {
        let written = self.database.write(move |tx| profile::visit(tx, &visit));
        Box::pin(async move { written.await? })
    }

    fn profile<'a>(&'a self, user: &'a UserId) -> Entry<'a, Option<Profile>> {
        let user = user.clone();
        self.read(move |tx| profile::read(tx, &user))
    }

    fn profiles<'a>(&'a self, after: Option<&'a UserId>, most: u32) -> Entry<'a, Vec<Profile>> {
        let after = after.map(|user| user.to_string()).unwrap_or_default();
        self.read(move |tx| profile::list(tx, &after, most))
    }

    fn account<'a>(&'a self, user: &'a UserId) -> Entry<'a, Option<Account>> {
        let user = user.clone();
        self.read(move |tx| profile::account(tx, &user))
    }

    fn standing<'a>(&'a self, peer: &'a PeerId) -> Entry<'a, Option<UserStanding>> {
        let peer = peer.clone();
        self.read(move |tx| profile::standing(tx, &peer.digits()))
    }

    fn sign_up<'a>(
        &'a self,
        user: &'a UserId,
        bounds: SignUpBounds,
        by: &'a Act,
    ) -> Entry<'a, SignedUpAs> {
        let (user, by) = (user.clone(), by.clone());
        self.write(move |tx| profile::sign_up(tx, user.as_str(), &bounds, &by))
    }

    fn further<'a>(&'a self, user: &'a UserId, most_a_day: u32, by: &'a Act) -> Entry<'a, bool> {
        let (user, by) = (user.clone(), by.clone());
        self.write(move |tx| profile::further(tx, user.as_str(), most_a_day, &by))
    }

    fn consent<'a>(&'a self, user: &'a UserId, show: Option<bool>, by: &'a Act) -> Entry<'a, ()> {
        let (named, by) = (user.clone(), by.clone());
        let value = ("show_status", show.map(i64::from));
        let set = self.write(move |tx| profile::set(tx, named.as_str(), value, &by));
        Box::pin(async move {
            match set.await? {
                true => Ok(()),
                false => Err(LedgerError::NoUser(user.clone())),
            }
        })
    }

    fn lock<'a>(&'a self, user: &'a UserId, is_locked: bool, by: &'a Act) -> Entry<'a, bool> {
        let (user, by) = (user.clone(), by.clone());
        let value = ("is_locked", Some(i64::from(is_locked)));
        self.write(move |tx| profile::set(tx, user.as_str(), value, &by))
    }

    fn bar<'a>(&'a self, user: &'a UserId, by: &'a Act) -> Entry<'a, ()> {
        let (user, by) = (user.clone(), by.clone());
        self.write(move |tx| profile::bar(tx, user.as_str(), &by))
    }

    fn trust<'a>(&'a self, user: &'a UserId, reputation: i64, by: &'a Act) -> Entry<'a, bool> {
        let (user, by) = (user.clone(), by.clone());
        let value = ("reputation", Some(reputation.clamp(-100, 100)));
        self.write(move |tx| profile::set(tx, user.as_str(), value, &by))
    }

    fn end_peer<'a>(&'a self, peer: &'a PeerId, by: &'a Act) -> Entry<'a, bool> {
        let (peer, by) = (peer.clone(), by.clone());
        self.write(move |tx| profile::end_peer(tx, &peer.digits(), &by))
    }

    fn revoked<'a>(&'a self, peers: &'a [PeerId], by: &'a Act) -> Entry<'a, ()> {
        let (peers, by) = (peers.to_vec(), by.clone());
        self.write(move |tx| news::revoked(tx, &peers, &by))
    }

    fn turned<'a>(&'a self, step: &'a str, ca: u32, by: &'a Act) -> Entry<'a, ()> {
        let (step, by) = (format!("ca-{step}"), by.clone());
        self.write(move |tx| news::turned(tx, &step, ca, &by))
    }

    fn news(&self, after: NewsAfter) -> Entry<'_, UserNews> {
        self.read(move |tx| news::since(tx, after))
    }

    fn claim(&self, claims: Vec<Claim>, terms: Terms, now: u64) -> Entry<'_, Vec<ReceiptOutcome>> {
        self.write(move |tx| claims.iter().map(|one| claim::take(tx, one, &terms, now)).collect())
    }

    fn success<'a>(
        &'a self,
        reporter: &'a PeerId,
        report: SuccessReport,
        now: u64,
    ) -> Entry<'a, bool> {
        let reporter = reporter.clone();
        self.write(move |tx| distribution::success(tx, &reporter, &report, now))
    }

    fn errors(&self, notes: Vec<ErrorNote>) -> Entry<'_, u64> {
        self.write(move |tx| {
            let mut new = 0;
            for note in &notes {
                new += u64::from(distribution::error(tx, note)?);
            }
            Ok(new)
        })
    }

    fn founded(&self, founding: Founding) -> Entry<'_, ()> {
        self.write(move |tx| distribution::founded(tx, &founding))
    }

    fn serving(&self, serving: Serving) -> Entry<'_, ()> {
        self.write(move |tx| {
            let service = match serving.service {
                Service::Cache => "cache",
                Service::Relay => "relay",
            };
            let user = serving.user.as_ref().map(UserId::as_str);
            tx.prepare_cached("INSERT OR REPLACE INTO server VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![&*serving.peer.digits(), user, service, serving.until])
                .map(|_| ())
        })
    }

    fn result<'a>(&'a self, overlay: &'a OverlayId) -> Entry<'a, Option<Distribution>> {
        let overlay = overlay.clone();
        self.read(move |tx| distribution::result(tx, &overlay))
    }

    fn measured(&self, measured: Vec<Measured>) -> Entry<'_, ()> {
        self.write(move |tx| measured.iter().try_for_each(|one| day::measured(tx, one)))
    }

    fn contributions(&self, since: u64, limit: Plausible) -> Entry<'_, Vec<Contribution>> {
        self.read(move |tx| class::contributions(tx, since, limit))
    }

    fn reclass<'a>(&'a self, changes: Vec<(UserId, u8)>, by: &'a Act) -> Entry<'a, u64> {
        let by = by.clone();
        self.write(move |tx| class::reclass(tx, &changes, &by))
    }

    fn pin<'a>(&'a self, user: &'a UserId, class: Option<u8>, by: &'a Act) -> Entry<'a, bool> {
        let (user, by) = (user.clone(), by.clone());
        self.write(move |tx| class::pin(tx, user.as_str(), class, &by))
    }

    fn forget(&self, before: Before) -> Entry<'_, ()> {
        self.write(move |tx| class::forget(tx, &before))
    }
}
