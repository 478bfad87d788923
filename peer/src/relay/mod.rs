//! RS, the relay server (TR 20002 §8.2.6, §8.3.3): leads others to peers that cannot be dialled,
//! by splicing connections. It dials nobody: both ends come to it, so it can be led nowhere.
//!
//! ```text
//!  port ─► first byte ─ TLS ─► server: reserve, connect ─► hall: who keeps a connection here
//!                    └ key of a circuit ─► hall: the other end is there? ─► splice, account
//!  client: keep a connection to a relay, or be led to a peer there
//! ```

mod client;
mod hall;
mod lender;
mod server;
mod splice;

pub use crate::relay::client::{Kept, RelayError, circuit, keep, reach};
pub use crate::relay::hall::{Guard, Hall, Usage};
pub use crate::relay::lender::Lender;
pub(crate) use crate::relay::server::{serve, unix_s};
pub use crate::relay::splice::Account;
