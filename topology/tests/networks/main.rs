//! Whole networks, from files to costs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alto_maps;
mod files;
mod garr;
mod germany50;
mod graphml;
mod inventory;
mod neighbours;
mod nodelink;
mod paths;
mod placement;
mod refusals;
mod weights;
