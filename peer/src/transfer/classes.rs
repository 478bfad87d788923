//! Classes of peers that show no passkey: UMS confirms them (TR 20002 §8.3.9, first method).

use std::time::Instant;

use mp2p::message::account::ClassAnswer;

use crate::transfer::driver::{Done, Driver};
use crate::transfer::notary::unix_s;
use crate::transfer::standing::Standing;

impl Driver {
    /// Asks for the classes that are not known; until the answer their peers are of the lowest.
    pub(crate) fn confirm_classes(&self) {
        for peer in Standing::take_unconfirmed(&self.standing) {
            let (provider, out) = (self.node.provider.clone(), self.done.clone());
            tokio::spawn(async move {
                let path = format!("/ums/class?peer-id={peer}");
                match provider.get::<ClassAnswer>(&path).await {
                    Ok(answer) => drop(out.send(Done::Class(answer)).await),
                    Err(error) => tracing::debug!(%peer, %error, "a class is not confirmed"),
                }
            });
        }
    }

    pub(crate) fn confirmed(&mut self, answer: &ClassAnswer, now: Instant) {
        if !answer.qualified {
            tracing::info!(peer = %answer.peer_id, "somebody whose user is locked out is let go");
            return self.engine.expel(&answer.peer_id, now);
        }
        Standing::confirm(&self.standing, answer, unix_s());
        self.engine.set_class(&answer.peer_id, answer.class);
    }
}
