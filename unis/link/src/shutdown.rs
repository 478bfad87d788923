//! When to stop: one signal that every loop of the process waits for.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A signal that is given once and stays given. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// A signal that nobody has given yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A signal given by the first SIGTERM or SIGINT; must be called inside a runtime.
    ///
    /// # Errors
    /// Those of the operating system when a signal handler cannot be installed.
    pub fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = Self::new();
        let given = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
                _ = interrupt.recv() => tracing::info!("SIGINT: draining"),
            }
            given.trigger();
        });
        Ok(shutdown)
    }

    /// Gives the signal.
    pub fn trigger(&self) {
        self.token.cancel();
    }

    /// Whether the signal was given.
    pub fn is_triggered(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Returns as soon as the signal is given.
    pub async fn wait(&self) {
        self.token.cancelled().await;
    }

    /// A signal that follows this one and can also be given alone.
    pub fn child(&self) -> Self {
        Self { token: self.token.child_token() }
    }

    /// The token itself, for a future that has to own its wait.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }
}

/// SIGHUP, the wish to reload: `recv().await` returns once for each.
///
/// # Errors
/// Those of the operating system when the signal handler cannot be installed.
pub fn hangups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}
