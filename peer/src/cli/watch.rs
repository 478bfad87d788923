//! Watching contents come until each is here or cannot come.

use std::time::Duration;

use anyhow::bail;
use mp2p::id::ContentId;

use crate::cli::progress::Bars;
use crate::control::Control;
use crate::control::message::{State, Status, TransferStatus};

/// From one look at how far it is to the next.
const LOOK: Duration = Duration::from_millis(100);

/// What became of contents.
#[derive(Default)]
pub(crate) struct Watched {
    /// All of it is here.
    pub(crate) done: Vec<TransferStatus>,
    /// Why others are not, each with its title.
    pub(crate) failed: Vec<String>,
    /// Those of them that could not begin: nothing of them is here.
    pub(crate) void: Vec<ContentId>,
}

/// What is to be said of a transfer now.
enum Outlook {
    Comes,
    Here,
    Fails(String),
}

/// Until all are there or cannot come; `patience`: so many seconds nobody may have what is missing.
///
/// # Errors
/// The running peer ends, or gives one up.
pub(crate) async fn watch(
    control: &Control,
    ids: &[ContentId],
    patience: Option<u64>,
) -> anyhow::Result<Watched> {
    let mut bars = Bars::default();
    loop {
        let status: Status = control.get("/status").await?;
        let ours: Vec<TransferStatus> = status
            .transfers
            .into_iter()
            .filter(|transfer| ids.contains(&transfer.content_id))
            .collect();
        bars.show(&ours);
        if ids.iter().any(|id| !ours.iter().any(|transfer| transfer.content_id == *id)) {
            bail!("the running peer has given it up");
        }
        if let Some(watched) = watched(ours, patience) {
            bars.clear();
            return Ok(watched);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What became of all, where nothing comes any more.
fn watched(transfers: Vec<TransferStatus>, patience: Option<u64>) -> Option<Watched> {
    let mut watched = Watched::default();
    for transfer in transfers {
        match outlook(&transfer, patience) {
            Outlook::Comes => return None,
            Outlook::Here => watched.done.push(transfer),
            Outlook::Fails(why) => {
                watched.failed.push(format!("{}: {why}", transfer.title));
                if transfer.state == State::Failed && transfer.have == 0 {
                    watched.void.push(transfer.content_id);
                }
            }
        }
    }
    Some(watched)
}

fn outlook(transfer: &TransferStatus, patience: Option<u64>) -> Outlook {
    match transfer.state {
        State::Sharing => Outlook::Here,
        State::Failed | State::Stopped => {
            let why = transfer.message.clone();
            Outlook::Fails(why.unwrap_or_else(|| "it was stopped".to_owned()))
        }
        State::Fetching if patience.is_some_and(|patience| transfer.waiting >= patience) => {
            let waiting = transfer.waiting;
            let why = format!("for {waiting} s nobody had what is missing; what is here is kept");
            Outlook::Fails(why)
        }
        State::Fetching => Outlook::Comes,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn transfer(title: &str, state: &str, waiting: u64) -> TransferStatus {
        let id = "ab".repeat(32);
        serde_json::from_value(json!({
            "content-id": id, "overlay-id": id, "title": title, "state": state,
            "message": (state == "failed").then_some("the disk is broken"),
            "size": 9, "have": 0, "waiting": waiting, "down-rate": 0, "up-rate": 0,
            "downloaded": 0, "uploaded": 0, "ranked-by": null, "members": 1, "neighbours": [],
            "by-rank": [],
        }))
        .unwrap()
    }

    #[test]
    fn one_that_fails_does_not_hold_up_those_that_come() {
        let with = |third| vec![transfer("a", "failed", 0), transfer("b", "sharing", 0), third];
        assert!(watched(with(transfer("c", "fetching", 0)), Some(300)).is_none());
        let end = watched(with(transfer("c", "sharing", 0)), Some(300)).unwrap();
        let done: Vec<_> = end.done.iter().map(|transfer| &*transfer.title).collect();
        assert_eq!((done, end.failed), (vec!["b", "c"], vec!["a: the disk is broken".to_owned()]));
        assert_eq!(end.void.len(), 1);
    }

    #[test]
    fn what_nobody_can_give_is_waited_for_as_long_as_one_wants() {
        let waits = |seconds, patience| watched(vec![transfer("a", "fetching", seconds)], patience);
        assert!(waits(299, Some(300)).is_none() && waits(5000, None).is_none());
        let Watched { failed, void, .. } = waits(300, Some(300)).unwrap();
        assert!(failed[0].starts_with("a: for 300 s nobody had"), "{failed:?}");
        assert!(void.is_empty(), "it is gone on with");
    }
}
