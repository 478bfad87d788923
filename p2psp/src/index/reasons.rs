//! Since when and why what is forbidden is so: of takedowns, and of the audit trail.

use std::collections::HashMap;

use mp2p::id::ContentId;
use mp2p::message::content::{Denied, DeniedKind};
use rusqlite::Connection;
use serde_json::Value;

use crate::database::DatabaseError;
use crate::index::{Ixs, denylist};

/// Why something is forbidden.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reason {
    /// Since when, Unix seconds.
    pub at: u64,
    /// By whom.
    pub who: String,
    /// In that one's words.
    pub text: String,
}

/// Why each digest that is forbidden is so.
#[derive(Debug, Default)]
pub struct Reasons(HashMap<String, Reason>);

impl Reasons {
    /// That of a digest.
    #[must_use]
    pub fn of(&self, one: &Denied) -> Option<&Reason> {
        self.0.get(&key(one.kind, &one.digest))
    }

    /// The last word on a digest counts.
    fn add(&mut self, key: String, reason: Reason) {
        match self.0.get(&key) {
            Some(later) if later.at > reason.at => {}
            _ => drop(self.0.insert(key, reason)),
        }
    }
}

impl Ixs {
    /// Why what is forbidden is so.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn reasons(&self) -> Result<Reasons, DatabaseError> {
        self.database.read(read).await
    }
}

fn read(tx: &Connection) -> rusqlite::Result<Reasons> {
    let mut reasons = Reasons::default();
    let mut rows = tx.prepare(
        "SELECT digest, kind, at, authority, reason FROM taken JOIN takedown USING (number)
         WHERE lifted_at IS NULL ORDER BY number",
    )?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let digest = ContentId::of_digest(&row.get(0)?);
        let reason = Reason { at: row.get(2)?, who: row.get(3)?, text: row.get(4)? };
        reasons.add(key(denylist::kind(row.get(1)?), &digest), reason);
    }
    let mut rows =
        tx.prepare("SELECT at, who, detail FROM audit WHERE what = 'denylist' ORDER BY number")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let detail: Value = serde_json::from_str(&row.get::<_, String>(2)?).unwrap_or_default();
        let text = detail["reason"].as_str().unwrap_or_default().to_owned();
        let reason = Reason { at: row.get(0)?, who: row.get(1)?, text };
        let changes = detail["digests"].as_array().into_iter().flatten();
        for put_on in changes.filter_map(|one| one.as_str()?.strip_prefix('+')) {
            reasons.add(put_on.to_owned(), reason.clone());
        }
    }
    Ok(reasons)
}

/// As a change is told in the audit trail.
fn key(kind: DeniedKind, digest: &ContentId) -> String {
    format!("{} {digest}", crate::index::kind_word(kind))
}
