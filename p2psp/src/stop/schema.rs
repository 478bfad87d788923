//! Tables of stops. Times are Unix seconds.

use crate::audit;

/// Run once each, in order.
pub(crate) const MIGRATIONS: [&str; 3] = [STOPS, audit::TABLE, LIFTED];

/// A stop is never deleted: its number is not given twice.
const STOPS: &str = "
    CREATE TABLE stop (
        seq INTEGER PRIMARY KEY,
        order_id TEXT NOT NULL UNIQUE,
        overlay TEXT NOT NULL,
        content TEXT,
        signed TEXT NOT NULL
    ) STRICT;
    CREATE TABLE stopped (
        seq INTEGER NOT NULL REFERENCES stop (seq),
        peer TEXT NOT NULL,
        told INTEGER NOT NULL DEFAULT 0,
        acknowledged INTEGER,
        forwarded INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (seq, peer)
    ) STRICT, WITHOUT ROWID;
";

/// When a stop was lifted; it stays as it was, marked.
const LIFTED: &str = "ALTER TABLE stop ADD COLUMN lifted INTEGER;";
