//! What is forbidden since (Req-Content-020) ends. Where OMS has ordered that, the order says more
//! than the list, and is to be acknowledged (TR 20002 §8.3.4): who was away at the stop may hear
//! of the list first.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::control::message::State;
use crate::denylist;
use crate::node::{Change, Kept, Lost, Node};
use crate::transfer::driver::Driver;
use crate::transfer::notary::unix_s;
use crate::transfer::standing::{Shared, Standing};
use crate::transfer::{Shown, start, stopping};

/// Why it may not be exchanged.
pub(crate) async fn refusal(node: &Node, kept: &Kept) -> Option<String> {
    // What is stopped by order is taken down from the index as well; the order says more.
    match stopping::stone(&kept.folder) {
        Some(_order) => None,
        None => denylist::refusal(node, &kept.index).await,
    }
}

/// A content whose exchange has ended.
pub(crate) struct Case {
    pub(crate) node: Arc<Node>,
    pub(crate) kept: Kept,
    pub(crate) shown: Shown,
    pub(crate) standing: Shared,
    /// Nobody wants to know any more.
    pub(crate) ending: CancellationToken,
}

impl Case {
    /// Where it is forbidden, follows the order that is behind that, if there is one.
    pub(crate) async fn close(self) {
        let is_forbidden = self.node.denylist.refusal(&self.kept.index).is_some();
        if !is_forbidden || stopping::stone(&self.kept.folder).is_some() {
            return;
        }
        let order = tokio::select! {
            biased;
            () = self.ending.cancelled() => None,
            order = self.order() => order,
        };
        let overlay = &self.kept.index.overlay_id;
        let meant = (overlay, &self.kept.index.content_id);
        let order = order.filter(|order| stopping::is_meant(order, meant, &self.standing));
        let Some(order) = order else { return };
        let own = (&self.node.identity, &self.standing, &self.node.reports);
        stopping::follow(&order, (&self.kept.folder, overlay), own, 0);
        let mut status = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        (status.state, status.message) = (State::Stopped, Some(stopping::BY_ORDER.to_owned()));
    }

    /// What OMS says to whoever would take part, as soon as it says something.
    async fn order(&self) -> Option<String> {
        let lost = Lost::new(&Arc::new(Notify::new()));
        let member = start::membership(&self.node, &self.kept, lost).ok()?;
        let (changed, mut changes) = mpsc::channel(1);
        let ended = self.ending.child_token();
        let _guard = ended.clone().drop_guard();
        self.node.tasks.spawn(member.run(changed, ended));
        loop {
            match changes.recv().await? {
                Change::Stopped(order) => return order,
                Change::Listed(answer, _) => {
                    Standing::learn(&self.standing, &answer, unix_s());
                    let meant = (&self.kept.index.overlay_id, &self.kept.index.content_id);
                    let is_meant = |order: &str| stopping::is_meant(order, meant, &self.standing);
                    return answer
                        .stops
                        .iter()
                        .find(|order| is_meant(order))
                        .map(|o| o.to_string());
                }
                Change::Refused(_) => return None,
                Change::Away(_) | Change::Remembered(..) => {}
            }
        }
    }
}

impl Driver {
    /// More is forbidden than was: ends the transfer where its content is, for everybody who is
    /// linked, too.
    pub(crate) fn denied(&mut self) {
        if self.state == State::Stopped {
            return;
        }
        if let Some(why) = self.node.denylist.refusal(&self.kept.index) {
            tracing::warn!(content = %self.kept.index.content_id, why, "a transfer ends");
            (self.state, self.message) = (State::Failed, Some(why));
            self.show(Instant::now());
            self.ending.cancel();
        }
    }
}
