//! Whole networks, from files to costs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod aggregation;
mod alto_maps;
mod beside;
mod directions;
mod dumps;
mod exports;
mod files;
mod garr;
mod geofeed;
mod germany50;
mod gml;
mod graphml;
mod hostile;
mod inventory;
mod mistaken;
mod names;
mod neighbours;
mod nodelink;
mod nowhere;
mod paths;
mod placement;
mod refusals;
mod rfc8345;
mod routing_data;
mod sndlib;
mod syntaxes;
mod tables;
mod weights;
