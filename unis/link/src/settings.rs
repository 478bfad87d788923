//! Settings of a daemon: how the layers are merged, and what their values have in common.
//!
//! Each daemon has its own structure, documented default file and checks; [`merge`] reads any of
//! them.

mod assign;
mod elsewhere;
mod inputs;
mod layers;
mod values;

pub use crate::settings::inputs::{Inputs, Placed};
pub use crate::settings::layers::{Layered, SettingsError, merge};
pub use crate::settings::values::{
    check_admin, check_names, check_partners, is_base_url, non_negative, one_or_many, positive,
    state_dir,
};
