//! One SQLite database of a role: one thread writes, many commands in one transaction, and a
//! command is answered when its transaction is on the disk.
//!
//! ```text
//!  write ─┐             ┌ begin ─ command ─ command ─ … ─ commit (fsync) ┐
//!  write ─┼─► queue ──► │      each in a savepoint of its own            │ ─► answers
//!  write ─┘             └────────────────────────────────────────────────┘
//! ```

mod migrations;
mod readers;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use crate::database::migrations::migrate;
use crate::database::readers::{Readers, connect};

/// Commands that wait for the writer; more are refused.
const MAX_WAITING: usize = 4096;
/// Commands of one transaction.
const MAX_BATCH: usize = 256;

/// A command failed, and changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite refuses.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file cannot be opened or brought up to date.
    #[error("database {path}: {source}")]
    Open {
        /// The file.
        path: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// It was undone with others of its transaction.
    #[error("database: the transaction was not committed: {0}")]
    NotCommitted(String),
    /// Too many commands wait.
    #[error("database: {MAX_WAITING} commands are waiting already")]
    Busy,
    /// The writer is gone.
    #[error("database: the writer has ended")]
    Ended,
    /// The file is of a newer version of this program.
    #[error("database {path}: version {found} is newer than {known}")]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: usize,
        /// The newest known here.
        known: usize,
    },
}

impl DatabaseError {
    /// Whether the same may succeed later: the disk is full or fails, or there is too much to do.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked, DiskFull, SystemIoFailure};
        match self {
            Self::NotCommitted(_) | Self::Busy => true,
            Self::Sqlite(error) => error.sqlite_error_code().is_some_and(|code| {
                [DatabaseBusy, DatabaseLocked, DiskFull, SystemIoFailure].contains(&code)
            }),
            Self::Ended | Self::Newer { .. } | Self::Open { .. } => false,
        }
    }
}

/// Runs a command, unless the transaction has failed before, when there is no connection for it.
type Command = Box<dyn FnOnce(Option<&Connection>) -> Ran + Send>;
/// Answers a command once its transaction is on the disk, or is not.
type Settle = Box<dyn FnOnce(Result<(), String>) + Send>;

/// What became of a command.
struct Ran {
    /// What it did has to be undone.
    failed: bool,
    settle: Settle,
}

/// A handle; clones share the database.
#[derive(Clone)]
pub struct Database {
    queue: SyncSender<Command>,
    readers: Arc<Readers>,
}

impl Database {
    /// Opens or makes the file at `path` and brings it up to date: each of `migrations` is run
    /// once, in order.
    ///
    /// # Errors
    /// The file cannot be opened, is no database or of a newer version.
    pub fn open(path: &Path, migrations: &[&str]) -> Result<Self, DatabaseError> {
        Self::open_filled(path, migrations, |_, _| Ok(()))
    }

    /// The same, where some migrations are more than SQL says: `fill` does the rest of each, whose
    /// number it is given, counted from 1, in the same transaction.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_filled(
        path: &Path,
        migrations: &[&str],
        fill: impl Fn(&Connection, usize) -> rusqlite::Result<()>,
    ) -> Result<Self, DatabaseError> {
        let refused = |source| DatabaseError::Open { path: path.display().to_string(), source };
        let mut writer = connect(path).map_err(refused)?;
        let version = migrate(&mut writer, migrations, fill).map_err(refused)?;
        if version > migrations.len() {
            let (path, known) = (path.display().to_string(), migrations.len());
            return Err(DatabaseError::Newer { path, found: version, known });
        }
        let readers = Arc::new(Readers::new(path).map_err(refused)?);
        let (queue, commands) = sync_channel(MAX_WAITING);
        std::thread::spawn(move || write_all(writer, &commands));
        Ok(Self { queue, readers })
    }

    /// Runs a command that changes something; `Ok` means that it is on the disk.
    ///
    /// # Errors
    /// [`DatabaseError`]; nothing is changed then.
    pub async fn write<T: Send + 'static>(
        &self,
        command: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        let (answer, wait) = oneshot::channel();
        let command: Command = Box::new(move |connection| {
            let done = connection.map(command);
            let failed = matches!(done, Some(Err(_)));
            let settle = move |committed: Result<(), String>| {
                let done = match (committed, done) {
                    (Ok(()), Some(done)) => done.map_err(DatabaseError::from),
                    (Ok(()), None) => Err(DatabaseError::Ended),
                    (Err(reason), _) => Err(DatabaseError::NotCommitted(reason)),
                };
                let _ = answer.send(done);
            };
            Ran { failed, settle: Box::new(settle) }
        });
        self.queue.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => DatabaseError::Busy,
            TrySendError::Disconnected(_) => DatabaseError::Ended,
        })?;
        wait.await.map_err(|_| DatabaseError::Ended)?
    }

    /// Runs a question before anybody waits for answers: when a role is opened.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn read_now<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, DatabaseError> {
        Ok(self.readers.ask(question)?)
    }

    /// Runs a question.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        let readers = Arc::clone(&self.readers);
        let asked = tokio::task::spawn_blocking(move || readers.ask(question));
        Ok(asked.await.map_err(|_| DatabaseError::Ended)??)
    }

    /// Runs a question that SQLite breaks off after so much work: what it was doing ends with
    /// `OperationInterrupted`, and the question may go on with what it has.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn read_within<T: Send + 'static>(
        &self,
        most: Duration,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        let readers = Arc::clone(&self.readers);
        let asked = tokio::task::spawn_blocking(move || readers.ask_within(most, question));
        Ok(asked.await.map_err(|_| DatabaseError::Ended)??)
    }
}

/// The writer: ends when nobody can send commands any more.
fn write_all(mut connection: Connection, commands: &Receiver<Command>) {
    while let Ok(first) = commands.recv() {
        let rest = std::iter::from_fn(|| commands.try_recv().ok());
        let batch: Vec<Command> = std::iter::once(first).chain(rest.take(MAX_BATCH - 1)).collect();
        let mut settles = Vec::with_capacity(batch.len());
        let committed = write_batch(&mut connection, batch, &mut settles);
        let committed = committed.map_err(|error| error.to_string());
        if let Err(error) = &committed {
            tracing::error!(error, "a transaction was not committed");
        }
        for settle in settles {
            settle(committed.clone());
        }
    }
}

/// All of a batch or nothing of it: where the disk is full, SQLite may have undone everything in
/// the middle of a command. Each command gets its answer either way.
fn write_batch(
    connection: &mut Connection,
    batch: Vec<Command>,
    settles: &mut Vec<Settle>,
) -> rusqlite::Result<()> {
    let mut commands = batch.into_iter();
    let committed = run_all(connection, &mut commands, settles);
    settles.extend(commands.map(|command| command(None).settle));
    committed
}

fn run_all(
    connection: &mut Connection,
    commands: &mut std::vec::IntoIter<Command>,
    settles: &mut Vec<Settle>,
) -> rusqlite::Result<()> {
    // Locked from the start: what a command reads and then writes must not change in between,
    // though another process has the file open.
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    while commands.len() > 0 {
        let mut savepoint = transaction.savepoint()?;
        let ran = commands.next().map(|command| command(Some(&savepoint)));
        let failed = ran.as_ref().is_some_and(|ran| ran.failed);
        settles.extend(ran.map(|ran| ran.settle));
        if failed {
            // If that fails too, what the command did must not be committed with the rest.
            savepoint.rollback()?;
        }
        savepoint.commit()?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT";

    fn open(folder: &Path) -> Database {
        Database::open(&folder.join("t.db"), &[TABLE]).unwrap()
    }

    async fn insert(database: &Database, n: i64) -> Result<usize, DatabaseError> {
        database.write(move |tx| tx.execute("INSERT INTO t VALUES (?1)", [n])).await
    }

    async fn count(database: &Database) -> i64 {
        let count = |c: &Connection| c.query_row("SELECT count(*) FROM t", [], |row| row.get(0));
        database.read(count).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_answered_is_there_when_the_file_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path());
        insert(&database, 1).await.unwrap();
        drop(database);
        assert_eq!(count(&open(folder.path())).await, 1);
    }

    #[tokio::test]
    async fn a_command_that_fails_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path());
        let outcomes = [1, 2, 1, 3].map(|n| {
            let database = database.clone();
            tokio::spawn(async move { insert(&database, n).await.is_ok() })
        });
        let mut good = 0;
        for outcome in outcomes {
            good += usize::from(outcome.await.unwrap());
        }
        assert_eq!((good, count(&database).await), (3, 3));
    }

    /// A database that can grow by so many pages of 4 KiB, as on a disk that is nearly full.
    async fn bound(database: &Database, pages: i64) {
        let bound = move |c: &Connection| {
            let now: i64 = c.pragma_query_value(None, "page_count", |row| row.get(0))?;
            c.pragma_update_and_check(None, "max_page_count", now + pages, |_| Ok(()))
        };
        database.write(bound).await.unwrap();
    }

    async fn fill(database: &Database, rows: std::ops::Range<i64>) -> Vec<i64> {
        let insert = |n: i64| {
            let database = database.clone();
            let row = move |tx: &Connection| {
                tx.execute("INSERT INTO blob VALUES (?1, randomblob(3000))", [n])?;
                tx.execute("INSERT INTO t VALUES (?1)", [n])
            };
            (n, tokio::spawn(async move { database.write(row).await }))
        };
        let mut good = Vec::new();
        for (n, written) in rows.map(insert).collect::<Vec<_>>() {
            match written.await.unwrap() {
                Ok(_) => good.push(n),
                Err(error) => assert!(error.is_passing(), "{error}"),
            }
        }
        good
    }

    #[tokio::test]
    async fn on_a_full_disk_what_is_acknowledged_is_there_and_space_brings_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path());
        let table = "CREATE TABLE blob (n INTEGER PRIMARY KEY, bytes BLOB) STRICT";
        database.write(move |tx| tx.execute_batch(table)).await.unwrap();
        bound(&database, 20).await;
        let mut good = fill(&database, 0..100).await;
        assert!(good.len() < 100);
        bound(&database, 1000).await;
        let later = fill(&database, 100..120).await;
        assert_eq!(later, (100..120).collect::<Vec<_>>());
        good.extend(later);
        drop(database);
        let there = |c: &Connection| {
            let query = "SELECT t.n FROM t JOIN blob USING (n) ORDER BY t.n";
            c.prepare(query)?.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()
        };
        let database = open(folder.path());
        assert_eq!(database.read(there).await.unwrap(), good);
        assert_eq!(count(&database).await, good.len() as i64, "no half of a command");
    }
}
