//! The compiled look-up: read-only, built anew for each network, exact for every length.
//!
//! ```text
//!  prefixes   10.0.0.0/8 → A, 10.1.0.0/16 → B
//!     │  interval: a sweep with a stack; each address in exactly one piece
//!     ▼
//!  … 9.255.255.255 │ 10.0.255.255 │ 10.1.255.255 │ 10.255.255.255 │ 255.255.255.255
//!        none      │      A       │      B       │       A        │      none
//!     │
//!     ├─ few, IPv4 ──► tree over the last addresses (32-bit keys)  ┐
//!     ├─ many, IPv4 ─► direct: a table of all 2^24 /24s            ├─► compiled: both families,
//!     └─ IPv6 ───────► tree over the upper halves (64-bit keys),   ┘   64 addresses in lockstep
//!                      then a search where a /64 is cut up
//! ```

// From prefixes to pieces of the address space.
pub(crate) mod interval;
// The one module with unsafe code: searching nodes with SIMD.
pub(crate) mod search;
// The linearised B+tree around it.
pub(crate) mod tree;
// The table of all /24s.
pub(crate) mod direct;
// One family each …
pub(crate) mod v4;
pub(crate) mod v6;
// … and both together, in batches.
pub(crate) mod compiled;
