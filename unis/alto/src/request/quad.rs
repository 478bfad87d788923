//! Dotted quads (RFC 3986 §3.2.2, `IPv4address`) as they stand in a body, closed by a quote, on every
//! processor.

/// Bytes of the longest quad and its quote.
pub(crate) const QUAD: usize = 16;
/// Bytes that are looked at: any of those may be the first of a word.
const VIEW: usize = QUAD + 4;
const ONES: u64 = 0x0101_0101_0101_0101;

/// Reads the dotted quad at `at`, closed by a quote: the address, and how many bytes the quad has.
///
/// No branch but the last one: the lengths of octets cannot be foreseen, and each wrong guess would
/// cost as much as the whole.
#[inline(always)]
pub(crate) fn quad(body: &[u8], at: usize) -> Option<(u32, usize)> {
    let (rest, padded) = (body.get(at..)?, &mut [0; VIEW]);
    let view: &[u8; VIEW] = match rest.first_chunk() {
        Some(view) => view,
        None => {
            padded[..rest.len()].copy_from_slice(rest);
            padded
        }
    };
    let (mut begin, mut address, mut wrong) = (0, 0, 0);
    for closed_by in *b"...\"" {
        // In one load, whatever is asked of its bytes afterwards.
        let word = u32::from_le_bytes(*view[begin..].first_chunk()?);
        // The top bit of the first byte that closes; where none does, all bits are passed over.
        let differs = word ^ (ONES as u32 * u32::from(closed_by));
        let closes = differs.wrapping_sub(ONES as u32) & !differs & (ONES << 7) as u32;
        let bits = closes.trailing_zeros();
        let octet = octet(digits(word, bits));
        wrong |= octet | starts_with_nul(word);
        address = address << 8 | octet;
        begin = (begin + bits as usize / 8 + 1) % QUAD;
    }
    // Found by itself, so that who comes next need not wait for the octets.
    let bytes = before_quote(view);
    (wrong < 256).then_some((address, bytes))
}

/// The digits before the last of so many bits of a word: the last one highest, nothing below;
/// nothing at all of none, or of four.
#[inline(always)]
const fn digits(word: u32, bits: u32) -> u32 {
    (word << 8) << (!bits & 24)
}

/// The octet that some [`digits`] write, without leading zeros (RFC 3986 §3.2.2); 256 or more where
/// they do not.
#[inline(always)]
fn octet(digits: u32) -> u32 {
    OCTETS[slot(digits)] ^ digits
}

/// 256 where the first byte of a word is NUL, which among [`digits`] is like one that is not there;
/// else nothing.
#[inline(always)]
const fn starts_with_nul(word: u32) -> u32 {
    (word & 0xff).wrapping_sub(1) & 256
}

/// A slot for each way to write an octet, no two in one: the factor was found by trying.
#[inline(always)]
const fn slot(digits: u32) -> usize {
    (digits.wrapping_mul(0x3dea_0dff) >> 23) as usize
}

/// By slot, the octet and the digits that write it.
static OCTETS: [u32; 512] = {
    let mut octets = [0; 512];
    // In the slot of no digits stands what other digits than none are asked for elsewhere.
    octets[0] = 1 << 8;
    let mut octet = 0;
    while octet < 256 {
        let (hundreds, tens, ones) = (octet / 100, octet / 10 % 10, octet % 10);
        let mut digits = (ones | 0x30) << 24;
        if octet > 9 {
            digits |= (tens | 0x30) << 16;
        }
        if octet > 99 {
            digits |= (hundreds | 0x30) << 8;
        }
        octets[slot(digits)] = digits | octet;
        octet += 1;
    }
    octets
};

/// How many of the bytes of a quad come before the first quote; all where there is none.
#[inline(always)]
fn before_quote(view: &[u8; VIEW]) -> usize {
    let word = |begin: usize| u64::from_le_bytes(std::array::from_fn(|at| view[begin + at]));
    let (low, high) = (first_in(word(0), b'"'), first_in(word(8), b'"'));
    let bits = if low == 0 { 64 + high.trailing_zeros() } else { low.trailing_zeros() };
    bits as usize / 8
}

/// The top bit of the first byte that is `byte`, the lowest first, no bit below it, and anything
/// above; 0 where none is.
#[inline(always)]
fn first_in(word: u64, byte: u8) -> u64 {
    let differs = word ^ (ONES * u64::from(byte));
    differs.wrapping_sub(ONES) & !differs & (ONES << 7)
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

    /// Of one, two and three bytes before a dot, all that there are.
    #[test]
    fn of_all_bytes_that_an_octet_could_have_only_its_digits_are_one() {
        let written: std::collections::HashMap<Vec<u8>, u32> =
            (0..=255_u32).map(|octet| (octet.to_string().into_bytes(), octet)).collect();
        assert_eq!(written.len(), 256);
        for length in 1..=3 {
            for bytes in 0..1_u32 << (8 * length) {
                let word = bytes | u32::from(b'.') << (8 * length);
                let found = octet(digits(word, 8 * length + 7)) | starts_with_nul(word);
                let text = &bytes.to_le_bytes()[..length as usize];
                let found = Some(found).filter(|found| *found < 256);
                assert_eq!(found, written.get(text).copied(), "{text:?}");
            }
        }
    }

    /// A NUL before an octet was once taken for a digit that is not there.
    #[test]
    fn a_byte_beside_an_octet_makes_it_none() {
        for (place, byte) in (0..=8).flat_map(|at| (0..=255_u8).map(move |byte| (at, byte))) {
            let mut text = b"1.22.3.44\"".to_vec();
            text.insert(place, byte);
            let expected = std::str::from_utf8(&text).ok().and_then(expected);
            assert_eq!(quad(&text, 0), expected, "{:?}", String::from_utf8_lossy(&text));
        }
    }
}
