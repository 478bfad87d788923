//! What is put away comes back, whole or not at all.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::backup::{BackupError, Hold, KEPT_FILE, make, restore};

fn state() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("pki")).unwrap();
    fs::write(folder.path().join("pki/ca.pem"), "the ca").unwrap();
    fs::write(folder.path().join("passkey-epoch"), "3").unwrap();
    let database = Connection::open(folder.path().join("users.db")).unwrap();
    database.pragma_update(None, "journal_mode", "WAL").unwrap();
    database.execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (1)").unwrap();
    folder
}

fn rows(state: &Path) -> i64 {
    let database = Connection::open(state.join("users.db")).unwrap();
    database.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
}

#[test]
fn what_was_put_away_comes_back() {
    let (state, other) = (state(), tempfile::tempdir().unwrap());
    let file = other.path().join("backup");
    // A server that is at it: its writes are in the log, not yet in the file.
    let server = Connection::open(state.path().join("users.db")).unwrap();
    server.execute_batch("INSERT INTO t VALUES (2)").unwrap();
    let names = make(state.path(), &file).unwrap();
    assert_eq!(names, ["passkey-epoch", "pki/ca.pem", "users.db"]);
    server.execute_batch("INSERT INTO t VALUES (3)").unwrap();
    drop(server);
    fs::write(state.path().join("passkey-epoch"), "4").unwrap();
    for target in [state.path(), &other.path().join("elsewhere")] {
        assert_eq!(restore(&file, target).unwrap(), names);
        assert_eq!(rows(target), 2);
        assert_eq!(fs::read_to_string(target.join("passkey-epoch")).unwrap(), "3");
        assert_eq!(fs::read_to_string(target.join("pki/ca.pem")).unwrap(), "the ca");
    }
}

#[test]
fn a_folder_that_is_made_is_for_its_owner_alone() {
    let (state, other) = (state(), tempfile::tempdir().unwrap());
    let (file, new) = (other.path().join("backup"), other.path().join("new"));
    make(state.path(), &file).unwrap();
    restore(&file, &new).unwrap();
    let served = other.path().join("served");
    let _hold = Hold::take(&served, Duration::ZERO).unwrap();
    for folder in [&new, &new.join("pki"), &served] {
        let mode = fs::metadata(folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
    }
}

#[test]
fn a_folder_that_a_server_has_is_not_touched() {
    let (state, other) = (state(), tempfile::tempdir().unwrap());
    let file = other.path().join("backup");
    make(state.path(), &file).unwrap();
    fs::write(state.path().join("passkey-epoch"), "4").unwrap();
    let server = Hold::take(state.path(), Duration::ZERO).unwrap();
    assert!(matches!(Hold::take(state.path(), Duration::ZERO), Err(BackupError::Running(_))));
    assert!(matches!(restore(&file, state.path()), Err(BackupError::Running(_))));
    assert_eq!(fs::read_to_string(state.path().join("passkey-epoch")).unwrap(), "4");
    drop(server);
    restore(&file, state.path()).unwrap();
}

#[test]
fn what_is_no_backup_changes_nothing() {
    let (state, other) = (state(), tempfile::tempdir().unwrap());
    let database = state.path().join("users.db");
    assert!(matches!(restore(&database, state.path()), Err(BackupError::NoBackup(_))));
    let text = other.path().join("text");
    fs::write(&text, "a".repeat(5000)).unwrap();
    assert!(matches!(restore(&text, state.path()), Err(BackupError::NoBackup(_))));
    let file = other.path().join("backup");
    make(state.path(), &file).unwrap();
    let again = make(state.path(), &file);
    assert!(matches!(again, Err(BackupError::Io { .. })), "an older backup is kept");
    for name in ["../evil", "pki/../evil", "a/b", "/etc/passwd", ""] {
        let backup = Connection::open(&file).unwrap();
        backup.execute("UPDATE part SET name = ?1 WHERE name = 'passkey-epoch'", [name]).unwrap();
        assert!(matches!(restore(&file, state.path()), Err(BackupError::Name { .. })), "{name}");
        backup.execute("UPDATE part SET name = 'passkey-epoch' WHERE name = ?1", [name]).unwrap();
    }
    assert_eq!(rows(state.path()), 1);
}

/// Keys are among what is written; a restore that fails leaves none of it about.
#[test]
fn a_restore_that_breaks_off_leaves_nothing_beside_the_old() {
    let (state, other) = (state(), tempfile::tempdir().unwrap());
    let file = other.path().join("backup");
    make(state.path(), &file).unwrap();
    // The last of the names cannot be written.
    fs::create_dir(state.path().join(".users.db.restored")).unwrap();
    let before = names(state.path());
    assert!(matches!(restore(&file, state.path()), Err(BackupError::Io { .. })));
    assert_eq!(names(state.path()), before);
    assert_eq!(fs::read_to_string(state.path().join("passkey-epoch")).unwrap(), "3");
}

/// A provider of two processes: one has the CA and the users, the other the overlays.
#[test]
fn a_backup_of_another_server_is_refused() {
    let (users, overlays, other) = (state(), state(), tempfile::tempdir().unwrap());
    fs::write(users.path().join("pki/ca-key.pem"), "the key").unwrap();
    fs::rename(overlays.path().join("users.db"), overlays.path().join("stops.db")).unwrap();
    let files = ["users", "overlays"].map(|name| other.path().join(name));
    make(users.path(), &files[0]).unwrap();
    make(overlays.path(), &files[1]).unwrap();
    for (file, state, lacks) in
        [(&files[0], &overlays, "stops.db"), (&files[1], &users, "pki/ca-key.pem")]
    {
        let before = names(state.path());
        let refused = restore(file, state.path()).unwrap_err();
        assert!(matches!(refused, BackupError::Other { lacks: found, .. } if found == lacks));
        assert_eq!(names(state.path()), before);
    }
    // The CA alone tells them apart, too: what is put back would have a certificate and no key.
    fs::rename(users.path().join("users.db"), users.path().join("stops.db")).unwrap();
    assert!(matches!(restore(&files[1], users.path()), Err(BackupError::Other { .. })));
    // A file of its own that a folder has lost comes back.
    fs::remove_file(overlays.path().join("stops.db")).unwrap();
    let new = other.path().join("new");
    for (file, state) in [(&files[1], overlays.path()), (&files[0], new.as_path())] {
        restore(file, state).unwrap();
    }
}

fn names(state: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for folder in [state.to_owned(), state.join("pki")] {
        for entry in fs::read_dir(folder).unwrap() {
            all.push(entry.unwrap().file_name().into_string().unwrap());
        }
    }
    all.retain(|name| name != "serving" && !name.starts_with("users.db"));
    all.sort();
    all
}

/// Members of a later time would bring back whoever is out by the backup.
#[test]
fn members_of_later_do_not_outlive_a_restore() {
    let (state, other) = (state(), tempfile::tempdir().unwrap());
    let file = other.path().join("backup");
    make(state.path(), &file).unwrap();
    fs::write(state.path().join(KEPT_FILE), "{}").unwrap();
    restore(&file, state.path()).unwrap();
    assert!(!state.path().join(KEPT_FILE).exists());
}

/// The disk or the way has changed it: what is put back is what was put away, or nothing.
#[test]
fn a_damaged_backup_changes_nothing() {
    let (state, other) = (state(), tempfile::tempdir().unwrap());
    let file = other.path().join("backup");
    make(state.path(), &file).unwrap();
    let target = other.path().join("target");
    let damages = [
        ("passkey-epoch", "UPDATE part SET bytes = x'34' WHERE name = 'passkey-epoch'"),
        ("pki/ca.pem", "DELETE FROM part WHERE name = 'pki/ca.pem'"),
    ];
    for (lost, damage) in damages {
        Connection::open(&file).unwrap().execute(damage, []).unwrap();
        let refused = restore(&file, &target).unwrap_err();
        assert!(matches!(&refused, BackupError::Damaged { name, .. } if name == lost), "{refused}");
        let left = if target.exists() { names(&target) } else { Vec::new() };
        assert_eq!(left, ["pki"].map(str::to_owned)[..left.len()], "{lost}");
        fs::remove_file(&file).unwrap();
        make(state.path(), &file).unwrap();
    }
}

/// A backup of a version that kept no hashes is put back as it is.
#[test]
fn a_backup_without_hashes_is_taken() {
    let (state, other) = (state(), tempfile::tempdir().unwrap());
    let file = other.path().join("backup");
    make(state.path(), &file).unwrap();
    Connection::open(&file).unwrap().execute_batch("DROP TABLE sum").unwrap();
    restore(&file, &other.path().join("target")).unwrap();
}

/// Killed while it replaces files: some are of the backup, some of before. No server begins so.
#[test]
fn a_restore_that_is_killed_halfway_is_to_be_given_again() {
    let (state, other) = (state(), tempfile::tempdir().unwrap());
    let file = other.path().join("backup");
    make(state.path(), &file).unwrap();
    fs::write(state.path().join("restoring"), "").unwrap();
    let refused = Hold::take(state.path(), Duration::ZERO);
    assert!(matches!(refused, Err(BackupError::Halfway(_))));
    restore(&file, state.path()).unwrap();
    let _hold = Hold::take(state.path(), Duration::ZERO).unwrap();
}

/// An ISP's server keeps its keys under the same names.
#[test]
fn a_folder_with_keys_of_another_organisation_is_not_touched() {
    let (state, other) = (state(), tempfile::tempdir().unwrap());
    fs::write(state.path().join("pki/trust-domain"), "p2psp.example\n").unwrap();
    let (file, isp) = (other.path().join("backup"), other.path().join("isp"));
    make(state.path(), &file).unwrap();
    fs::create_dir_all(isp.join("pki")).unwrap();
    for (domain, is_ours) in [("isp.example\n", false), ("p2psp.example\n", true)] {
        fs::write(isp.join("pki/trust-domain"), domain).unwrap();
        let restored = restore(&file, &isp);
        match restored {
            Ok(_) => assert!(is_ours),
            Err(BackupError::Other { lacks, .. }) => assert!(!is_ours && lacks == "trust domain"),
            Err(other) => panic!("{other}"),
        }
        assert_eq!(isp.join("users.db").exists(), is_ours);
    }
}
