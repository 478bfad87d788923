//! Walks over the bytes of a body that is plainly well formed: ASCII, nothing escaped, no number
//! and no literal. Every step gives `None` at the least doubt; then the exact parser decides.

/// A place in a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0 }
    }

    /// What is left.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    /// The next byte that is no white space (RFC 8259 §2), stepped over.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<u8> {
        self.skip_space();
        let byte = *self.body.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    #[inline]
    pub(crate) fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.body.get(self.at) {
            self.at += 1;
        }
    }

    /// Steps over this byte, with white space before it.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    /// Steps over a string of printable ASCII without escapes: what is between the quotes.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let rest = self.rest();
        let end = rest.iter().position(|byte| !matches!(byte, b' '..=b'~') || *byte == b'"')?;
        let (text, after) = rest.split_at(end);
        if after.first() != Some(&b'"') || text.contains(&b'\\') {
            return None;
        }
        self.at += end + 1;
        std::str::from_utf8(text).ok()
    }

    /// Steps over an object, each member's value read by `read`, which is told its name.
    pub(crate) fn object(
        &mut self,
        mut read: impl FnMut(&mut Self, &'a str) -> Option<()>,
    ) -> Option<()> {
        self.expect(b'{')?;
        loop {
            let name = self.text()?;
            self.expect(b':')?;
            read(self, name)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Steps over an array, each element read by `read`, which stands before it, white space
    /// behind it.
    #[inline]
    pub(crate) fn array(&mut self, mut read: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect(b'[')?;
        self.skip_space();
        if self.body.get(self.at) == Some(&b']') {
            self.at += 1;
            return Some(());
        }
        loop {
            self.skip_space();
            read(self)?;
            match self.next()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Whether nothing but white space is left.
    pub(crate) fn is_at_end(mut self) -> bool {
        self.skip_space();
        self.at == self.body.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_strings_are_stepped_over_and_others_are_doubts() {
        let text = |body: &'static str| Scan::new(body.as_bytes()).text();
        assert_eq!(text(r#"  "a b~" "#), Some("a b~"));
        assert_eq!(text(r#""""#), Some(""));
        for doubt in [r#""a\u0041""#, "\"a", "\"é\"", "\"a\n\"", "a\"", ""] {
            assert_eq!(text(doubt), None, "{doubt}");
        }
    }
}
