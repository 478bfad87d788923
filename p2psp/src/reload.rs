//! SIGHUP: settings are read again, and what can change while the server runs does: `[[isp]]`,
//! `[list]`, `[activity]`, `[[role-server]]`. The log names what else has changed and waits for a
//! restart.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use link::daemon::notify;
use link::shutdown::Shutdown;
use tokio::signal::unix::Signal;

use crate::api::Desk;
use crate::settings::{Inputs, Settings};

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
    let isps = desk.oms.as_ref().filter(|_| old.isp != new.isp);
    // All that can be refused comes first.
    let isps = isps.map(|oms| oms.isps.load().renewed(&new.isp)).transpose()?;
    desk.links.follow(&new.role_server, new.call_timeout())?;
    let waiting = changed(old, &new)?;
    if let Some(oms) = &desk.oms {
        if let Some(isps) = isps {
            oms.isps.store(Arc::new(isps));
        }
        oms.list.store(Arc::new(new.list.clone()));
        oms.report_seconds.store(new.activity.report_seconds, Ordering::Relaxed);
    }
    if let Some(pams) = &desk.pams {
        pams.change(new.activity.clone());
    }
    if !waiting.is_empty() {
        tracing::warn!(keys = waiting.join(", "), "changed settings that need a restart");
    }
    tracing::info!("settings taken over");
    Ok(new)
}

/// Keys with another value that stay as they were.
fn changed(old: &Settings, new: &Settings) -> anyhow::Result<Vec<String>> {
    let taken = Settings {
        role_server: new.role_server.clone(),
        isp: new.isp.clone(),
        list: new.list.clone(),
        activity: new.activity.clone(),
        ..old.clone()
    };
    let (old, new) = (toml::Table::try_from(&taken)?, toml::Table::try_from(new)?);
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    let differs = |key: &&&String| old.get(**key) != new.get(**key);
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
        new.activity.overload = 0.5;
        new.overlay.max_members = 9;
        new.role_server = toml::from_str::<Settings>(
            "[[role-server]]\nrole = \"ums\"\nurl = \"https://u.example\"\n",
        )
        .unwrap()
        .role_server;
        assert_eq!(changed(&old, &new).unwrap(), ["overlay", "provider"]);
        new.activity.max_peers = 9;
        assert_eq!(changed(&old, &new).unwrap(), ["overlay", "provider"]);
        assert!(changed(&new, &new).unwrap().is_empty());
    }
}
