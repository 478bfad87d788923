//! Whole networks, from files to costs.

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
