//! Tables of the index. Times are Unix seconds, digests are 64 hex digits in texts and 32 bytes in
//! blobs.

use crate::audit;

/// Run once each, in order.
pub(crate) const MIGRATIONS: [&str; 7] =
    [CONTENTS, audit::TABLE, CUTS, LIFTS, WORDS, VOCABULARY, LISTS];
/// The number of [`LISTS`], after which the words of contents that are there are to be put on them.
pub(crate) const LISTED: usize = MIGRATIONS.len();

/// Which contents have a word: of each block of them (`crate::index::places`) a row, in the form of
/// [`crate::index::words`]. `kind`: words of titles 0, beginnings of those 1, words of titles and
/// descriptions 2, beginnings of those 3. Full-text tables of SQLite, which were here before, go
/// through the whole list of a word that nearly all contents have to find few that have another.
const LISTS: &str = "
    DROP TABLE titles;
    DROP TABLE texts;
    DROP TABLE word;
    CREATE TABLE list (
        block INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        word TEXT NOT NULL,
        places BLOB NOT NULL,
        PRIMARY KEY (block, kind, word)
    ) STRICT, WITHOUT ROWID;
";

/// Left to [`LISTS`]: empty in between.
const WORDS: &str = "
    DROP TABLE words;
    CREATE VIRTUAL TABLE titles USING fts5 (
        words, content = '', contentless_delete = 1, tokenize = 'ascii', detail = none,
        prefix = '2 3 4 5'
    );
    CREATE VIRTUAL TABLE texts USING fts5 (
        words, content = '', contentless_delete = 1, tokenize = 'ascii', detail = none,
        prefix = '2 3 4 5'
    );
";

/// Left to [`LISTS`], too.
const VOCABULARY: &str = "
    CREATE TABLE word (word TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
";

const CONTENTS: &str = "
    CREATE TABLE content (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        overlay TEXT NOT NULL,
        owner TEXT NOT NULL,
        publisher TEXT NOT NULL,
        version INTEGER NOT NULL,
        title TEXT NOT NULL,
        description TEXT NOT NULL,
        size INTEGER NOT NULL,
        title_words TEXT NOT NULL
    ) STRICT;
    CREATE INDEX content_of_overlay ON content (overlay);
    CREATE INDEX content_of_title ON content (title_words);
    CREATE TABLE index_file (
        number INTEGER PRIMARY KEY REFERENCES content (number) ON DELETE CASCADE,
        text TEXT NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE words USING fts5 (
        title, description, content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '2 3'
    );
    CREATE TABLE denied (
        digest BLOB NOT NULL,
        kind INTEGER NOT NULL,
        denied INTEGER NOT NULL,
        seq INTEGER NOT NULL UNIQUE,
        PRIMARY KEY (digest, kind)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE takedown (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        content TEXT,
        overlay TEXT NOT NULL,
        is_whole INTEGER NOT NULL,
        reason TEXT NOT NULL,
        authority TEXT NOT NULL,
        at INTEGER NOT NULL,
        seq INTEGER,
        result TEXT,
        is_done INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX takedown_open ON takedown (is_done, number);
";

/// A content is cut in one way for good: what a sender signed of a fragment must not be held
/// against a fragment of another length.
const CUTS: &str = "
    CREATE TABLE cut (
        content TEXT PRIMARY KEY,
        fragment_size INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// `taken`: what a takedown forbade, by kind as in `denied`; `is_own`: nobody else had forbidden it,
/// so that it is allowed when the takedown is lifted. `lift_told`: whether OMS knows.
const LIFTS: &str = "
    ALTER TABLE takedown ADD COLUMN lifted_at INTEGER;
    ALTER TABLE takedown ADD COLUMN lifted_by TEXT;
    ALTER TABLE takedown ADD COLUMN lifted_why TEXT;
    ALTER TABLE takedown ADD COLUMN lift_told INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX takedown_lifted ON takedown (lift_told, lifted_at);
    CREATE TABLE taken (
        digest BLOB NOT NULL,
        kind INTEGER NOT NULL,
        number INTEGER NOT NULL REFERENCES takedown (number),
        is_own INTEGER NOT NULL,
        PRIMARY KEY (digest, kind, number)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO taken
        SELECT digest, kind, number, 1 FROM takedown
        JOIN denied ON lower(hex(digest)) = content AND kind = 0;
";
