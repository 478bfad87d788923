//! What a peer does not let in: members without a passkey of their own, and what is forbidden. Real
//! peers, one of them with words of its own.

mod denylist;
mod late;
mod members;
mod passkeys;
mod raw;
mod reports;
mod stops;
