//! A peer to command: the one that runs with this state folder, or one of our own for as long as
//! the command takes.

use std::sync::Arc;

use link::shutdown::Shutdown;

use crate::cli::InputArguments;
use crate::control::{Control, serve};
use crate::node::Node;

pub(crate) use link::daemon::run_to_end as block_on;

/// A peer to command.
pub(crate) struct Session {
    /// What commands go to.
    pub(crate) control: Control,
    /// The peer that this command started; `None` where one was running.
    own: Option<(Arc<Node>, Shutdown)>,
}

impl Session {
    /// The peer that runs, or a new one.
    pub(crate) async fn open(inputs: &InputArguments) -> anyhow::Result<Self> {
        let (settings, home) = inputs.open()?;
        let control = Control::at(&home.socket());
        if control.is_running().await {
            return Ok(Self { control, own: None });
        }
        link::log::init(&settings.log)?;
        let shutdown = Shutdown::on_signals()?;
        let socket = home.socket();
        let node = Node::start(home, settings, None, shutdown.clone()).await?;
        serve(&socket, (Arc::clone(&node), None), shutdown.clone()).await?;
        Ok(Self { control, own: Some((node, shutdown)) })
    }

    /// The peer that runs; none is started.
    pub(crate) fn running(inputs: &InputArguments) -> anyhow::Result<Control> {
        let (_settings, home) = inputs.open()?;
        Ok(Control::at(&home.socket()))
    }

    /// Whether the peer is this command's own, and ends with it.
    pub(crate) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Until this command is told to end, by SIGTERM or SIGINT.
    pub(crate) async fn interrupted(&self) {
        match &self.own {
            Some((_, shutdown)) => shutdown.wait().await,
            None => {
                let _ = tokio::signal::ctrl_c().await;
            }
        }
    }

    /// Ends the peer where it is our own.
    pub(crate) async fn close(self) {
        if let Some((node, shutdown)) = self.own {
            shutdown.trigger();
            node.finish().await;
        }
    }
}
