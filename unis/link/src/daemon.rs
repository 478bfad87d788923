//! What every daemon of ours does alike: its state folder with keys and certificates, the `pki`
//! command, its listeners, what the service manager is told, its manual pages, how its
//! `main` ends.

mod away;
mod ca;
pub mod config;
mod identities;
mod inputs;
pub mod manual;
pub mod notify;
mod outcome;
pub mod pki;
mod runtime;
mod sockets;

pub use crate::daemon::identities::{
    Identities, IdentitySettings, open_authority, pki_folder, pki_settings, trust_domain,
};
pub use crate::daemon::inputs::InputArguments;
pub use crate::daemon::outcome::{error_text, exit_code};
pub use crate::daemon::runtime::run_to_end;
pub use crate::daemon::sockets::{SocketError, Sockets};
