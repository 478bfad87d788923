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

/// Bytes that [`quad`] looks at: four before the quad, the longest quad, its quote, and some behind
/// so that every octet can be read in a step of four.
const VIEW: usize = 24;
/// Where a quad begins in a view.
const BEFORE: usize = 4;

/// Reads the dotted quad at `at`, closed by a quote, where four bytes at least stand before it: the
/// address, and how many bytes the quad has.
///
/// No branch but the last one: the lengths of octets cannot be foreseen, and each wrong guess would
/// cost as much as the whole.
#[inline]
pub(crate) fn quad(body: &[u8], at: usize) -> Option<(u32, usize)> {
    // By the length of an octet: the bytes of its digits, and its least value, for no octet has
    // leading zeros (RFC 3986 §3.2.2).
    static DIGITS: [u32; 4] = [0, 0x000f_0000, 0x000f_0f00, 0x000f_0f0f];
    static LEAST: [u32; 4] = [u32::MAX, 0, 10, 100];
    let (begin, padded) = (at.checked_sub(BEFORE)?, &mut [0; VIEW]);
    let view: &[u8; VIEW] = match body.get(begin..).and_then(<[u8]>::first_chunk) {
        Some(view) => view,
        None => {
            let rest = body.get(begin..)?;
            padded[..rest.len()].copy_from_slice(rest);
            padded
        }
    };
    let mut ends = ends(view);
    let (mut begin, mut address, mut good) = (0, 0_u32, true);
    for closed_by in *b"...\"" {
        let end = ends.trailing_zeros() as usize & 15;
        ends &= ends.wrapping_sub(1);
        let [a, b, c, d] = [view[end + 1], view[end + 2], view[end + 3], view[end + 4]];
        let length = end.wrapping_sub(begin);
        good &= length.wrapping_sub(1) < 3 && d == closed_by;
        let digits = u32::from_le_bytes([a, b, c, 0]) & DIGITS[length & 3];
        let octet = (digits >> 16) + (digits >> 8 & 0xff) * 10 + (digits & 0xff) * 100;
        good &= octet <= 255 && octet >= LEAST[length & 3];
        address = address << 8 | octet;
        begin = end + 1;
    }
    good.then(|| (address, begin - 1))
}

/// Bit i says that byte i of the quad is no digit.
#[inline]
fn ends(view: &[u8; VIEW]) -> u32 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let half = |begin: usize| {
        let bytes = std::array::from_fn(|at| view[begin + at]);
        let digits = u64::from_le_bytes(bytes) ^ 0x3030_3030_3030_3030;
        // The top bit of each byte that is more than 9.
        let others = (((digits & LOW) + 0x7676_7676_7676_7676) | digits) & !LOW;
        // Gathers the eight top bits, the first byte's lowest.
        ((others >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
    };
    half(BEFORE) | half(BEFORE + 8) << 8
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    /// What the standard library says of the same text.
    fn expected(text: &str) -> Option<(u32, usize)> {
        let (quad, _) = text.split_once('"')?;
        Some((quad.parse::<Ipv4Addr>().ok()?.to_bits(), quad.len()))
    }

    fn found(text: &str) -> Option<(u32, usize)> {
        quad(format!("ipv4:{text}").as_bytes(), 5)
    }

    #[test]
    fn quads_are_read_as_the_standard_library_reads_them() {
        for text in
            ["0.0.0.0\"", "255.255.255.255\"", "192.0.2.1\"]}}", "1.2.3.4\",\"ipv4:5.6.7.8\""]
        {
            assert!(expected(text).is_some(), "{text}");
            assert_eq!(found(text), expected(text), "{text}");
        }
        for text in [
            "256.0.0.0\"",
            "1.2.3\"",
            "1.2.3.4.5\"",
            "01.2.3.4\"",
            "00.0.0.0\"",
            "1..2.3\"",
            ".1.2.3\"",
            "1.2.3.\"",
            "1.2.3.4",
            "1.2.3.4/24\"",
            "1.2.3.4 \"",
            "1234.2.3.4\"",
            "1.2.3.999\"",
            "",
            "1.2.3.-4\"",
            "1.2.3.4\\\"",
            "1,2.3.4\"",
            "1.2.3\".4",
            "١.2.3.4\"",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_address_is_read(bits in any::<u32>(), behind in ".{0,20}") {
            let text = format!("{}\"{behind}", Ipv4Addr::from_bits(bits));
            prop_assert_eq!(found(&text), Some((bits, text.find('"').unwrap_or_default())));
        }

        #[test]
        fn what_looks_like_one_is_read_as_the_standard_library_reads_it(
            text in "[0-9]{0,4}([.,\"][0-9]{0,4}){2,4}\"?.{0,3}",
        ) {
            prop_assert_eq!(found(&text), expected(&text));
        }
    }

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
