//! Durable commands: so many clients at once, each waits until its own is on the disk.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mp2p::id::{PeerId, UserId};

use crate::calls::Visit;
use crate::cli::bench::report::Row;
use crate::cli::bench::world::NOW;
use crate::users::{Ledger, SqliteLedger};

/// Clients.
const CLIENTS: u64 = 256;
/// Users of each client.
const USERS: u64 = 16;

/// Profiles written at joins, in a new database below `folder`.
pub(crate) async fn measured(folder: &Path, time: Duration) -> anyhow::Result<Row> {
    let ledger = Arc::new(SqliteLedger::open(&folder.join("users.db"))?);
    let end = Instant::now() + time;
    let clients: Vec<_> =
        (0..CLIENTS).map(|client| tokio::spawn(visits(Arc::clone(&ledger), client, end))).collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await??);
    }
    let name = format!("profile at a join, {CLIENTS} clients, on the disk");
    let each = Row::of(name, "commands/s", times);
    Ok(Row { per_second: each.count as f64 / time.as_secs_f64(), ..each })
}

async fn visits(
    ledger: Arc<SqliteLedger>,
    client: u64,
    end: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for round in 0.. {
        if Instant::now() >= end {
            break;
        }
        let number = client * USERS + round % USERS;
        let visit = Visit {
            user: UserId::parse(&format!("user-{number}"))?,
            peer: PeerId::parse(&format!("{number:064x}"))?,
            network: Some("isp".to_owned()),
            is_new: true,
            now: NOW + round,
        };
        let start = Instant::now();
        ledger.visit(visit).await?;
        times.push(start.elapsed());
    }
    Ok(times)
}
