//! Handing over to caches, following how far they are, and taking back.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use mp2p::index_file::IndexFile;
use mp2p::message::server::{HeldReservation, ReservationRequest};
use mp2p::reservation::ReservationKind;

use crate::delegate::{Delegates, Delegation};
use crate::plain::plain;
use crate::provider::Provider;

/// What a delegate has to have free to give, bit/s.
const BANDWIDTH_BPS: u64 = 500_000;

/// How far caches are with what was handed to them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Caches that hold it, or are to.
    pub caches: usize,
    /// Whether all of them have begun.
    pub has_begun: bool,
    /// Bytes that they keep together.
    pub kept_bytes: u64,
    /// Bytes that others got from them.
    pub served_bytes: u64,
}

/// Reserves caches for a content, for so many seconds at most, and remembers them. One that was
/// handed over before is renewed.
///
/// # Errors
/// No cache has that much room, or the provider refuses.
pub async fn hand_over(
    provider: &Provider,
    delegates: &Delegates,
    index: &IndexFile,
    (is_wanted, seconds): (bool, u64),
) -> anyhow::Result<Delegation> {
    if index.size() == 0 {
        bail!("{} has no bytes that a cache could keep", plain(&index.title));
    }
    if let Some(known) = delegates.of_content(&index.content_id) {
        if progress(provider, &known).await?.caches == known.reservations.len() {
            return renew(provider, delegates, known).await;
        }
        take_back(provider, delegates, &known).await?;
    }
    let request = ReservationRequest {
        kind: ReservationKind::Delegate,
        overlay_id: index.overlay_id.clone(),
        content_id: Some(index.content_id.clone()),
        bandwidth_bps: BANDWIDTH_BPS,
        quota_bytes: 0,
        storage_bytes: index.size(),
        duration_seconds: seconds,
    };
    let answer = provider.reserve(&request).await.context("no cache takes it over")?;
    let parts = answer.reservations.iter();
    let delegation = Delegation {
        content_id: index.content_id.clone(),
        overlay_id: index.overlay_id.clone(),
        title: plain(&index.title),
        size: index.size(),
        is_wanted,
        reservations: parts.clone().map(|part| part.reservation_id.to_string()).collect(),
        since: unix_s(),
        expires: parts.map(|part| part.expires).min().unwrap_or_default(),
    };
    delegates.put(&delegation)?;
    Ok(delegation)
}

/// How far the caches are.
///
/// # Errors
/// The provider does not say.
pub async fn progress(provider: &Provider, delegation: &Delegation) -> anyhow::Result<Progress> {
    let held = provider.held().await?;
    let is_ours = |one: &&HeldReservation| {
        delegation.reservations.iter().any(|id| *id == *one.reservation_id)
    };
    let parts: Vec<&HeldReservation> = held.reservations.iter().filter(is_ours).collect();
    Ok(Progress {
        caches: parts.len(),
        has_begun: !parts.is_empty() && parts.iter().all(|part| part.in_use),
        kept_bytes: parts.iter().map(|part| part.kept_bytes).sum(),
        served_bytes: parts.iter().map(|part| part.bytes_out).sum(),
    })
}

/// Has it kept for as long again.
///
/// # Errors
/// It is over, or the provider is away.
pub async fn renew(
    provider: &Provider,
    delegates: &Delegates,
    mut delegation: Delegation,
) -> anyhow::Result<Delegation> {
    let mut expires = u64::MAX;
    for id in &delegation.reservations {
        let answer = provider.renew(id).await.context("the caches keep it no longer")?;
        expires = answer.reservations.iter().map(|part| part.expires).fold(expires, u64::min);
    }
    (delegation.since, delegation.expires) = (unix_s(), expires);
    delegates.put(&delegation)?;
    Ok(delegation)
}

/// Needs the caches no more.
///
/// # Errors
/// The provider is away. That it has released them already is none.
pub async fn take_back(
    provider: &Provider,
    delegates: &Delegates,
    delegation: &Delegation,
) -> anyhow::Result<()> {
    for id in &delegation.reservations {
        match provider.release(id).await {
            Err(error) if error.is_passing() => return Err(error.into()),
            _ => {}
        }
    }
    Ok(delegates.remove(&delegation.content_id)?)
}

fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
