//! A JSON value as it was written.

use std::fmt;

use crate::write::{push_array, push_name, push_string};

/// A JSON value; members keep their order, numbers their text. Displays as compact JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, by its text.
    Number(String),
    /// A string, its escapes resolved.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object; no name appears twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    fn push(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Number(text) => out.extend_from_slice(text.as_bytes()),
            Self::String(text) => push_string(out, text),
            Self::Array(items) => push_array(out, items, |out, item| item.push(out)),
            Self::Object(members) => push_object(out, members),
        }
    }
}

fn push_object(out: &mut Vec<u8>, members: &[(String, Json)]) {
    out.push(b'{');
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_name(out, name);
        value.push(out);
    }
    out.push(b'}');
}

impl fmt::Display for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.push(&mut out);
        formatter.write_str(&String::from_utf8_lossy(&out))
    }
}
