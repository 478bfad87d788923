//! SIGHUP: settings are read again, and what can change while the server runs does.

use std::sync::Arc;

use link::daemon::notify;
use link::shutdown::Shutdown;
use tokio::signal::unix::Signal;

use crate::api::Desk;
use crate::settings::{Inputs, Settings};

/// Keys of the settings that a reload takes over; the others need a restart.
const LIVE: [&str; 1] = ["role-server"];

/// Reads the settings again at each hangup until shutdown; refused ones change nothing.
pub async fn follow(
    inputs: Inputs,
    mut settings: Settings,
    desk: Arc<Desk>,
    mut hangups: Signal,
    shutdown: Shutdown,
) {
    loop {
        tokio::select! {
            () = shutdown.wait() => return,
            _ = hangups.recv() => {}
        }
        notify::reloading();
        let serving = format!("serving {}", desk.url);
        match take_over(&inputs, &settings, &desk) {
            Ok(new) => {
                settings = new;
                notify::reloaded(&serving);
            }
            Err(error) => {
                tracing::error!(%error, "reload refused; the old settings stay in force");
                notify::reloaded(&format!("reload refused ({error}); still {serving}"));
            }
        }
    }
}

fn take_over(inputs: &Inputs, old: &Settings, desk: &Desk) -> anyhow::Result<Settings> {
    let new = Settings::load(inputs)?;
    desk.links.follow(&new.role_server, new.call_timeout())?;
    let waiting = changed(old, &new)?;
    if !waiting.is_empty() {
        tracing::warn!(keys = waiting.join(", "), "changed settings that need a restart");
    }
    tracing::info!("settings taken over");
    Ok(new)
}

/// Keys with another value that stay as they were.
fn changed(old: &Settings, new: &Settings) -> anyhow::Result<Vec<String>> {
    let (old, new) = (toml::Table::try_from(old)?, toml::Table::try_from(new)?);
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    let differs =
        |key: &&&String| old.get(**key) != new.get(**key) && !LIVE.contains(&key.as_str());
    Ok(keys.iter().filter(differs).map(|key| (*key).clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reload_cannot_change_is_named() {
        let old = Settings::default();
        let mut new = Settings { provider: "other".into(), ..Settings::default() };
        new.list.size = 7;
        new.role_server = toml::from_str::<Settings>(
            "[[role-server]]\nrole = \"ums\"\nurl = \"https://u.example\"\n",
        )
        .unwrap()
        .role_server;
        assert_eq!(changed(&old, &new).unwrap(), ["list", "provider"]);
        assert!(changed(&new, &new).unwrap().is_empty());
    }
}
