//! Client certificates, before anybody vouches for them.
#![no_main]

libfuzzer_sys::fuzz_target!(|der: &[u8]| link::trust::read_leaf(der));
