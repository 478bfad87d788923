//! The ISP asked directly (reference point R4): its public view orders the provider's list anew.
//!
//! ```text
//!  UNIS, public view ══HTTP(S)══► view: endpoint costs, else maps ─┐
//!  OMS ─ ranked list ──────────────────────────────────────────────┴─► order ─► transfer
//! ```

mod order;
mod view;

pub use crate::isp::order::order;
pub use crate::isp::view::{PublicView, Views};
