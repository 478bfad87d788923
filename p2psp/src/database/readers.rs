//! Connections that read, so that one long question does not hold up the others.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::work;

/// Questions at a time; more of them wait.
const MAX_READERS: usize = 8;
/// For another process, such as a backup, to let go of the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Steps of SQLite's machine between two looks at the clock. Few, for looking up one row among
/// millions, pages read from the disk included, is a handful.
const STEPS: i32 = 100;

/// Opens or makes the file at `path`, in the mode that all connections have.
pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Connections to one file, made as they are needed.
pub(crate) struct Readers {
    path: PathBuf,
    free: Mutex<Free>,
    more: Condvar,
}

struct Free {
    connections: Vec<Connection>,
    /// Free and lent ones.
    made: usize,
}

/// A connection that goes back when this is dropped, though the question panics.
struct Lent<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl Readers {
    /// One, to begin with.
    pub(crate) fn new(path: &Path) -> rusqlite::Result<Self> {
        let free = Free { connections: vec![connect(path)?], made: 1 };
        Ok(Self { path: path.to_owned(), free: Mutex::new(free), more: Condvar::new() })
    }

    /// Runs a question; waits while all connections are in use.
    pub(crate) fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.lend(|connection| question(connection))
    }

    /// The same, which SQLite breaks off once after so much work of the processor: what it was
    /// doing ends with `OperationInterrupted`, and the question may finish with what it has.
    pub(crate) fn ask_within<T>(
        &self,
        most: Duration,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.lend(|connection| {
            let mut is_over = false;
            let mut bound = Bound::new(most);
            let breaks_off = move || {
                let breaks_off = !is_over && bound.is_reached();
                is_over |= breaks_off;
                breaks_off
            };
            connection.progress_handler(STEPS, Some(breaks_off))?;
            // One lock for all its statements, and one state of the file.
            let answer = connection.transaction().and_then(|tx| question(&tx));
            connection.progress_handler(0, None::<fn() -> bool>)?;
            answer
        })
    }

    fn lend<T>(
        &self,
        act: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut lent = Lent { readers: self, connection: Some(self.take()?) };
        lent.connection.as_mut().map_or(Err(rusqlite::Error::InvalidQuery), act)
    }

    /// A free connection, or a new one.
    fn take(&self) -> rusqlite::Result<Connection> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = free.connections.pop() {
                return Ok(connection);
            }
            if free.made < MAX_READERS {
                let connection = connect(&self.path)?;
                free.made += 1;
                return Ok(connection);
            }
            free = self.more.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut free = self.readers.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.connections.extend(self.connection.take());
        self.readers.more.notify_one();
    }
}

/// A bound of the work of a thread.
struct Bound {
    most: Duration,
    before: Option<Duration>,
    /// It cannot be reached earlier.
    look: Instant,
}

impl Bound {
    fn new(most: Duration) -> Self {
        Self { most, before: work::of_this_thread(), look: Instant::now() + most }
    }

    fn is_reached(&mut self) -> bool {
        let now = Instant::now();
        if now < self.look {
            return false;
        }
        // Others had the processor meanwhile; where the system does not tell, time counts.
        let done = work::of_this_thread().zip(self.before);
        let done = done.map_or(self.most, |(now, before)| now.saturating_sub(before));
        let left = self.most.saturating_sub(done);
        self.look = now + left;
        left.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    #[test]
    fn so_many_ask_at_once_and_the_rest_wait() {
        let folder = tempfile::tempdir().unwrap();
        let readers = Readers::new(&folder.path().join("t.db")).unwrap();
        // Nobody gets further until all of them are in a question.
        let all = Barrier::new(MAX_READERS);
        thread::scope(|scope| {
            for _ in 0..2 * MAX_READERS {
                scope.spawn(|| readers.ask(|_| Ok(all.wait().is_leader())).unwrap());
            }
        });
        assert_eq!(readers.free.lock().unwrap().made, MAX_READERS);
    }

    #[test]
    fn a_question_without_end_is_broken_off_and_the_next_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let readers = Readers::new(&folder.path().join("t.db")).unwrap();
        let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
            SELECT count(*) FROM n";
        let count = |sql: &'static str| {
            move |c: &Connection| c.query_row(sql, [], |row| row.get::<_, i64>(0))
        };
        let broken = readers.ask_within(Duration::from_millis(20), count(endless)).unwrap_err();
        let code = broken.sqlite_error_code();
        assert_eq!(code, Some(rusqlite::ErrorCode::OperationInterrupted));
        assert_eq!(readers.ask(count("SELECT 7")).unwrap(), 7);
    }
}
