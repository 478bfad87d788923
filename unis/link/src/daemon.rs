//! What every daemon of ours does alike: its state folder with keys and certificates, the `pki`
//! command, the admin listener's place, how its `main` ends.

mod admin;
mod away;
mod identities;
mod outcome;
pub mod pki;
mod runtime;

pub use crate::daemon::admin::bind_admin;
pub use crate::daemon::identities::{
    Identities, IdentitySettings, open_authority, pki_folder, pki_settings,
};
pub use crate::daemon::outcome::exit_code;
pub use crate::daemon::runtime::run_to_end;
