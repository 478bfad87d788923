//! The tables of `users.db`. Times are Unix seconds, days are counted from 1970 on, UTC.

use crate::audit;

/// Each is run once, in order; what was released is never changed.
pub(super) const MIGRATIONS: [&str; 5] = [PROFILES, audit::TABLE, ACCOUNTS, REFUTED, MEASURED];

const PROFILES: &str = "
    CREATE TABLE user (
        id TEXT PRIMARY KEY,
        class INTEGER NOT NULL DEFAULT 0,
        reputation INTEGER NOT NULL DEFAULT 0,
        network TEXT,
        joins INTEGER NOT NULL DEFAULT 0,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE peer (
        id TEXT PRIMARY KEY,
        user TEXT NOT NULL REFERENCES user (id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX peer_of_user ON peer (user);
";

/// `balance`: what is credited to all accounts together is what is debited; the provider's own is
/// `house`, a user's `user/ID`. `epoch`: the last receipt of each pair and epoch. `sign_up`: tokens of a day,
/// those for new users under the empty name
/// and, by the address that they came from, under `@ADDRESS`.
const ACCOUNTS: &str = "
    ALTER TABLE user ADD COLUMN class_since INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE user ADD COLUMN is_pinned INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE user ADD COLUMN is_locked INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE user ADD COLUMN show_status INTEGER;
    ALTER TABLE peer ADD COLUMN ended INTEGER;
    CREATE TABLE sign_up (
        day INTEGER NOT NULL,
        user TEXT NOT NULL,
        times INTEGER NOT NULL,
        PRIMARY KEY (day, user)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE balance (
        account TEXT PRIMARY KEY,
        earned INTEGER NOT NULL DEFAULT 0,
        spent INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE server (
        peer TEXT PRIMARY KEY,
        user TEXT,
        service TEXT NOT NULL,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE epoch (
        contributor TEXT NOT NULL,
        consumer TEXT NOT NULL,
        overlay TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        content TEXT NOT NULL,
        seq INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        fragments INTEGER NOT NULL,
        rejected INTEGER NOT NULL,
        ts INTEGER NOT NULL,
        digest BLOB NOT NULL,
        PRIMARY KEY (contributor, consumer, overlay, epoch)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX epoch_by_time ON epoch (ts);
    CREATE TABLE day (
        peer TEXT NOT NULL,
        day INTEGER NOT NULL,
        joins INTEGER NOT NULL DEFAULT 0,
        given INTEGER NOT NULL DEFAULT 0,
        got INTEGER NOT NULL DEFAULT 0,
        relayed INTEGER NOT NULL DEFAULT 0,
        cached INTEGER NOT NULL DEFAULT 0,
        credited INTEGER NOT NULL DEFAULT 0,
        rejected INTEGER NOT NULL DEFAULT 0,
        accused INTEGER NOT NULL DEFAULT 0,
        flagged INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (peer, day)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX day_by_day ON day (day);
    CREATE TABLE pair_day (
        day INTEGER NOT NULL,
        giver TEXT NOT NULL,
        getter TEXT NOT NULL,
        credited INTEGER NOT NULL,
        PRIMARY KEY (day, giver, getter)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE overlay (
        id TEXT PRIMARY KEY,
        owner TEXT,
        since INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE distribution (
        overlay TEXT NOT NULL,
        content TEXT NOT NULL,
        peer TEXT NOT NULL,
        bytes INTEGER NOT NULL DEFAULT 0,
        fragments INTEGER NOT NULL DEFAULT 0,
        seconds INTEGER NOT NULL DEFAULT 0,
        complete INTEGER NOT NULL DEFAULT 0,
        receipted INTEGER NOT NULL DEFAULT 0,
        rejected INTEGER NOT NULL DEFAULT 0,
        given INTEGER NOT NULL DEFAULT 0,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (overlay, content, peer)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE distance (
        overlay TEXT NOT NULL,
        content TEXT NOT NULL,
        rank INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        PRIMARY KEY (overlay, content, rank)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE success (
        peer TEXT NOT NULL,
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (peer, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE exchange (
        giver TEXT NOT NULL,
        getter TEXT NOT NULL,
        overlay TEXT NOT NULL,
        content TEXT NOT NULL,
        seq INTEGER NOT NULL,
        ranges TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (giver, getter, overlay, content, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE error (
        reporter TEXT NOT NULL,
        accused TEXT NOT NULL,
        overlay TEXT NOT NULL,
        content TEXT NOT NULL,
        fragment INTEGER NOT NULL,
        kind TEXT NOT NULL,
        is_proved INTEGER NOT NULL,
        is_contradicted INTEGER NOT NULL DEFAULT 0,
        at INTEGER NOT NULL,
        PRIMARY KEY (reporter, accused, overlay, content, fragment, kind)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX error_of_overlay ON error (overlay, content);
";

/// The day on which OMS last found that it was not so.
const REFUTED: &str = "ALTER TABLE error ADD COLUMN refuted_on INTEGER;";

/// What peers measured at their interfaces, by the run of PAMS that added it up.
const MEASURED: &str = "
    CREATE TABLE measured (
        peer TEXT NOT NULL,
        day INTEGER NOT NULL,
        run INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        PRIMARY KEY (peer, day, run)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX measured_by_day ON measured (day);
";
