//! Times as people read them.

use time::{Date, Duration, OffsetDateTime};

/// The date of a day that is counted from 1970-01-01, UTC.
pub(crate) fn day(days: u64) -> String {
    let since = i64::try_from(days).ok().and_then(|days| days.checked_mul(86_400));
    let since = since.map(Duration::seconds);
    let date = since.and_then(|since| OffsetDateTime::UNIX_EPOCH.checked_add(since));
    date.map_or_else(|| days.to_string(), |date| Date::to_string(&date.date()))
}

/// A moment in Unix seconds, to the second, UTC.
pub(crate) fn moment(unix_s: u64) -> String {
    let clock = i64::try_from(unix_s % 86_400).unwrap_or_default();
    format!(
        "{} {:02}:{:02}:{:02}Z",
        day(unix_s / 86_400),
        clock / 3600,
        clock / 60 % 60,
        clock % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `date -u -d @1795985811`.
    #[test]
    fn seconds_are_told_as_dates() {
        assert_eq!(moment(1_795_985_811), "2026-11-29 20:56:51Z");
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(u64::MAX), u64::MAX.to_string());
    }
}
