//! A database of an older version of this program is brought up to date.

use rusqlite::{Connection, TransactionBehavior};

/// Runs each of `migrations` that the file has not seen, in order, in a transaction of its own; the
/// version that the file has then.
pub(crate) fn migrate(
    connection: &mut Connection,
    migrations: &[&str],
    fill: impl Fn(&Connection, usize) -> rusqlite::Result<()>,
) -> rusqlite::Result<usize> {
    let mut found = version(connection)?;
    while found < migrations.len() {
        // Another process may be at it: a command of the operator's beside a server that starts.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        found = version(&transaction)?;
        if let Some(migration) = migrations.get(found) {
            found += 1;
            transaction.execute_batch(migration)?;
            fill(&transaction, found)?;
            transaction.pragma_update(None, "user_version", found)?;
        }
        transaction.commit()?;
    }
    Ok(found)
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use rusqlite::Connection;

    use crate::database::{Database, DatabaseError};

    const TABLE: &str = "CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT";

    #[test]
    fn a_file_of_a_newer_program_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        drop(Database::open(&folder.path().join("t.db"), &[TABLE]).unwrap());
        let refused = Database::open(&folder.path().join("t.db"), &[]);
        assert!(matches!(refused, Err(DatabaseError::Newer { found: 1, known: 0, .. })));
    }

    #[test]
    fn a_file_that_is_no_database_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        std::fs::write(&path, [7; 4096]).unwrap();
        let refused = Database::open(&path, &[TABLE]).err().unwrap().to_string();
        assert!(refused.starts_with(&format!("database {}: ", path.display())), "{refused}");
    }

    /// A server that starts, and commands beside it.
    #[test]
    fn a_file_that_several_open_at_once_is_brought_up_to_date_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let all = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            let open = || {
                all.wait();
                Database::open(&path, &[TABLE, "INSERT INTO t VALUES (1)"]).map(|_| ())
            };
            let opened: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            for one in opened {
                one.join().unwrap().unwrap();
            }
        });
        let connection = Connection::open(&path).unwrap();
        let rows: i64 =
            connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
    }

    /// What was on the disk meanwhile, pages that were written before the end too, is copied as a
    /// crash would leave it.
    #[test]
    fn after_a_crash_in_the_midst_of_it_a_file_is_brought_up_to_date_at_the_next_start() {
        let migrations = [TABLE, "CREATE TABLE wide (bytes BLOB NOT NULL) STRICT"];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        drop(Database::open(&path, &migrations[..1]).unwrap());
        Connection::open(&path).unwrap().execute("INSERT INTO t VALUES (7)", []).unwrap();
        let (crashes, written) = (RefCell::new(Vec::new()), RefCell::new(0));
        let crash = || {
            let left = tempfile::tempdir().unwrap();
            std::fs::copy(&path, left.path().join("t.db")).unwrap();
            let log = std::fs::copy(path.with_extension("db-wal"), left.path().join("t.db-wal"));
            let size = log.unwrap_or_default();
            written.replace_with(|most| size.max(*most));
            crashes.borrow_mut().push(left);
        };
        let fill = |tx: &Connection, number, after: &dyn Fn()| {
            assert_eq!(number, 2, "the first is done");
            for _ in 0..30 {
                tx.execute("INSERT INTO wide VALUES (zeroblob(100000))", [])?;
                after();
            }
            Ok(())
        };
        drop(Database::open_filled(&path, &migrations, |tx, n| fill(tx, n, &crash)).unwrap());
        assert!(written.take() > 1_000_000, "much of it was on the disk");
        assert_eq!(crashes.borrow().len(), 30);
        for left in crashes.take() {
            let path = left.path().join("t.db");
            drop(Database::open_filled(&path, &migrations, |tx, n| fill(tx, n, &|| ())).unwrap());
            let rows = "SELECT n, (SELECT count(*) FROM wide) FROM t";
            let rows = Connection::open(&path)
                .unwrap()
                .query_row(rows, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
            assert_eq!(rows.unwrap(), (7, 30));
        }
    }
}
