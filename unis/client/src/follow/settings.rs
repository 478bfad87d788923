//! What to follow, and how closely.

use std::time::Duration;

/// Most metrics of one follower: each is a matrix in memory.
pub(crate) const MAX_METRICS: usize = 16;

/// Shortest interval and wait: anything less is a loop that hammers.
const MIN_WAIT: Duration = Duration::from_millis(1);

/// Longest interval and wait: what is meant to be never.
const MAX_WAIT: Duration = Duration::from_secs(366 * 24 * 3600);

/// What a [`Follower`](crate::Follower) follows, and how closely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowSettings {
    /// Id of the network map; none for the server's default one.
    pub network_map: Option<String>,
    /// Cost metrics, each by its numerical cost map where there is one, else by its ordinal one.
    pub metrics: Vec<String>,
    /// From one check to the next; each is up to a tenth earlier or later, so that many clients
    /// do not ask at once.
    pub interval: Duration,
    /// After the first failure; doubled with each that follows.
    pub first_retry: Duration,
    /// The longest that doubling leads to.
    pub longest_retry: Duration,
    /// After so long without a check that succeeded the maps count as stale. They stay in use.
    pub stale_after: Duration,
    /// After so long the directory is read again, though nothing is wrong.
    pub directory_max_age: Duration,
    /// Most PIDs that are taken: a matrix has 2 to 4 bytes for each *pair*.
    pub max_pids: usize,
}

impl Default for FollowSettings {
    fn default() -> Self {
        Self {
            network_map: None,
            metrics: vec!["routingcost".to_owned()],
            interval: Duration::from_secs(30),
            first_retry: Duration::from_secs(1),
            longest_retry: Duration::from_secs(60),
            stale_after: Duration::from_secs(300),
            directory_max_age: Duration::from_secs(3600),
            max_pids: 8192,
        }
    }
}

/// Settings that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// More than a follower takes.
    #[error("{0} metrics are more than {MAX_METRICS}")]
    TooManyMetrics(usize),
    /// One metric twice.
    #[error("metric {0:?} is listed twice")]
    MetricTwice(String),
    /// A time that would make the follower hammer, or sleep for ever.
    #[error("{name} is {} ms, {} to {} are allowed",
        .given.as_millis(), MIN_WAIT.as_millis(), MAX_WAIT.as_millis())]
    Time {
        /// Which setting.
        name: &'static str,
        /// Its value.
        given: Duration,
    },
}

impl FollowSettings {
    /// Checks what types cannot say.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if self.metrics.len() > MAX_METRICS {
            return Err(SettingsError::TooManyMetrics(self.metrics.len()));
        }
        for (at, metric) in self.metrics.iter().enumerate() {
            if self.metrics.iter().take(at).any(|before| before == metric) {
                return Err(SettingsError::MetricTwice(metric.clone()));
            }
        }
        let times = [
            ("interval", self.interval),
            ("first_retry", self.first_retry),
            ("longest_retry", self.longest_retry),
        ];
        match times.into_iter().find(|(_, given)| !(MIN_WAIT..=MAX_WAIT).contains(given)) {
            Some((name, given)) => Err(SettingsError::Time { name, given }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_be_followed_and_nonsense_cannot() {
        let settings = FollowSettings::default();
        assert_eq!(settings.check(), Ok(()));
        let metrics = vec!["hopcount".to_owned(), "hopcount".to_owned()];
        let twice = FollowSettings { metrics, ..settings.clone() };
        assert_eq!(twice.check(), Err(SettingsError::MetricTwice("hopcount".to_owned())));
        let hammer = FollowSettings { interval: Duration::ZERO, ..settings };
        let error = hammer.check().unwrap_err();
        assert_eq!(error.to_string(), "interval is 0 ms, 1 to 31622400000 are allowed");
    }
}
