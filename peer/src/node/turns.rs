//! Commands that begin the same content take turns: each finds it as the one before has left it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mp2p::id::ContentId;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Contents that commands are at.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<ContentId, Arc<Turn<()>>>>);

impl Turns {
    /// This command's turn, until what is given is dropped.
    pub(crate) async fn take(&self, content: &ContentId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody is at the others.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(content.clone()).or_default())
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_others_meanwhile() {
        let content = |letter: &str| ContentId::parse(&letter.repeat(64)).unwrap();
        let turns = Arc::new(Turns::default());
        let first = turns.take(&content("a")).await;
        let _other = turns.take(&content("b")).await;
        let waits = Arc::clone(&turns);
        let second = tokio::spawn(async move { waits.take(&content("a")).await });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        drop(second.await.unwrap());
        let _third = turns.take(&ContentId::parse(&"a".repeat(64)).unwrap()).await;
        assert_eq!(turns.0.lock().unwrap().len(), 2);
    }
}
