//! What stands before this peer, by how its ports are mapped (RFC 5780 §4.3, over TCP).

use std::io;
use std::net::{IpAddr, SocketAddr};

use mp2p::message::join::Nat;

use crate::nat::hole::Hole;

/// What stands between this peer, of which OMS knows that it cannot be dialled, and the others:
/// one local port is seen from `ports` of `server`, two of them at best.
///
/// # Errors
/// The server does not answer.
pub async fn kind(source: Option<IpAddr>, server: IpAddr, ports: &[u16]) -> io::Result<Nat> {
    let [first, rest @ ..] = ports else { return Ok(Nat::Unknown) };
    let hole = Hole::open(source, SocketAddr::new(server, *first)).await?;
    if hole.is_untranslated() {
        // Nothing translates, and still nothing comes in.
        return Ok(Nat::Blocked);
    }
    let Some(second) = rest.first() else { return Ok(Nat::Unknown) };
    let seen = hole.seen_by(SocketAddr::new(server, *second)).await?;
    Ok(if seen == hole.seen { Nat::Cone } else { Nat::Symmetric })
}
