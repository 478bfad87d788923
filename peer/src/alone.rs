//! One process works on a state folder at a time: two would be one member of an overlay at two
//! ports, and each would end what the other began.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::control::Control;
use crate::home::Home;

/// One that starts or ends is waited for so long, and looked at so often.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: u32 = 100;

/// That a state folder is this process's, while it lives.
#[derive(Debug)]
pub struct Hold {
    _file: File,
}

/// Whose a state folder is.
#[derive(Debug)]
pub enum Turn {
    /// Ours.
    Mine(Hold),
    /// A peer runs with it, and takes commands.
    Running,
}

impl Turn {
    /// Takes the folder, unless a peer runs with it.
    ///
    /// # Errors
    /// Another process has it, and neither takes commands nor ends; or the disk refuses.
    pub async fn of(home: &Home) -> anyhow::Result<Self> {
        let control = Control::at(&home.socket());
        for _ in 0..LOOKS {
            if control.is_running().await {
                return Ok(Self::Running);
            }
            let held = hold(home).with_context(|| home.lock().display().to_string())?;
            if let Some(held) = held {
                return Ok(Self::Mine(held));
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!(
            "another process works on {}, and has not ended within {} s",
            home.folder().display(),
            (LOOK * LOOKS).as_secs()
        )
    }
}

fn hold(home: &Home) -> io::Result<Option<Hold>> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(home.lock())?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Hold { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_state_folder_is_one_process_s_until_that_ends() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let Turn::Mine(first) = Turn::of(&home).await.unwrap() else { panic!("not ours") };
        let busy = Turn::of(&home).await.unwrap_err().to_string();
        assert!(busy.contains("has not ended within 10 s"), "{busy}");
        // It takes commands now.
        let socket = tokio::net::UnixListener::bind(home.socket()).unwrap();
        assert!(matches!(Turn::of(&home).await.unwrap(), Turn::Running));
        drop((socket, first));
        assert!(matches!(Turn::of(&home).await.unwrap(), Turn::Mine(_)));
    }
}
