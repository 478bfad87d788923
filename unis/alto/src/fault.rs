//! ALTO errors (RFC 7285 §8.5): what was wrong with a request, in words that a client can act on.

use std::fmt;

use serde::Deserialize;

use crate::write::{push_name, push_string};

/// Registered error codes (§8.5.2, §14.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// `E_SYNTAX`: the body is not JSON.
    Syntax,
    /// `E_MISSING_FIELD`: a required field is absent.
    MissingField,
    /// `E_INVALID_FIELD_TYPE`: a field has the wrong JSON type.
    InvalidFieldType,
    /// `E_INVALID_FIELD_VALUE`: a field has the right type and a wrong value.
    InvalidFieldValue,
}

impl Code {
    /// Reads a registered code.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "E_SYNTAX" => Self::Syntax,
            "E_MISSING_FIELD" => Self::MissingField,
            "E_INVALID_FIELD_TYPE" => Self::InvalidFieldType,
            "E_INVALID_FIELD_VALUE" => Self::InvalidFieldValue,
            _ => return None,
        })
    }

    /// The code as it stands in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "E_SYNTAX",
            Self::MissingField => "E_MISSING_FIELD",
            Self::InvalidFieldType => "E_INVALID_FIELD_TYPE",
            Self::InvalidFieldValue => "E_INVALID_FIELD_VALUE",
        }
    }
}

/// One error of one request; a request with several gets exactly one of them (§8.5.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// What kind of error it is.
    pub code: Code,
    /// With [`Code::Syntax`]: what is wrong and where, by line and column.
    pub syntax_error: Option<String>,
    /// Full path of the field, such as `cost-type/cost-metric`; an array's name for its elements.
    pub field: Option<String>,
    /// The wrong value as a string; only where `field` is there too.
    pub value: Option<String>,
}

impl Fault {
    /// The body is not JSON; `text` says what is wrong and where.
    pub fn syntax(text: impl Into<String>) -> Self {
        Self { syntax_error: Some(text.into()), ..Self::of(Code::Syntax) }
    }

    /// A required field is absent.
    pub fn missing(field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::of(Code::MissingField) }
    }

    /// A field has the wrong JSON type.
    pub fn invalid_type(field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::of(Code::InvalidFieldType) }
    }

    /// The body is JSON, but no object: there is no field to name.
    pub fn body_is_no_object() -> Self {
        Self::of(Code::InvalidFieldType)
    }

    /// A field, or an element of an array of that name, has a wrong value.
    pub fn invalid_value(field: impl Into<String>, value: impl Into<String>) -> Self {
        let (field, value) = (Some(field.into()), Some(value.into()));
        Self { field, value, ..Self::of(Code::InvalidFieldValue) }
    }

    fn of(code: Code) -> Self {
        Self { code, syntax_error: None, field: None, value: None }
    }

    /// The body of the error response: `{"meta":{"code":…}}`, of type [`crate::media::ERROR`].
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = br#"{"meta":{"code":"#.to_vec();
        push_string(&mut out, self.code.as_str());
        let members =
            [("syntax-error", &self.syntax_error), ("field", &self.field), ("value", &self.value)];
        for (name, text) in members {
            if let Some(text) = text {
                out.push(b',');
                push_name(&mut out, name);
                push_string(&mut out, text);
            }
        }
        out.extend_from_slice(b"}}");
        out
    }

    /// Reads the body of an error response; unknown members are ignored.
    pub fn from_json(body: &[u8]) -> Result<Self, FaultError> {
        let Message { meta } = serde_json::from_slice(body)?;
        let Some(code) = Code::parse(&meta.code) else {
            return Err(FaultError::UnknownCode(meta.code));
        };
        Ok(Self { code, syntax_error: meta.syntax_error, field: meta.field, value: meta.value })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code.as_str())?;
        if let Some(text) = &self.syntax_error {
            write!(formatter, ": {text}")?;
        }
        if let Some(field) = &self.field {
            write!(formatter, ": field {field}")?;
        }
        if let Some(value) = &self.value {
            write!(formatter, ", value {value:?}")?;
        }
        Ok(())
    }
}

/// A body that is no ALTO error, though it came as one.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// Not JSON of the right shape.
    #[error("not an ALTO error: {0}")]
    Shape(#[from] serde_json::Error),
    /// A code that RFC 7285 does not register.
    #[error("unknown ALTO error code {0:?}")]
    UnknownCode(String),
}

#[derive(Deserialize)]
struct Message {
    meta: Meta,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Meta {
    code: String,
    syntax_error: Option<String>,
    field: Option<String>,
    value: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(fault: &Fault) -> String {
        String::from_utf8(fault.to_json()).unwrap()
    }

    #[test]
    fn b3_every_code_is_a_registered_one_and_is_read_back() {
        for (fault, expected) in [
            (
                Fault::syntax("line 1, column 2: expected a value"),
                concat!(
                    r#"{"meta":{"code":"E_SYNTAX","#,
                    r#""syntax-error":"line 1, column 2: expected a value"}}"#
                ),
            ),
            (
                Fault::missing("cost-type/cost-metric"),
                r#"{"meta":{"code":"E_MISSING_FIELD","field":"cost-type/cost-metric"}}"#,
            ),
            (
                Fault::invalid_type("pids"),
                r#"{"meta":{"code":"E_INVALID_FIELD_TYPE","field":"pids"}}"#,
            ),
            (Fault::body_is_no_object(), r#"{"meta":{"code":"E_INVALID_FIELD_TYPE"}}"#),
            (
                Fault::invalid_value("pids", "a \"b\""),
                r#"{"meta":{"code":"E_INVALID_FIELD_VALUE","field":"pids","value":"a \"b\""}}"#,
            ),
        ] {
            assert_eq!(text(&fault), expected);
            assert_eq!(Fault::from_json(expected.as_bytes()).unwrap(), fault);
        }
    }

    #[test]
    fn an_invented_code_is_named() {
        let error = Fault::from_json(br#"{"meta":{"code":"E_GENERIC_HTTP400"}}"#).unwrap_err();
        assert_eq!(error.to_string(), r#"unknown ALTO error code "E_GENERIC_HTTP400""#);
        assert!(Fault::from_json(b"<html>").is_err());
    }

    #[test]
    fn people_read_code_field_and_value() {
        let fault = Fault::invalid_value("cost-type/cost-mode", "foo");
        assert_eq!(
            fault.to_string(),
            r#"E_INVALID_FIELD_VALUE: field cost-type/cost-mode, value "foo""#
        );
        assert_eq!(Fault::missing("pids").to_string(), "E_MISSING_FIELD: field pids");
    }
}
