//! What `peer get` says of a content that is here.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use indicatif::HumanBytes;

use crate::cli::status::ranked;
use crate::control::message::TransferStatus;

/// Prints how much of it was asked for, where it is, and from how far it came.
pub(crate) fn tell(
    transfer: &TransferStatus,
    (size, folder): (u64, &Path),
    took: Duration,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let size = HumanBytes(size);
    let (title, folder) = (&transfer.title, folder.display());
    match transfer.downloaded {
        0 => writeln!(out, "{title}: {size} in {folder}, all of it was there")?,
        _ => {
            let ranked = transfer.ranked_by.as_deref().and_then(ranked).unwrap_or_default();
            writeln!(out, "{title}: {size} in {folder}, {:.1} s{ranked}", took.as_secs_f64())?;
        }
    }
    let whole = transfer.by_rank.iter().map(|share| share.bytes).sum::<u64>().max(1);
    for share in &transfer.by_rank {
        let from = match share.rank {
            Some(1) => "the nearest peers (rank 1)".to_owned(),
            Some(rank) => format!("peers of rank {rank}"),
            None => "peers of unknown distance".to_owned(),
        };
        writeln!(out, "  {:>3} % from {from}", share.bytes * 100 / whole)?;
    }
    Ok(())
}
