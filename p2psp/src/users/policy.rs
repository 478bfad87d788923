//! Classes by contribution (Req-User-040, Req-Dist-040): a policy file says what each class takes.
//!
//! ```toml
//! window-days = 30              # what is looked at
//! hysteresis-percent = 20       # a class is kept until that much below what it takes
//! min-days = 3                  # and for so long at least
//!
//! [[class]]
//! class = 1
//! earned-mib = 1024             # all that stand here have to be reached
//!
//! [[class]]
//! class = 2
//! earned-mib = 10240
//! active-days = 5
//! ```
//!
//! Rises are at once. The share of up and down is not asked for: lines are not alike in both
//! directions (TR 20002 §6.3.2).

use std::path::{Path, PathBuf};

use mp2p::id::UserId;
use serde::Deserialize;

use crate::users::ledger::Contribution;

/// Classes of a policy at most.
const MAX_CLASSES: usize = 16;
/// Longest window, days: accounts are kept longer.
const MAX_WINDOW_DAYS: u64 = 365;
/// Seconds of a day.
const DAY_S: u64 = 86_400;
/// Longest file read, bytes.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// What each class takes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Policy {
    /// Days that are looked at, today among them.
    #[serde(default = "thirty")]
    pub window_days: u64,
    /// A class is kept until its user is below what it takes by so much.
    #[serde(default)]
    pub hysteresis_percent: u8,
    /// A class is kept for so many days at least.
    #[serde(default)]
    pub min_days: u64,
    /// The classes, in ascending order; class 0 takes nothing and does not stand here.
    #[serde(default, rename = "class")]
    pub classes: Vec<Taking>,
}

/// What one class takes: all of it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Taking {
    /// Which class.
    pub class: u8,
    /// Credit, MiB.
    pub earned_mib: u64,
    /// Relayed for others, MiB.
    pub relayed_mib: u64,
    /// Given as a cache, MiB.
    pub cached_mib: u64,
    /// Days with a join or an exchange.
    pub active_days: u64,
}

/// Another class for a user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The user.
    pub user: UserId,
    /// The class now.
    pub from: u8,
    /// The class to be.
    pub to: u8,
    /// Credit in the window, bytes.
    pub earned: u64,
}

/// A policy file is refused.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It cannot be read.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// It is no policy; the text has line and column.
    #[error("{}: {reason}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

const fn thirty() -> u64 {
    30
}

impl Policy {
    /// Reads a file.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn read(path: &Path) -> Result<Self, PolicyError> {
        let io = |source| PolicyError::Io { path: path.to_owned(), source };
        let content = |reason| PolicyError::Content { path: path.to_owned(), reason };
        let length = std::fs::metadata(path).map_err(io)?.len();
        if length > MAX_FILE_BYTES {
            return Err(content(format!("{length} bytes are more than {MAX_FILE_BYTES}")));
        }
        Self::parse(&std::fs::read_to_string(path).map_err(io)?).map_err(content)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let policy: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if policy.window_days == 0 || policy.window_days > MAX_WINDOW_DAYS {
            return Err(format!("window-days has to be 1 to {MAX_WINDOW_DAYS}"));
        }
        if policy.hysteresis_percent > 100 {
            return Err("hysteresis-percent has to be 0 to 100".to_owned());
        }
        // As a file that broke off has it.
        if policy.classes.is_empty() {
            return Err("there is no [[class]]: everybody would have class 0".to_owned());
        }
        if policy.classes.len() > MAX_CLASSES {
            return Err(format!("there are more than {MAX_CLASSES} classes"));
        }
        let mut last = 0;
        for taking in &policy.classes {
            if taking.class <= last {
                return Err(format!("class {} does not follow class {last}", taking.class));
            }
            if *taking == (Taking { class: taking.class, ..Taking::default() }) {
                return Err(format!(
                    "class {} takes nothing: everybody would have it",
                    taking.class
                ));
            }
            last = taking.class;
        }
        Ok(policy)
    }

    /// The first day that is looked at, days since 1970, at `now`, Unix seconds.
    #[must_use]
    pub const fn since(&self, now: u64) -> u64 {
        (now / DAY_S + 1).saturating_sub(self.window_days)
    }

    /// Who gets another class at `now`. A class that an operator gave stays.
    #[must_use]
    pub fn changes(&self, contributions: &[Contribution], now: u64) -> Vec<Change> {
        let change = |one: &Contribution| {
            let to = self.class(one, now);
            let change = Change { user: one.user.clone(), from: one.class, to, earned: one.earned };
            (to != one.class && !one.is_pinned).then_some(change)
        };
        contributions.iter().filter_map(change).collect()
    }

    fn class(&self, one: &Contribution, now: u64) -> u8 {
        let best = |percent: u8, most: u8| {
            let reached = |taking: &&Taking| taking.class <= most && taking.holds(one, percent);
            self.classes.iter().rev().find(reached).map_or(0, |taking| taking.class)
        };
        let reached = best(100, u8::MAX);
        if reached >= one.class {
            return reached;
        }
        if now < one.class_since.saturating_add(self.min_days.saturating_mul(DAY_S)) {
            return one.class;
        }
        reached.max(best(100 - self.hysteresis_percent.min(100), one.class))
    }
}

impl Taking {
    /// Whether `percent` of everything is reached.
    fn holds(&self, one: &Contribution, percent: u8) -> bool {
        const MIB: u128 = 1 << 20;
        let enough = |got: u64, takes: u64, unit: u128| {
            u128::from(got) * 100 >= u128::from(takes) * unit * u128::from(percent)
        };
        enough(one.earned, self.earned_mib, MIB)
            && enough(one.relayed, self.relayed_mib, MIB)
            && enough(one.cached, self.cached_mib, MIB)
            && enough(one.active_days, self.active_days, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;
    const MIB: u64 = 1 << 20;
    const POLICY: &str = "
        hysteresis-percent = 20
        min-days = 3
        [[class]]
        class = 1
        earned-mib = 100
        [[class]]
        class = 3
        earned-mib = 1000
        active-days = 5
    ";

    fn one(class: u8, earned_mib: u64, active_days: u64, held_days: u64) -> Contribution {
        Contribution {
            user: UserId::parse("anna").unwrap(),
            class,
            class_since: NOW - held_days * DAY_S,
            is_pinned: false,
            earned: earned_mib * MIB,
            got: 0,
            relayed: 0,
            cached: 0,
            active_days,
        }
    }

    #[test]
    fn a_class_is_reached_at_once_and_lost_with_hysteresis() {
        let policy = Policy::parse(POLICY).unwrap();
        for (contribution, class, why) in [
            (one(0, 99, 9, 0), 0, "one below"),
            (one(0, 100, 9, 0), 1, "just reached"),
            (one(0, 1000, 4, 0), 1, "credit enough, days not"),
            (one(0, 1000, 5, 0), 3, "two classes at once"),
            (one(3, 800, 4, 9), 3, "80 % of everything is left"),
            (one(3, 799, 5, 9), 1, "below 80 %"),
            (one(3, 0, 0, 2), 3, "held for two days only"),
            (one(3, 0, 0, 3), 0, "held for three"),
            (one(1, 80, 0, 9), 1, "80 of 100"),
            (one(1, 79, 0, 9), 0, "79 of 100"),
        ] {
            assert_eq!(policy.class(&contribution, NOW), class, "{why}");
        }
    }

    #[test]
    fn changes_are_told_and_what_an_operator_gave_is_none() {
        let policy = Policy::parse(POLICY).unwrap();
        let pinned = Contribution { is_pinned: true, ..one(5, 0, 0, 99) };
        let changes = policy.changes(&[one(0, 100, 1, 0), pinned, one(1, 100, 1, 9)], NOW);
        let told: Vec<_> = changes.iter().map(|one| (one.from, one.to, one.earned)).collect();
        assert_eq!(told, [(0, 1, 100 * MIB)]);
    }

    #[test]
    fn the_window_has_today_in_it() {
        let policy = Policy { window_days: 1, ..Policy::parse(POLICY).unwrap() };
        assert_eq!(policy.since(NOW), NOW / DAY_S);
    }

    #[test]
    fn a_file_that_cannot_be_meant_is_refused_with_its_place() {
        for (text, reason) in [
            ("[[class]]\nclass = 1\nerned-mib = 1", "TOML parse error at line 3, column 1"),
            ("[[class]]\nclass = 0\nearned-mib = 1", "class 0 does not follow class 0"),
            ("[[class]]\nclass = 1", "class 1 takes nothing"),
            ("window-days = 0", "window-days has to be 1 to 365"),
            ("hysteresis-percent = 101", "hysteresis-percent has to be 0 to 100"),
            ("", "there is no [[class]]"),
            ("window-days = 7\n", "there is no [[class]]"),
        ] {
            let refused = Policy::parse(text).unwrap_err();
            assert!(refused.starts_with(reason), "{refused}");
        }
    }
}
