//! Places and messages in JSON documents that are read part by part.

/// As Python writes it.
const INFINITY: &str = "Infinity";

/// Where a part of a text, borrowed from it, starts in it.
pub(crate) fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// The text with `null` for each `NaN` outside of quotes, which Python writes for a number that is
/// not known, and `"Infinity"` for its `Infinity`, which a reader then refuses where it stands.
pub(crate) fn without_nan(text: String) -> String {
    if !text.contains("NaN") && !text.contains(INFINITY) {
        return text;
    }
    let mut clean = String::with_capacity(text.len() + text.len() / 16);
    let mut quoted = false;
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['"', '\\', 'N', 'I']) {
        let (before, from) = rest.split_at(at);
        clean.push_str(before);
        let taken = match from.as_bytes() {
            [b'N', b'a', b'N', ..] if !quoted => {
                clean.push_str("null");
                rest = &from["NaN".len()..];
                continue;
            }
            [b'I', ..] if !quoted && from.starts_with(INFINITY) => {
                let sign = if clean.ends_with('-') { clean.pop() } else { None };
                clean.push('"');
                clean.extend(sign);
                clean.push_str(INFINITY);
                clean.push('"');
                rest = &from[INFINITY.len()..];
                continue;
            }
            [b'\\', ..] => from.chars().take(2).map(char::len_utf8).sum(),
            [b'"', ..] => {
                quoted = !quoted;
                1
            }
            _ => 1,
        };
        let (token, after) = from.split_at(taken);
        clean.push_str(token);
        rest = after;
    }
    clean.push_str(rest);
    clean
}

/// The message without `at line L column C`, which counts inside a part of the file.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_becomes_null_but_for_texts() {
        let clean = |text: &str| without_nan(text.to_owned());
        assert_eq!(clean(r#"{"a": NaN, "b": [NaN,1]}"#), r#"{"a": null, "b": [null,1]}"#);
        let texts = r#"{"NaN": "NaN \" NaN", "N": "\\"}"#;
        assert_eq!(clean(texts), texts);
        assert_eq!(clean(r#"["\\", NaN]"#), r#"["\\", null]"#);
        assert_eq!(clean("\"\\é NaN"), "\"\\é NaN");
        let infinite = r#"{"a": Infinity, "b": [-Infinity, "Infinity"], "Id": 1}"#;
        let texts = r#"{"a": "Infinity", "b": ["-Infinity", "Infinity"], "Id": 1}"#;
        assert_eq!(clean(infinite), texts);
    }
}
