//! The certificate is renewed well before it runs out; the key stays, and so the name.

use std::sync::Arc;
use std::time::Duration;

use link::pki::{BACKDATE, enrolment};

use crate::node::Node;
use crate::transfer::{Command, unix_s};

/// Between two looks at the clock at most: a machine may have slept. A provider's own server looks
/// as often as it asks which CAs there are, so that it does not keep the last one waiting.
const LOOK: Duration = Duration::from_secs(600);
/// Between two tries at most and at least.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));
/// For new passkeys to come before others see the new certificate.
const PASSKEYS: Duration = Duration::from_secs(10);

/// Renews until shutdown.
pub(crate) async fn run(node: Arc<Node>) {
    let mut wait = due_in(node.identity.peers.validity(), unix_s());
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait.min(look(&node))) => {}
            () = node.shutdown.wait() => return,
        }
        wait = due_in(node.identity.peers.validity(), unix_s());
        if !wait.is_zero() && !is_outlived(&node) {
            continue;
        }
        wait = match renew(&node).await {
            Ok(()) => due_in(node.identity.peers.validity(), unix_s()).max(RETRY.0),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(error, "the certificate is not renewed yet");
                let left = left(node.identity.peers.validity(), unix_s());
                (left / 8).clamp(RETRY.0, RETRY.1)
            }
        };
    }
}

fn look(node: &Node) -> Duration {
    match node.identity.user {
        Some(_) => LOOK,
        None => LOOK.min(Duration::from_secs(node.settings().refresh.revocations_seconds)),
    }
}

/// Whether this is a server of the provider's own, such as a cache, whose long-lived certificate
/// is of a CA that issues no more. Those of users' peers live short, and all at once would be
/// many.
fn is_outlived(node: &Node) -> bool {
    node.identity.user.is_none() && enrolment::is_outlived(&node.home.pki())
}

/// Renews: the provider sees the new certificate first, and gives passkeys for it; others see it
/// then.
async fn renew(node: &Node) -> anyhow::Result<()> {
    enrolment::renew(&node.identity.url, &node.home.pki()).await?;
    node.identity.servers.reload()?;
    node.provider.reconnect();
    node.each(|_| true, || Command::Reorganised);
    let left = left(node.identity.peers.validity(), unix_s());
    tokio::select! {
        () = tokio::time::sleep(PASSKEYS.min(left / 2)) => {}
        () = node.shutdown.wait() => {}
    }
    node.identity.reload()?;
    tracing::info!("the certificate is renewed");
    Ok(())
}

/// Until two thirds of the life of a certificate are over.
fn due_in((from, to): (i64, i64), now: u64) -> Duration {
    let life = u64::try_from(to.saturating_sub(from)).unwrap_or_default();
    let life = life.saturating_sub(BACKDATE.as_secs()).max(1);
    left((from, to), now).saturating_sub(Duration::from_secs(life / 3))
}

fn left((_, to): (i64, i64), now: u64) -> Duration {
    Duration::from_secs(u64::try_from(to).unwrap_or_default().saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_of_its_life() {
        // Issued at 1000 for 90 s; its validity begins a minute earlier.
        let validity = (940, 1090);
        assert_eq!(due_in(validity, 1000), Duration::from_secs(60));
        assert_eq!(due_in(validity, 1059), Duration::from_secs(1));
        assert_eq!(due_in(validity, 1060), Duration::ZERO);
        assert_eq!(due_in(validity, 5000), Duration::ZERO);
    }
}
