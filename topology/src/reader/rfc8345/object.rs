//! JSON objects as YANG models write them (RFC 7951): members with or without their module's name.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::reader::json;

/// How much of a wrong value a message shows.
const SHOWN_CHARS: usize = 60;

/// A value that cannot be read, and the byte of the document at which it starts.
pub(crate) type Faulty = (usize, ObjectError);

/// Why a value cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ObjectError {
    #[error("{0}")]
    Json(String),
    #[error("`{name}` is {value}; expected {expected}")]
    BadValue { name: String, value: String, expected: &'static str },
}

/// The members of an object, as they are written.
pub(crate) struct Object<'a> {
    /// The whole document.
    text: &'a str,
    offset: usize,
    members: HashMap<String, &'a RawValue>,
}

impl<'a> Object<'a> {
    /// Reads `raw`, which is borrowed from `text`; `name` is what messages call it.
    pub(crate) fn read(text: &'a str, name: &str, raw: &'a RawValue) -> Result<Self, Faulty> {
        if !raw.get().starts_with('{') {
            return Err(bad_value(text, name, raw, "an object"));
        }
        let members = parse(text, raw)?;
        Ok(Self { text, offset: json::offset(text, raw.get()), members })
    }

    /// The byte of the document at which it starts.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// Whether there is such a member, whatever its value.
    pub(crate) fn has(&self, module: &str, name: &str) -> bool {
        self.find(module, name).is_some()
    }

    /// A member by `module:name`, by `name`, or by the name in another module (a revision or a
    /// state module, say), in this order (RFC 7951 §4). `null` is none.
    pub(crate) fn member(&self, module: &str, name: &str) -> Option<&'a RawValue> {
        self.find(module, name).filter(|raw| raw.get() != "null")
    }

    fn find(&self, module: &str, name: &str) -> Option<&'a RawValue> {
        let exact = self.members.get(&format!("{module}:{name}"));
        let elsewhere = || {
            let of_module =
                |key: &str| key.rsplit_once(':').is_some_and(|(_, local)| local == name);
            let others = self.members.iter().filter(|(key, _)| of_module(key));
            others.min_by_key(|(key, _)| key.as_str()).map(|(_, raw)| raw)
        };
        exact.or_else(|| self.members.get(name)).or_else(elsewhere).copied()
    }

    pub(crate) fn object(&self, module: &str, name: &str) -> Result<Option<Self>, Faulty> {
        self.member(module, name).map(|raw| Self::read(self.text, name, raw)).transpose()
    }

    /// The entries of a list. A list of one may be written without brackets.
    pub(crate) fn list(&self, module: &str, name: &str) -> Result<Vec<&'a RawValue>, Faulty> {
        let Some(raw) = self.member(module, name) else { return Ok(Vec::new()) };
        match raw.get().as_bytes().first() {
            Some(b'[') => parse(self.text, raw),
            Some(b'{') => Ok(vec![raw]),
            _ => Err(bad_value(self.text, name, raw, "a list")),
        }
    }

    /// The entries of a list of objects.
    pub(crate) fn objects(&self, module: &str, name: &str) -> Result<Vec<Self>, Faulty> {
        let entries = self.list(module, name)?.into_iter();
        entries.map(|raw| Self::read(self.text, name, raw)).collect()
    }

    /// A text, or a number as it is written, blanks cut off.
    pub(crate) fn text(&self, module: &str, name: &str) -> Result<Option<String>, Faulty> {
        let Some(raw) = self.member(module, name) else { return Ok(None) };
        match parse(self.text, raw)? {
            Value::String(text) => Ok(Some(text.trim().to_owned())),
            Value::Number(_) => Ok(Some(raw.get().to_owned())),
            _ => Err(bad_value(self.text, name, raw, "a text")),
        }
    }

    /// An unsigned whole number; those of 64 bits are texts (RFC 7951 §6.1). An empty text is none.
    pub(crate) fn unsigned(&self, module: &str, name: &str) -> Result<Option<u64>, Faulty> {
        let Some(raw) = self.member(module, name) else { return Ok(None) };
        let number = match parse(self.text, raw)? {
            Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
            Value::String(text) if text.trim().is_empty() => return Ok(None),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let wrong = || bad_value(self.text, name, raw, "a whole number, not below 0");
        number.map(Some).ok_or_else(wrong)
    }
}

/// `10.0`, as languages with one kind of number write 10.
fn whole(number: f64) -> Option<u64> {
    /// Up to here every whole number has its own `f64`.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let exact = number.fract() == 0.0 && (0.0..=EXACT_MAX).contains(&number);
    exact.then_some(number as u64)
}

fn parse<'a, T: serde::Deserialize<'a>>(text: &str, raw: &'a RawValue) -> Result<T, Faulty> {
    serde_json::from_str(raw.get()).map_err(|error| {
        (json::offset(text, raw.get()), ObjectError::Json(json::without_place(&error)))
    })
}

fn bad_value(text: &str, name: &str, raw: &RawValue, expected: &'static str) -> Faulty {
    let value = raw.get().chars().take(SHOWN_CHARS).collect();
    let fault = ObjectError::BadValue { name: name.to_owned(), value, expected };
    (json::offset(text, raw.get()), fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    const M: &str = "ietf-l3-unicast-topology";

    fn object(text: &str) -> Object<'_> {
        Object::read(text, "it", serde_json::from_str(text).unwrap()).unwrap_or_else(|_| panic!())
    }

    #[test]
    fn a_member_goes_by_its_module_its_bare_name_or_another_module() {
        let text = r#"{"x:a": 1, "ietf-l3-unicast-topology:a": 2, "a": 3, "b": 4, "y:b": 5,
            "z:c": 6, "d": null}"#;
        let number = |name| object(text).unsigned(M, name).unwrap_or(None);
        assert_eq!(["a", "b", "c", "d", "e"].map(number), [Some(2), Some(4), Some(6), None, None]);
    }

    #[test]
    fn numbers_may_be_texts_and_a_list_of_one_may_lack_its_brackets() {
        let text = r#"{"a": "10", "b": 10, "c": 10.0, "d": "", "e": 18446744073709551615,
            "l": {}, "m": [1, 2], "f": -1, "g": "x", "h": 1.5, "i": []}"#;
        let it = object(text);
        let number = |name| it.unsigned(M, name).map_err(|(_, fault)| fault.to_string());
        for name in ["a", "b", "c"] {
            assert_eq!(number(name), Ok(Some(10)));
        }
        assert_eq!(number("d"), Ok(None));
        assert_eq!(number("e"), Ok(Some(u64::MAX)));
        for name in ["f", "g", "h", "i"] {
            assert!(number(name).unwrap_err().ends_with("a whole number, not below 0"));
        }
        let entries = |name| it.list(M, name).map(|list| list.len()).unwrap_or(99);
        assert_eq!(["l", "m", "z", "a"].map(entries), [1, 2, 0, 99]);
    }
}
