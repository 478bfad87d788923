//! Backup of a provider's state into one file, and back.
//!
//! ```text
//!  STATE/*.db ─ online backup, page by page, beside the running server ─┐
//!  STATE/pki/*, STATE/passkey-* ────────────────────────────────────────┴─► FILE (SQLite), 0600
//! ```
//!
//! Each database is of one moment; the moments are not the same. A server holds a lock on its state
//! folder while it runs, and so does restoring.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags, params};

use crate::backup::fault::io_error;
use crate::backup::sums::Sums;
use crate::membership::KEPT_FILE;

mod fault;
mod sums;

pub use crate::backup::fault::BackupError;

/// The file that is locked.
const LOCK_FILE: &str = "serving";
/// Is there while files are replaced: a restore that breaks off there leaves some of each.
const HALFWAY_FILE: &str = "restoring";
/// The name of the organisation whose keys a folder has.
const DOMAIN_FILE: &str = "pki/trust-domain";
/// Mark of a backup (`PRAGMA application_id`): "mp2p".
const APPLICATION: i32 = 0x6d70_3270;
/// Layout of a backup.
const LAYOUT: i32 = 1;
/// Bytes of one row; SQLite bounds a value at 1 GB.
const CHUNK_BYTES: u64 = 8 << 20;
/// Pages copied at a time, and the pause in between, in which the server writes.
const PAGES: std::ffi::c_int = 1000;
const PAUSE: Duration = Duration::from_millis(2);
/// The key of the CA, which one server of a provider has.
const CA_KEY: &str = "pki/ca-key.pem";
/// Largest single file that is no database, bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;
const TABLE: &str = "
    CREATE TABLE part (
        name TEXT NOT NULL,
        number INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (name, number)
    ) STRICT;
";

/// Says that a server runs over a state folder, while it lives.
pub struct Hold {
    _file: File,
}

impl Hold {
    /// Takes the folder for a server, and for it alone: two would give away the same numbers, and
    /// neither would know what the other knows. Waits up to `most` for one that is about to end.
    ///
    /// # Errors
    /// Another server has it, it is being restored, or it cannot be written.
    pub fn take(state: &Path, most: Duration) -> Result<Self, BackupError> {
        let end = Instant::now() + most;
        loop {
            match Self::alone(state) {
                Ok(_) if state.join(HALFWAY_FILE).exists() => {
                    return Err(BackupError::Halfway(state.to_owned()));
                }
                Err(BackupError::Running(_)) if Instant::now() < end => std::thread::sleep(PAUSE),
                taken => return taken,
            }
        }
    }

    fn alone(state: &Path) -> Result<Self, BackupError> {
        let file = lock_file(state)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(error) => Err(refused(state, error)),
        }
    }
}

fn lock_file(state: &Path) -> Result<File, BackupError> {
    make_folder(state)?;
    let path = state.join(LOCK_FILE);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(&path).map_err(|source| io_error(&path, source))
}

/// Keys and users' accounts are in it: it is for its owner alone.
fn make_folder(path: &Path) -> Result<(), BackupError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| io_error(path, source))
}

fn refused(state: &Path, error: TryLockError) -> BackupError {
    match error {
        TryLockError::WouldBlock => BackupError::Running(state.to_owned()),
        TryLockError::Error(source) => io_error(state, source),
    }
}

/// Copies the state into a new file; the names of what is in it.
///
/// # Errors
/// [`BackupError`]; no file is left then.
pub fn make(state: &Path, file: &Path) -> Result<Vec<String>, BackupError> {
    // Made here, so that nobody else can read it at any time.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    made.map_err(|source| io_error(file, source))?;
    let passing = file.with_extension("passing");
    let done = fill(state, file, &passing);
    let _ = fs::remove_file(&passing);
    if done.is_err() {
        let _ = fs::remove_file(file);
    }
    done
}

fn fill(state: &Path, file: &Path, passing: &Path) -> Result<Vec<String>, BackupError> {
    let sqlite = |source| BackupError::Sqlite { path: file.to_owned(), source };
    let target = Connection::open(file).map_err(sqlite)?;
    target.execute_batch(TABLE).and_then(|()| Sums::begin(&target)).map_err(sqlite)?;
    target.pragma_update(None, "user_version", LAYOUT).map_err(sqlite)?;
    let mut names = Vec::new();
    for name in contents(state)? {
        let path = state.join(&name);
        if is_database(&name) {
            let _ = fs::remove_file(passing);
            copy(&path, passing).map_err(|source| BackupError::Sqlite { path, source })?;
            store(&target, &name, passing, file)?;
        } else {
            let bytes = fs::metadata(&path).map_err(|source| io_error(&path, source))?.len();
            if bytes > MAX_FILE_BYTES {
                return Err(BackupError::Large { path, bytes });
            }
            store(&target, &name, &path, file)?;
        }
        names.push(name);
    }
    // Last: before it, this is no backup.
    target.pragma_update(None, "application_id", APPLICATION).map_err(sqlite)?;
    Ok(names)
}

/// What belongs to the state, by its name in the folder.
fn contents(state: &Path) -> Result<Vec<String>, BackupError> {
    let mut names = Vec::new();
    for (folder, prefix) in [(state.to_owned(), ""), (state.join("pki"), "pki/")] {
        let entries = fs::read_dir(&folder).map_err(|source| io_error(&folder, source))?;
        for entry in entries {
            let entry = entry.map_err(|source| io_error(&folder, source))?;
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            let name = entry.file_name().into_string().unwrap_or_default();
            if is_file && is_state(&format!("{prefix}{name}")) {
                names.push(format!("{prefix}{name}"));
            }
        }
    }
    names.sort();
    // What is appended to goes before what takes it in: an act is in both rather than in neither.
    names.sort_by_key(|name| !name.ends_with(".log"));
    Ok(names)
}

fn is_database(name: &str) -> bool {
    name.ends_with(".db")
}

fn is_state(name: &str) -> bool {
    let (folder, last) = name.rsplit_once('/').unwrap_or(("", name));
    let is_plain = !last.is_empty()
        && !last.starts_with('.')
        && last.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    let of_sqlite = ["-wal", "-shm", "-journal"].iter().any(|end| last.ends_with(end));
    match folder {
        "" => is_plain && !of_sqlite && last != LOCK_FILE && last != HALFWAY_FILE,
        "pki" => is_plain && last != "lock",
        _ => false,
    }
}

/// SQLite's online backup: the server goes on, and what it writes meanwhile is in it or not, whole.
fn copy(from: &Path, to: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let from = Connection::open_with_flags(from, flags)?;
    let mut to = Connection::open(to)?;
    Backup::new(&from, &mut to)?.run_to_completion(PAGES, PAUSE, None)?;
    // A file by itself, without a log beside it.
    to.pragma_update(None, "journal_mode", "DELETE")
}

fn store(target: &Connection, name: &str, from: &Path, file: &Path) -> Result<(), BackupError> {
    let io = |source| io_error(from, source);
    let sqlite = |source| BackupError::Sqlite { path: file.to_owned(), source };
    let mut source = File::open(from).map_err(io)?;
    let mut sum = blake3::Hasher::new();
    for number in 0_i64.. {
        let mut bytes = Vec::new();
        Read::by_ref(&mut source).take(CHUNK_BYTES).read_to_end(&mut bytes).map_err(io)?;
        if bytes.is_empty() && number > 0 {
            break;
        }
        sum.update(&bytes);
        let stored =
            target.execute("INSERT INTO part VALUES (?1, ?2, ?3)", params![name, number, bytes]);
        stored.map_err(sqlite)?;
    }
    Sums::put(target, name, &sum.finalize()).map_err(sqlite)
}

/// Puts a backup into a state folder, in place of what is there; the names of what it held.
///
/// # Errors
/// [`BackupError`]; [`BackupError::Running`] where a server runs over the folder,
/// [`BackupError::Other`] where it is another server's. All is written beside the old before any of
/// it is replaced.
pub fn restore(file: &Path, state: &Path) -> Result<Vec<String>, BackupError> {
    let sqlite = |source| BackupError::Sqlite { path: file.to_owned(), source };
    let no_backup = |_| BackupError::NoBackup(file.to_owned());
    if !fs::metadata(file).map_err(|source| io_error(file, source))?.is_file() {
        return Err(BackupError::NoBackup(file.to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let backup = Connection::open_with_flags(file, flags).map_err(sqlite)?;
    let pragma = |name| backup.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, layout) =
        (pragma("application_id").map_err(no_backup)?, pragma("user_version").map_err(no_backup)?);
    if (application, layout) != (APPLICATION, LAYOUT) {
        return Err(BackupError::NoBackup(file.to_owned()));
    }
    let (names, sums) = (names(&backup).map_err(sqlite)?, Sums::read(&backup).map_err(sqlite)?);
    if let Some(name) = names.iter().find(|name| !is_state(name)) {
        return Err(BackupError::Name { path: file.to_owned(), name: name.clone() });
    }
    if let Some(name) = sums.missing(&names) {
        return Err(BackupError::Damaged { path: file.to_owned(), name });
    }
    let _alone = Hold::alone(state)?;
    if let Some(lacks) = of_another(&names, state).or_else(|| of_stranger(&backup, state)) {
        let (path, state) = (file.to_owned(), state.to_owned());
        return Err(BackupError::Other { path, state, lacks });
    }
    let pki = state.join("pki");
    make_folder(&pki)?;
    let written = names.iter().try_for_each(|name| {
        let sum = write(&backup, name, &passing(state, name), file)?;
        let (path, name) = (file.to_owned(), name.clone());
        sums.holds(&name, &sum).then_some(()).ok_or(BackupError::Damaged { path, name })
    });
    if let Err(error) = written {
        // Keys are among them.
        for name in &names {
            let _ = fs::remove_file(passing(state, name));
        }
        return Err(error);
    }
    let halfway = state.join(HALFWAY_FILE);
    let begun = File::create(&halfway).and_then(|_| File::open(state)?.sync_all());
    begun.map_err(|source| io_error(&halfway, source))?;
    if !names.iter().any(|name| name == KEPT_FILE) {
        // Members of a later time: some may be out by what comes back.
        let _ = fs::remove_file(state.join(KEPT_FILE));
    }
    for name in &names {
        let path = state.join(name);
        if is_database(name) {
            for end in ["-wal", "-shm"] {
                let _ = fs::remove_file(state.join(format!("{name}{end}")));
            }
        }
        fs::rename(passing(state, name), &path).map_err(|source| io_error(&path, source))?;
    }
    for folder in [state, &pki] {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| io_error(folder, source))?;
    }
    fs::remove_file(&halfway).map_err(|source| io_error(&halfway, source))?;
    Ok(names)
}

/// What the server of a folder has and that of the backup does not, where these are two: each has
/// a role that the other does not have, or the CA is in the folder alone.
fn of_another(names: &[String], state: &Path) -> Option<&'static str> {
    let marks = [CA_KEY, "users.db", "stops.db", "index.db", "care.db"];
    let is_here = |mark: &&str| state.join(mark).is_file();
    let is_there = |mark: &&str| names.iter().any(|name| name == mark);
    let lacks = marks.into_iter().find(|mark| is_here(mark) && !is_there(mark))?;
    let has_more = marks.iter().any(|mark| is_there(mark) && !is_here(mark));
    (has_more || lacks == CA_KEY).then_some(lacks)
}

/// A folder with keys of another organisation: of another provider, or of an ISP's server.
fn of_stranger(backup: &Connection, state: &Path) -> Option<&'static str> {
    let here = fs::read_to_string(state.join(DOMAIN_FILE)).ok()?;
    let sql = "SELECT CAST(bytes AS TEXT) FROM part WHERE name = ?1 AND number = 0";
    let there: String = backup.query_row(sql, [DOMAIN_FILE], |row| row.get(0)).ok()?;
    (here.trim() != there.trim()).then_some("trust domain")
}

fn names(backup: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut names = backup.prepare("SELECT DISTINCT name FROM part ORDER BY name")?;
    names.query_map([], |row| row.get(0))?.collect()
}

fn passing(state: &Path, name: &str) -> PathBuf {
    let (folder, last) = name.rsplit_once('/').unwrap_or(("", name));
    state.join(folder).join(format!(".{last}.restored"))
}

/// Writes a file of the backup; what it hashes to.
fn write(
    backup: &Connection,
    name: &str,
    to: &Path,
    file: &Path,
) -> Result<blake3::Hash, BackupError> {
    let sqlite = |source| BackupError::Sqlite { path: file.to_owned(), source };
    let io = |source| io_error(to, source);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut target = options.open(to).map_err(io)?;
    let mut sum = blake3::Hasher::new();
    let sql = "SELECT bytes FROM part WHERE name = ?1 ORDER BY number";
    let mut parts = backup.prepare_cached(sql).map_err(sqlite)?;
    let mut parts = parts.query([name]).map_err(sqlite)?;
    while let Some(row) = parts.next().map_err(sqlite)? {
        let bytes = row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).map_err(sqlite)?;
        sum.update(bytes);
        target.write_all(bytes).map_err(io)?;
    }
    target.sync_all().map_err(io)?;
    Ok(sum.finalize())
}

#[cfg(test)]
mod tests;
