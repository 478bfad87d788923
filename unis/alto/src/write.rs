//! Pieces for a server that renders large answers by hand, straight into a buffer.
//!
//! Every function appends; none can fail.

use crate::cost::CostType;
use crate::network_map::VersionTag;

/// Appends a JSON string, quoted and escaped (RFC 8259 §7).
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    // Most texts need no escape, and a loop that looks at every byte becomes wide comparisons.
    if !rest.iter().fold(false, |found, byte| found | needs_escape(*byte)) {
        out.extend_from_slice(rest);
        out.push(b'"');
        return;
    }
    while let Some(at) = rest.iter().position(|byte| needs_escape(*byte)) {
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let Some((byte, after)) = from.split_first() {
            push_escape(out, *byte);
            rest = after;
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
    }
}

/// Appends `"name":`, the start of an object's member.
pub fn push_name(out: &mut Vec<u8>, name: &str) {
    push_string(out, name);
    out.push(b':');
}

/// Appends an array of strings.
pub fn push_strings<T: AsRef<str>>(out: &mut Vec<u8>, texts: impl IntoIterator<Item = T>) {
    push_array(out, texts, |out, text| push_string(out, text.as_ref()));
}

/// Appends an array, each element by `push`.
pub fn push_array<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push(out, item);
    }
    out.push(b']');
}

/// Appends a version tag object (RFC 7285 §10.3).
pub fn push_vtag(out: &mut Vec<u8>, vtag: &VersionTag) {
    out.extend_from_slice(br#"{"resource-id":"#);
    push_string(out, &vtag.resource_id);
    out.extend_from_slice(br#","tag":"#);
    push_string(out, &vtag.tag);
    out.push(b'}');
}

/// Appends an array of version tags, the value of `dependent-vtags` (RFC 7285 §11.1).
pub fn push_vtags<'a>(out: &mut Vec<u8>, vtags: impl IntoIterator<Item = &'a VersionTag>) {
    push_array(out, vtags, push_vtag);
}

/// Appends a cost type object without its description, which belongs in the directory alone and
/// which a request should not carry (RFC 7285 §10.7, §11.3.2.3).
pub fn push_cost_type(out: &mut Vec<u8>, cost_type: &CostType) {
    out.extend_from_slice(br#"{"cost-metric":"#);
    push_string(out, &cost_type.metric);
    out.extend_from_slice(br#","cost-mode":"#);
    push_string(out, cost_type.mode.as_str());
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;
    use crate::cost::Mode;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_escaped() {
        let text = written(|out| push_string(out, "a\"b\\c\nd\te\rf\u{1}\u{7f}é"));
        assert_eq!(text, "\"a\\\"b\\\\c\\nd\\te\\rf\\u0001\u{7f}é\"");
        assert_eq!(written(|out| push_string(out, "")), "\"\"");
    }

    #[test]
    fn vtags_and_cost_types_stand_as_in_the_rfc() {
        let vtag = VersionTag { resource_id: "map".to_owned(), tag: "1a".to_owned() };
        let text = written(|out| push_vtags(out, [&vtag, &vtag]));
        let one = r#"{"resource-id":"map","tag":"1a"}"#;
        assert_eq!(text, format!("[{one},{one}]"));
        let mut cost_type = CostType::new("hopcount", Mode::Ordinal);
        cost_type.description = Some("left out".to_owned());
        assert_eq!(
            written(|out| push_cost_type(out, &cost_type)),
            r#"{"cost-metric":"hopcount","cost-mode":"ordinal"}"#
        );
    }

    #[test]
    fn arrays_and_names_are_joined() {
        assert_eq!(written(|out| push_strings(out, ["a", "b"])), r#"["a","b"]"#);
        assert_eq!(written(|out| push_strings::<&str>(out, [])), "[]");
        assert_eq!(written(|out| push_name(out, "PID1")), r#""PID1":"#);
    }

    proptest! {
        #[test]
        fn any_string_is_read_back(text in any::<String>()) {
            let json = written(|out| push_string(out, &text));
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
