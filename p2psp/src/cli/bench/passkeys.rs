//! Passkeys: signed anew for each peer, and handed out again.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use mp2p::id::{OverlayId, PeerId, UserId};

use crate::cli::bench::report::Row;
use crate::cli::bench::world::{NOW, OVERLAY};
use crate::passkeys::{Holder, Passkeys};

/// Both rows.
pub(crate) fn measured(folder: &Path, time: Duration) -> anyhow::Result<[Row; 2]> {
    let passkeys = Passkeys::open(folder, "p2psp.example".to_owned())?;
    let (user, overlay) = (UserId::parse("anna")?, OverlayId::parse(OVERLAY)?);
    let certificate = "c".repeat(64);
    let row = |name: &str, is_same: bool| -> anyhow::Result<Row> {
        let (mut times, begin, mut number) = (Vec::new(), Instant::now(), 0_u64);
        while begin.elapsed() < time {
            number += u64::from(!is_same);
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_be_bytes());
            let peer = PeerId::of_digest(digest);
            let holder = Holder { peer: &peer, user: &user, certificate: &certificate, class: 1 };
            let start = Instant::now();
            passkeys.issue(holder, &overlay, NOW).context("no passkey")?;
            times.push(start.elapsed());
        }
        Ok(Row::of(name.to_owned(), "passkeys/s", times))
    };
    Ok([row("passkey, signed anew", false)?, row("passkey, handed out again", true)?])
}
