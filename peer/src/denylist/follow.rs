//! Asks IXS for what is new, while the peer runs.

use std::sync::Arc;
use std::time::Duration;

use mp2p::index_file::IndexFile;
use mp2p::message::content::SignedDenylist;

use crate::denylist::DenylistError;
use crate::node::Node;
use crate::provider::ProviderError;
use crate::transfer::Command;
use crate::transfer::unix_s;

/// After a try that failed, where the setting is not shorter.
const RETRY: Duration = Duration::from_secs(15);
/// Pages at a time; what is beyond waits for the next time.
const MAX_PAGES: usize = 256;

/// Nothing new was learnt.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    List(#[from] DenylistError),
}

/// Keeps the list as new as the settings say, until shutdown; transfers look at it when it changed.
pub(crate) async fn follow(node: Arc<Node>) {
    let every = Duration::from_secs(node.settings().refresh.denylist_seconds);
    loop {
        let wait = match refresh(&node).await {
            Ok(()) => every,
            Err(error) => {
                tracing::info!(%error, "the denylist is as it was");
                every.min(RETRY)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = node.shutdown.wait() => return,
        }
    }
}

/// Why a content is refused. What the list names is asked for again first: it may be allowed since.
pub(crate) async fn refusal(node: &Node, index: &IndexFile) -> Option<String> {
    node.denylist.refusal(index)?;
    if let Err(error) = refresh(node).await {
        tracing::info!(%error, "the denylist is as it was");
    }
    node.denylist.refusal(index)
}

/// Takes what is new, and has transfers look at it.
async fn refresh(node: &Node) -> Result<(), FollowError> {
    let list = &node.denylist;
    let known = list.seq();
    let page: SignedDenylist = node.provider.denylist(known).await?;
    if list.look(&page, known, unix_s())? == 0 {
        return Ok(());
    }
    for _ in 0..MAX_PAGES {
        let page = node.provider.denylist(list.open_after()).await?;
        let more_follow = list.take(&page, unix_s())?;
        node.each(|_| true, || Command::Denied);
        if !more_follow {
            break;
        }
    }
    Ok(())
}
