//! A peer to command: the one that runs with this state folder, or one of our own for as long as
//! the command takes.

use std::sync::Arc;

use link::shutdown::Shutdown;

use crate::alone::{Hold, Turn};
use crate::cli::InputArguments;
use crate::control::message::Status;
use crate::control::{Control, Front, serve};
use crate::node::Node;

pub(crate) use link::daemon::run_to_end as block_on;

/// A peer to command.
pub(crate) struct Session {
    /// What commands go to.
    pub(crate) control: Control,
    /// The peer that this command started; `None` where one was running.
    own: Option<(Arc<Node>, Shutdown, Hold)>,
    /// It is another command's, and ends with that.
    passing: bool,
}

impl Session {
    /// The peer that runs, or a new one.
    pub(crate) async fn open(inputs: &InputArguments) -> anyhow::Result<Self> {
        let (settings, home) = inputs.open()?;
        let control = Control::at(&home.socket());
        let hold = match Turn::of(&home).await? {
            Turn::Mine(hold) => hold,
            Turn::Running => {
                let passing = control.get::<Status>("/status").await?.passing;
                return Ok(Self { control, own: None, passing });
            }
        };
        link::log::init(&settings.log)?;
        let shutdown = Shutdown::on_signals()?;
        let socket = home.socket();
        let node = Node::start(home, settings, None, shutdown.clone()).await?;
        let front = Front { page: None, passing: true };
        serve(&socket, (Arc::clone(&node), front), shutdown.clone()).await?;
        Ok(Self { control, own: Some((node, shutdown, hold)), passing: false })
    }

    /// The peer that runs; none is started.
    pub(crate) fn running(inputs: &InputArguments) -> anyhow::Result<Control> {
        Ok(Control::at(&inputs.home()?.socket()))
    }

    /// Whether the peer is this command's own, and ends with it.
    pub(crate) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Whether it runs by itself, and not for as long as a command takes.
    pub(crate) fn lasts(&self) -> bool {
        self.own.is_none() && !self.passing
    }

    /// Whether it was another command's, and has ended with that.
    pub(crate) async fn has_gone(&self) -> bool {
        self.passing && !self.control.is_running().await
    }

    /// Until this command is told to end, by SIGTERM or SIGINT.
    pub(crate) async fn interrupted(&self) {
        match &self.own {
            Some((_, shutdown, _)) => shutdown.wait().await,
            None => {
                let _ = tokio::signal::ctrl_c().await;
            }
        }
    }

    /// Ends the peer where it is our own.
    pub(crate) async fn close(self) {
        if let Some((node, shutdown, _hold)) = self.own {
            shutdown.trigger();
            node.finish().await;
        }
    }
}
