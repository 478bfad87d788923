//! Files that were whole, and that their user has taken away or changed: the transfer ends and says
//! so. Nothing comes back unasked, nothing is written over, and what is not what was published is
//! offered no longer.

use std::sync::Arc;
use std::time::Instant;

use mp2p::message::join::LeaveRequest;
use mp2p::message::overlay::OverlayRequest;

use crate::content::{OpenError, Touched};
use crate::control::message::State;
use crate::home::replace;
use crate::node::{Kept, Node};
use crate::transfer::driver::Driver;

/// Says, beside what is kept of a content, that it was withdrawn from the index.
const WITHDRAWN: &str = "withdrawn";

impl Driver {
    /// Ends this transfer where one of its whole files is not what it was; whether it has ended.
    pub(crate) fn end_where_touched(&mut self) -> bool {
        if matches!(self.state, State::Failed | State::Stopped) {
            return true;
        }
        let Some(touched) = self.store.touched() else { return false };
        let is_source = self.kept.place.is_source;
        let why = told(&touched, is_source);
        tracing::warn!(content = %self.kept.index.content_id, why, "a transfer ends");
        let now = Instant::now();
        (self.state, self.message, self.fault) = (State::Failed, Some(why), None);
        self.show(now);
        self.ending.cancel();
        true
    }
}

/// What the user has to know of it.
fn told(touched: &Touched, is_source: bool) -> String {
    let path = touched.path.display();
    match (is_source, touched.is_gone) {
        (true, true) => format!("{path} is gone; it is shared no longer"),
        (true, false) => format!(
            "{path} was changed since it was shared, and is shared no longer; `peer share` shares \
             it as it is now"
        ),
        (false, true) => OpenError::Gone(touched.path.clone()).to_string(),
        (false, false) => OpenError::Changed(touched.path.clone()).to_string(),
    }
}

/// The index has a content no longer that this peer published, cannot give any more, and nobody
/// else takes part in: not those who have it, nor those who wait for it. Until it is as it was.
pub(crate) fn withdraw_where_deserted(node: &Arc<Node>, kept: &Kept) {
    if kept.index.publisher != node.identity.peer {
        return;
    }
    let (node, kept) = (Arc::clone(node), kept.clone());
    node.tasks.clone().spawn(async move {
        let content = &kept.index.content_id;
        match withdraw(&node, &kept).await {
            Ok(true) => tracing::info!(%content, "it is withdrawn from the index"),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%content, error = format!("{error:#}"), "it stays in the index");
            }
        }
    });
}

async fn withdraw(node: &Node, kept: &Kept) -> anyhow::Result<bool> {
    let (index, note) = (&kept.index, kept.folder.join(WITHDRAWN));
    // A part from before a crash is over.
    let (overlay_id, peer_id) = (index.overlay_id.clone(), node.identity.peer.clone());
    // With another content this peer is a member still, and the overlay stays.
    let is_in = node.overlays.is_in(&overlay_id);
    if !is_in {
        let _ = node.provider.leave(&LeaveRequest { overlay_id, peer_id }).await;
    }
    let own = u64::from(is_in);
    if note.exists() || node.provider.describe(&index.overlay_id).await?.num_peers > own {
        return Ok(false);
    }
    replace(&note, b"")?;
    let withdrawn = match is_in {
        true => node.provider.remove(&index.content_id).await,
        false => node.provider.withdraw(index).await,
    };
    if withdrawn.is_err() {
        // Tried again with the next start.
        std::fs::remove_file(&note)?;
    }
    Ok(withdrawn.map(|()| true)?)
}

/// What was withdrawn and is as it was again, such as on a disk that was away, is registered anew.
pub(crate) async fn register_again(node: &Node, kept: &Kept) {
    let note = kept.folder.join(WITHDRAWN);
    if !kept.place.is_source || !note.exists() {
        return;
    }
    let index = &kept.index;
    let overlay = OverlayRequest {
        overlay_id: index.overlay_id.clone(),
        title: index.title.clone(),
        description: index.description.clone(),
        requirements: kept.place.wishes,
        ..OverlayRequest::named(index.overlay_id.clone())
    };
    let told = match node.provider.create(&overlay).await {
        Ok(()) => node.provider.register(&kept.signed).await,
        failed => failed,
    };
    match told {
        Err(error) if error.is_passing() => {
            tracing::warn!(%error, "what was withdrawn is not registered again");
        }
        // Registered, or refused for good.
        _ => drop(std::fs::remove_file(&note)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_hears_what_happened_and_what_to_do() {
        let cases = [
            (true, true, "/f is gone; it is shared no longer"),
            (true, false, "`peer share` shares it as it is now"),
            (false, true, "/f is gone; `peer get` fetches it again, `peer stop` forgets it"),
            (false, false, "/f was changed since it was fetched; `peer stop` forgets it"),
        ];
        for (is_source, is_gone, expected) in cases {
            let told = told(&Touched { path: "/f".into(), is_gone }, is_source);
            assert!(told.contains(expected), "{told}");
        }
    }
}
