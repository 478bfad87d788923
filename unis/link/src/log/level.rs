//! What is logged, as the setting `log.level` says it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// A level for everything, or directives such as `warn,unis=debug`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Level(String);

/// A text that says nothing of what to log.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{0}` is no log level: they are error, warn, info, debug, trace and off, \
         or a filter such as info,link=debug"
)]
pub struct LevelError(String);

impl Level {
    /// What a program logs where nobody says otherwise; `directives` are good ones.
    #[must_use]
    pub fn standard(directives: &'static str) -> Self {
        Self(directives.to_owned())
    }

    /// As the subscriber wants it.
    pub(crate) fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::standard("info")
    }
}

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(text: &str) -> Result<Self, LevelError> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        // A word alone would be a module of which all is logged, and nothing of the others: a
        // mistyped level would silence the log.
        let is_level = |part: &str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
        let is_directive = |part: &str| part.contains('=') && !part.contains(char::is_whitespace);
        if let Some(part) = parts.iter().find(|part| !(is_level(part) || is_directive(part))) {
            return Err(LevelError((*part).to_owned()));
        }
        let joined = parts.join(",");
        EnvFilter::try_new(&joined).map_err(|_| LevelError(text.to_owned()))?;
        Ok(Self(joined))
    }
}

impl TryFrom<String> for Level {
    type Error = LevelError;

    fn try_from(text: String) -> Result<Self, LevelError> {
        text.parse()
    }
}

impl From<Level> for String {
    fn from(level: Level) -> Self {
        level.0
    }
}

#[cfg(test)]
mod tests {
    use crate::log::Level;

    #[test]
    fn a_mistyped_level_is_refused_and_silences_nothing() {
        for good in ["info", "WARN", "off", "warn,unis=debug", "link=trace, info"] {
            assert!(good.parse::<Level>().is_ok(), "{good}");
        }
        let spaced: Level = "link=trace, info".parse().unwrap();
        assert_eq!(String::from(spaced), "link=trace,info");
        for bad in ["loud", "inof", "info,link", "info,", "", "link=loud", "warn unis=debug"] {
            let said = bad.parse::<Level>().unwrap_err().to_string();
            assert!(said.contains("is no log level"), "{bad}: {said}");
        }
    }
}
