//! Names in certificates (SPIFFE-ID §2).
#![no_main]

use link::SpiffeName;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(name) = SpiffeName::parse(text) else { return };
    assert_eq!(name.as_str(), text);
    // Nothing that another reader of URIs would resolve, decode or cut off.
    assert!(!text.contains(['%', '?', '#', '@', '\\', ' ']) && text.is_ascii());
    assert!(!text.split('/').skip(3).any(|segment| segment == "." || segment == ".."));
});
