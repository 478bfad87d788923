//! What the fuzz targets share. Each target is one `fuzz_target!` in `targets/`, its seeds are made
//! by `fuzz/run` from the project's fixtures and from `seeds/`.

pub mod body;
pub mod file;
pub mod reader;
