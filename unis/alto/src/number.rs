//! The grammar of a JSON number (RFC 8259 §6).

/// Length in bytes of the number at the start of `bytes`, or where a digit was expected.
pub(crate) fn scan(bytes: &[u8]) -> Result<usize, usize> {
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    match bytes.get(at) {
        Some(b'0') => at += 1,
        _ => at = digits(bytes, at)?,
    }
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        at = digits(bytes, at)?;
    }
    Ok(at)
}

/// Where the digits end that start at `from`; at least one must stand there.
fn digits(bytes: &[u8], from: usize) -> Result<usize, usize> {
    let rest = bytes.get(from..).unwrap_or_default();
    match rest.iter().take_while(|byte| byte.is_ascii_digit()).count() {
        0 => Err(from),
        count => Ok(from + count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_where_the_grammar_ends() {
        for (text, expected) in [
            ("0", Ok(1)),
            ("-0", Ok(2)),
            ("10,", Ok(2)),
            ("01", Ok(1)),
            ("1.50e+10x", Ok(8)),
            ("2E-3", Ok(4)),
            ("", Err(0)),
            ("-", Err(1)),
            ("+1", Err(0)),
            (".5", Err(0)),
            ("5.", Err(2)),
            ("1e", Err(2)),
            ("1e+", Err(3)),
            ("-x", Err(1)),
        ] {
            assert_eq!(scan(text.as_bytes()), expected, "{text}");
        }
    }
}
