//! The settings file: what is taken can be printed, and what is printed is taken.
#![no_main]

use unis::settings::{Inputs, Settings};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Some(settings) = load(text) else { return };
    let printed = toml::to_string(&settings).expect("settings that were taken can be printed");
    let again = load(printed.as_bytes()).unwrap_or_else(|| panic!("not taken:\n{printed}"));
    assert_eq!(toml::to_string(&again).ok(), Some(printed));
});

fn load(text: &[u8]) -> Option<Settings> {
    let file = fuzz::file::holding(text);
    Settings::load(&Inputs { file: Some(file), ..Inputs::default() }).ok()
}
