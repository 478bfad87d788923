//! OMS, the overlay management server (TR 20002 §8.2.3): join, refresh, leave, and the list.
//!
//! ```text
//!  request ─► same peer as the certificate? ─► observed address ─► member ─► R7 profile, class
//!          ─► candidates by the asker's map ─► R1 standings ─► ranking ─► list, passkey
//! ```

mod accusations;
mod caches;
mod charters;
mod expel;
mod explain;
mod failures;
mod floods;
mod foundings;
mod join;
mod kept;
mod list;
mod news;
mod overlays;
mod probe;
mod rendezvous;
mod reserve;
mod servers;
mod stop;
mod sweep;

use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use mp2p::id::{PeerId, UserId};
use mp2p::message::list::PeerType;

use crate::calls::{Activity, Contents, Users};
use crate::events::Outbox;
use crate::expulsion::Expulsions;
use crate::isp::Isps;
use crate::metrics::Metrics;
use crate::overlay::SwarmStore;
use crate::passkeys::Passkeys;
use crate::reservation::Book;
use crate::settings::{ListSettings, OverlaySettings, ReservationSettings};
use crate::stop::Stopper;
use crate::stun::Ports;

pub use crate::membership::accusations::Accusations;
pub use crate::membership::charters::Charters;
pub use crate::membership::explain::{Explained, MemberView};
pub use crate::membership::failures::ReportRefused;
pub use crate::membership::floods::Floods;
pub use crate::membership::foundings::Foundings;
pub use crate::membership::join::JoinError;
pub(crate) use crate::membership::kept::FILE as KEPT_FILE;
pub use crate::membership::kept::KeptError;
pub use crate::membership::news::Heard;
pub use crate::membership::overlays::OverlayError;
pub use crate::membership::probe::Prober;
pub use crate::membership::rendezvous::{Meetings, RendezvousRefused};
pub use crate::membership::reserve::ReservationRefused;
pub use crate::membership::servers::ServerError;

/// The role, with all that it asks.
pub struct Oms {
    /// Overlays and members.
    pub store: Arc<dyn SwarmStore>,
    /// R3.
    pub isps: ArcSwap<Isps>,
    /// R7.
    pub users: Arc<dyn Users>,
    /// R1.
    pub activity: Arc<dyn Activity>,
    /// What peers are told unasked.
    pub events: Arc<Outbox>,
    /// What is signed.
    pub passkeys: Arc<Passkeys>,
    /// Who is out.
    pub expulsions: Expulsions,
    /// R-IXS, to hold deliveries against what publishers signed.
    pub contents: Arc<dyn Contents>,
    /// What is stopped.
    pub stopper: Arc<Stopper>,
    /// Whether others get through to a peer.
    pub prober: Prober,
    /// Where peers are told how they are seen.
    pub stun: Ports,
    /// Members that open ways to each other.
    pub meetings: Mutex<Meetings>,
    /// How often somebody may join.
    pub floods: Floods,
    /// The terms of overlays, on the disk.
    pub charters: Charters,
    /// How far UMS has been heard.
    pub heard: Heard,
    /// What UMS has not been told of overlays.
    pub foundings: Foundings,
    /// What peers say of each other's failures.
    pub accusations: Mutex<Accusations>,
    /// Cache and relay servers, and what is reserved with them.
    pub book: Mutex<Book>,
    /// Bounds and times of that.
    pub reservation: ReservationSettings,
    /// Bounds and times of membership.
    pub overlay: OverlaySettings,
    /// What lists are like.
    pub list: ArcSwap<ListSettings>,
    /// Seconds between reports of status.
    pub report_seconds: AtomicU64,
    /// For another role to answer.
    pub call_timeout: Duration,
    /// What is counted.
    pub metrics: Metrics,
}

/// Who asks, as the connection proves.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The hash of its key.
    pub peer: PeerId,
    /// Its user; a server of the provider has none.
    pub user: Option<UserId>,
    /// What it is.
    pub kind: PeerType,
    /// SHA-256 of its certificate, hex.
    pub certificate: String,
    /// Where it comes from.
    pub address: SocketAddr,
}

/// The time and a number that nobody can foretell.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Unix seconds.
    pub unix_s: u64,
    /// For the age of maps.
    pub instant: Instant,
    /// To choose among equals.
    pub random: u64,
}
