//! Numbers in operators' files, and the ranges in which they make sense.

/// A text that is no AS number (RFC 6793).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no AS number; expected 1 to 4294967295, without `AS`")]
pub(crate) struct AsError(String);

/// A number that is none, or makes no sense where it stands.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum NumberError {
    #[error("{name} is `{text}`; expected a number")]
    NotANumber { name: String, text: String },
    #[error("{name} is {value}; expected a number from -{bound} to {bound}")]
    OutOfRange { name: String, value: f64, bound: f64 },
    #[error("{name} is {value}; expected a finite number, not below 0")]
    Negative { name: String, value: f64 },
}

/// An AS number: 1 to 4294967295, digits only.
pub(crate) fn as_number(text: &str) -> Result<u32, AsError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(asn) if digits && asn != 0 => Ok(asn),
        _ => Err(AsError(text.to_owned())),
    }
}

/// A number that a file keeps as text; `None` where that is blank, or the `nan` that programs write
/// for what they do not know.
pub(crate) fn from_text(name: &str, text: &str) -> Result<Option<f64>, NumberError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || NumberError::NotANumber { name: name.to_owned(), text: text.to_owned() };
    let value: f64 = text.parse().map_err(|_| wrong())?;
    Ok(Some(value).filter(|value| !value.is_nan()))
}

/// Degrees north.
pub(crate) fn latitude(name: &str, value: f64) -> Result<f64, NumberError> {
    within(name, value, 90.0)
}

/// Degrees east.
pub(crate) fn longitude(name: &str, value: f64) -> Result<f64, NumberError> {
    within(name, value, 180.0)
}

/// A metric, a delay or a capacity.
pub(crate) fn amount(name: &str, value: f64) -> Result<f64, NumberError> {
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(NumberError::Negative { name: name.to_owned(), value })
    }
}

fn within(name: &str, value: f64, bound: f64) -> Result<f64, NumberError> {
    if value.abs() <= bound {
        Ok(value)
    } else {
        Err(NumberError::OutOfRange { name: name.to_owned(), value, bound })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_numbers_are_digits_from_1_to_32_bits() {
        assert_eq!(as_number("4294967295"), Ok(u32::MAX));
        for text in ["", "0", "AS680", "+680", "-1", "4294967296", "1.5", "6 80"] {
            assert!(as_number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_without_sense_are_named() {
        assert_eq!(from_text("delay", " "), Ok(None));
        assert_eq!(from_text("delay", "nan"), Ok(None));
        assert_eq!(from_text("delay", " 4.5 "), Ok(Some(4.5)));
        let error = from_text("delay", "fast").unwrap_err().to_string();
        assert_eq!(error, "delay is `fast`; expected a number");
        assert!(latitude("Latitude", 90.0).is_ok());
        assert!(latitude("Latitude", -90.01).is_err());
        assert!(longitude("Longitude", 180.5).is_err());
        assert!(longitude("Longitude", f64::NAN).is_err());
        assert_eq!(amount("igp", 0.0), Ok(0.0));
        for value in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(amount("igp", value).is_err(), "{value}");
        }
    }
}
