//! Status of peers: how often it is told, how long it counts.

use serde::{Deserialize, Serialize};

use crate::settings::SettingsError;

/// What is made of status reports.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ActivitySettings {
    /// Seconds between reports that peers are asked for.
    pub report_seconds: u64,
    /// A report counts for so many seconds.
    pub max_age_seconds: u64,
    /// A peer counts as failed after so many reports that did not come.
    pub missed_reports: u64,
    /// What a peer told is forgotten after so many seconds of silence.
    pub keep_seconds: u64,
    /// From this load on, 0 to 1, a peer is overloaded.
    pub overload: f32,
    /// Peers whose status is kept at a time.
    pub max_peers: usize,
    /// Seconds between what UMS is told of what peers measured.
    pub tell_seconds: u64,
    /// Length of a window of history, seconds.
    pub history_window_seconds: u64,
    /// Windows of history kept of a peer.
    pub history_windows: usize,
}

impl Default for ActivitySettings {
    fn default() -> Self {
        Self {
            report_seconds: 30,
            max_age_seconds: 120,
            missed_reports: 3,
            keep_seconds: 3600,
            overload: 0.9,
            max_peers: 1_000_000,
            tell_seconds: 300,
            history_window_seconds: 300,
            history_windows: 12,
        }
    }
}

impl ActivitySettings {
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        for (key, bound) in [
            ("activity.report-seconds", self.report_seconds),
            ("activity.max-age-seconds", self.max_age_seconds),
            ("activity.missed-reports", self.missed_reports),
            ("activity.tell-seconds", self.tell_seconds),
            ("activity.history-window-seconds", self.history_window_seconds),
            ("activity.history-windows", self.history_windows as u64),
        ] {
            if bound == 0 {
                return Err(SettingsError::invalid(key, "has to be above 0"));
            }
        }
        if self.keep_seconds < self.max_age_seconds {
            let message = "is shorter than max-age-seconds: reports that count would be forgotten";
            return Err(SettingsError::invalid("activity.keep-seconds", message));
        }
        if !(0.0..=1.0).contains(&self.overload) {
            return Err(SettingsError::invalid("activity.overload", "has to be 0 to 1"));
        }
        Ok(())
    }
}
