//! Bodies of requests and answers, JSON.
//!
//! | what | where | reference point |
//! |---|---|---|
//! | [`join`] join, refresh, leave | `/oms/peer` | R5 |
//! | [`overlay`] create, describe | `/oms/overlay` | R5 |
//! | [`list`] the ranked peer list | answer to a join | R5 |
//! | [`gateway`] who fetches what from outside | answer to a join | R5 |
//! | [`rendezvous`] two members open a way to each other | `/oms/peer/rendezvous` | R5 |
//! | [`failure`] other peers fail | `/oms/peer/report` | R5 |
//! | [`event`] what the provider tells unasked | `/oms/events` | R5, R8, R9 |
//! | [`server`] cache and relay servers | `/oms/server`, `/oms/reservation` | R5, R8, R9 |
//! | [`status`] status of a peer | `/pams/status` | R2 |
//! | [`resource`] what it lets others use | `/pams/status` | R2 |
//! | [`activity`] what PAMS answers | `/pams/…` | R2 |
//! | [`profile`] of a user | `/ums/profile` | R13 |
//! | [`account`] class, credit, consent, sign-up | `/ums/class`, `/ums/account`, … | R13 |
//! | [`report`] receipts, success, result | `/ums/receipt`, `/ums/success`, `/ums/result` | R13 |
//! | [`content`] register, search | `/ixs/content`, `/ixs/index`, `/ixs/denylist` | R6 |
//! | [`takedown`] forced stop | `/ixs/takedown`, `/oms/stop-ack` | R6, R5 |

pub mod account;
pub mod activity;
pub mod addresses;
pub mod bound;
pub mod content;
pub mod event;
pub mod failure;
pub mod gateway;
pub mod join;
pub mod list;
pub mod overlay;
pub mod profile;
pub mod rendezvous;
pub mod report;
pub mod resource;
pub mod server;
pub mod status;
pub mod takedown;
