//! What a peer gives and takes at most (Req-Traffic-030/040): rates, connections, per peer and per
//! class, by time of day.

use link::settings::SettingsError;
use serde::{Deserialize, Serialize};

/// Bounds of use. 0: no bound, for rates alone.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// Sent to all peers together, kbit/s.
    pub up_kbps: u64,
    /// Received from all peers together, kbit/s.
    pub down_kbps: u64,
    /// Sent to one peer, kbit/s.
    pub peer_up_kbps: u64,
    /// Received from one peer, kbit/s.
    pub peer_down_kbps: u64,
    /// Sent to the users of one class, kbit/s: entry 0 for class 0, and so on; none: no bound.
    pub class_up_kbps: Vec<u64>,
    /// Connections with peers at a time.
    pub connections: usize,
    /// Other rates at other times of the day; the first window that fits counts.
    pub window: Vec<Window>,
}

/// Other rates at some time of the day.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Window {
    /// From this minute of the local day on, `HH:MM`.
    pub from: String,
    /// To this one, `HH:MM`; before `from`: over midnight.
    pub to: String,
    /// As [`Limits::up_kbps`].
    pub up_kbps: u64,
    /// As [`Limits::down_kbps`].
    pub down_kbps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            up_kbps: 0,
            down_kbps: 0,
            peer_up_kbps: 0,
            peer_down_kbps: 0,
            class_up_kbps: Vec::new(),
            connections: 60,
            window: Vec::new(),
        }
    }
}

/// Most connections that can be set.
const MAX_CONNECTIONS: usize = 4096;
/// Highest rate that can be set, kbit/s: 1 Tbit/s.
const MAX_KBPS: u64 = 1_000_000_000;
/// Classes that there are, 0 and on.
const CLASSES: usize = 256;
/// Minutes of a day.
const DAY: u32 = 24 * 60;

impl Limits {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.connections == 0 || self.connections > MAX_CONNECTIONS {
            let message = format!("{} is not 1 to {MAX_CONNECTIONS}", self.connections);
            return Err(SettingsError::invalid("limits.connections", message));
        }
        if self.class_up_kbps.len() > CLASSES {
            let message = format!("{} rates, for {CLASSES} classes", self.class_up_kbps.len());
            return Err(SettingsError::invalid("limits.class-up-kbps", message));
        }
        let classes = self.class_up_kbps.iter().map(|rate| ("class-up-kbps", *rate));
        let rates = [
            ("up-kbps", self.up_kbps),
            ("down-kbps", self.down_kbps),
            ("peer-up-kbps", self.peer_up_kbps),
            ("peer-down-kbps", self.peer_down_kbps),
        ];
        rates.into_iter().chain(classes).try_for_each(|(key, rate)| check_rate(key, rate))?;
        for window in &self.window {
            window.check()?;
        }
        Ok(())
    }

    /// Rates up and down at a minute of the local day, bytes a second; `None`: no bound.
    #[must_use]
    pub fn rates(&self, at: u32) -> (Option<u64>, Option<u64>) {
        let (up, down) = match self.window_at(at) {
            Some(window) => (window.up_kbps, window.down_kbps),
            None => (self.up_kbps, self.down_kbps),
        };
        (bytes_per_second(up), bytes_per_second(down))
    }

    /// The window that holds at a minute of the local day, where one does.
    #[must_use]
    pub fn window_at(&self, at: u32) -> Option<&Window> {
        self.window.iter().find(|window| window.holds(at % DAY))
    }
}

impl Window {
    fn check(&self) -> Result<(), SettingsError> {
        let parsed = [("from", &self.from, minute(&self.from)), ("to", &self.to, end(&self.to))];
        if let Some((key, text, _)) = parsed.into_iter().find(|(_, _, at)| at.is_none()) {
            let message = format!("\"{text}\" is no time of the day, such as 22:30");
            return Err(SettingsError::invalid(&format!("limits.window.{key}"), message));
        }
        if minute(&self.from) == end(&self.to) {
            let message = format!(
                "from {} to {} is no time at all; a whole day is from 00:00 to 24:00",
                self.from, self.to
            );
            return Err(SettingsError::invalid("limits.window", message));
        }
        check_rate("window.up-kbps", self.up_kbps)?;
        check_rate("window.down-kbps", self.down_kbps)
    }

    fn holds(&self, at: u32) -> bool {
        let (Some(from), Some(to)) = (minute(&self.from), end(&self.to)) else { return false };
        match from <= to {
            true => (from..to).contains(&at),
            false => at >= from || at < to,
        }
    }
}

fn check_rate(key: &str, kbps: u64) -> Result<(), SettingsError> {
    if kbps <= MAX_KBPS {
        return Ok(());
    }
    let message = format!("{kbps} is above {MAX_KBPS}; 0 is no bound");
    Err(SettingsError::invalid(&format!("limits.{key}"), message))
}

/// A rate in bytes a second; `None` where there is no bound.
#[must_use]
pub fn bytes_per_second(kbps: u64) -> Option<u64> {
    (kbps > 0).then(|| kbps.saturating_mul(1000) / 8)
}

fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// The end of a window: 24:00 is the end of the day.
fn end(text: &str) -> Option<u32> {
    if text == "24:00" { Some(DAY) } else { minute(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn night() -> Limits {
        let window =
            Window { from: "22:00".into(), to: "06:30".into(), up_kbps: 0, down_kbps: 800 };
        Limits { up_kbps: 80, window: vec![window], ..Limits::default() }
    }

    #[test]
    fn a_window_may_go_over_midnight() {
        let limits = night();
        assert_eq!(limits.rates(22 * 60 - 1), (Some(10_000), None));
        assert_eq!(limits.rates(22 * 60), (None, Some(100_000)));
        assert_eq!(limits.rates(6 * 60 + 29), (None, Some(100_000)));
        assert_eq!(limits.rates(6 * 60 + 30), (Some(10_000), None));
    }

    #[test]
    fn a_window_of_no_time_is_refused_and_one_of_all_day_is_written_to_24() {
        let with = |from: &str, to: &str| {
            let mut limits = night();
            (limits.window[0].from, limits.window[0].to) = (from.into(), to.into());
            limits
        };
        let said = with("10:00", "10:00").check().unwrap_err().to_string();
        assert!(said.contains("from 10:00 to 10:00 is no time at all"), "{said}");
        let all_day = with("00:00", "24:00");
        assert!(all_day.check().is_ok());
        assert_eq!(all_day.rates(0), (None, Some(100_000)));
        assert_eq!(all_day.rates(24 * 60 - 1), (None, Some(100_000)));
        let evening = with("18:00", "24:00");
        assert_eq!(evening.rates(0), (Some(10_000), None));
        assert_eq!(evening.rates(24 * 60 - 1), (None, Some(100_000)));
        assert!(with("24:00", "06:00").check().is_err());
    }

    #[test]
    fn times_and_counts_that_are_none_are_refused() {
        let mut limits = night();
        limits.window[0].to = "25:00".into();
        assert!(limits.check().is_err());
        assert!(Limits { connections: 0, ..Limits::default() }.check().is_err());
    }

    #[test]
    fn rates_that_no_line_has_and_more_of_them_than_classes_are_refused() {
        const MOST: u64 = 1_000_000_000;
        let mut windows = night();
        windows.window[0].up_kbps = MOST + 1;
        let class_up_kbps = |rates: Vec<u64>| Limits { class_up_kbps: rates, ..Limits::default() };
        for (key, limits) in [
            ("up-kbps", Limits { up_kbps: MOST + 1, ..Limits::default() }),
            ("down-kbps", Limits { down_kbps: u64::MAX, ..Limits::default() }),
            ("peer-up-kbps", Limits { peer_up_kbps: MOST + 1, ..Limits::default() }),
            ("peer-down-kbps", Limits { peer_down_kbps: MOST + 1, ..Limits::default() }),
            ("class-up-kbps", class_up_kbps(vec![0, MOST + 1])),
            ("class-up-kbps", class_up_kbps(vec![0; 257])),
            ("window.up-kbps", windows),
        ] {
            let said = limits.check().unwrap_err().to_string();
            assert!(said.contains(&format!("limits.{key}")), "{said}");
        }
        assert!(Limits { up_kbps: MOST, ..class_up_kbps(vec![0; 256]) }.check().is_ok());
    }
}
