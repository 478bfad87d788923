//! IPv4 endpoints that follow each other in a list, as candidates do by the thousand: nothing else
//! has to be asked between two of them.
#![allow(unsafe_code, reason = "a call behind run-time detection; nothing else, proof below")]

use crate::request::endpoints::Endpoints;
use crate::request::quad::quad;

/// What is in front of a quad.
pub(crate) const IPV4: &[u8] = b"\"ipv4:";

/// Takes the IPv4 endpoints that follow the element that ends at `at`, each close behind a comma or
/// behind one blank more, as far as there is room and each is plainly one; where the last one ends.
pub(crate) fn follow(body: &[u8], at: usize, endpoints: &mut Endpoints<'_>) -> usize {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") {
        // SAFETY: both features that it is made for were found just now.
        return unsafe { avx2::follow(body, at, endpoints) };
    }
    follow_by(quad, body, at, endpoints)
}

/// The same with one way to read a quad.
#[inline(always)]
fn follow_by(
    quad: impl Fn(&[u8], usize) -> Option<(u32, usize)>,
    body: &[u8],
    mut at: usize,
    endpoints: &mut Endpoints<'_>,
) -> usize {
    endpoints.fill_v4(|| {
        let begin = next_ipv4(body, at)?;
        let (address, bytes) = quad(body, begin + IPV4.len())?;
        at = begin + IPV4.len() + bytes + 1;
        Some((address, begin, at - begin))
    });
    at
}

/// What stands between one quad's quote and the next one, of two ways the shorter: seven bytes.
const CLOSE: u64 = u64::from_le_bytes(*b",\"ipv4:\0");
/// The longer one, with a blank.
const APART: u64 = u64::from_le_bytes(*b", \"ipv4:");

/// Where the quote of `"ipv4:` stands that follows the element that ends at `at`.
#[inline(always)]
fn next_ipv4(body: &[u8], at: usize) -> Option<usize> {
    let next = u64::from_le_bytes(*body.get(at..)?.first_chunk()?);
    match next {
        _ if next << 8 == CLOSE << 8 => Some(at + 1),
        APART => Some(at + 2),
        _ => None,
    }
}

/// All 16 bytes that a quad and its quote may have at once.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_cmpgt_epi32, _mm_cvtsi128_si32, _mm_madd_epi16,
        _mm_maddubs_epi16, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi32, _mm_set_epi64x,
        _mm_set1_epi8, _mm_set1_epi16, _mm_set1_epi32, _mm_shuffle_epi8, _mm_sub_epi8,
        _mm_subs_epu8, _mm_testz_si128,
    };

    use crate::request::endpoints::Endpoints;
    use crate::request::quad::{QUAD, quad};
    use crate::request::quads::follow_by;

    #[target_feature(enable = "avx2,bmi1")]
    pub(super) fn follow(body: &[u8], at: usize, endpoints: &mut Endpoints<'_>) -> usize {
        let either = |body: &[u8], at: usize| match body.get(at..)?.first_chunk() {
            Some(view) => at_once(view),
            // The last ones of a body that ends behind them.
            None => quad(body, at),
        };
        follow_by(either, body, at, endpoints)
    }

    /// As [`quad`] reads it.
    #[target_feature(enable = "avx2,bmi1")]
    #[inline]
    fn at_once(view: &[u8; QUAD]) -> Option<(u32, usize)> {
        let view = vector(view);
        let places =
            |byte: u8| _mm_movemask_epi8(_mm_cmpeq_epi8(view, _mm_set1_epi8(byte as i8))) as u32;
        let (quotes, dots) = (places(b'"'), places(b'.'));
        let quote = quotes & quotes.wrapping_neg();
        // Octets end at the dots before the first quote, and at the quote.
        let ends = dots & quote.wrapping_sub(1) | quote;
        let shape = &SHAPES[slot(ends)];
        // A lane for each octet, its ones in the last byte, tens and hundreds before.
        let digits = _mm_sub_epi8(view, _mm_set1_epi8(b'0' as i8));
        let digits = _mm_shuffle_epi8(digits, vector(&shape.digits));
        let weights = _mm_set1_epi32(i32::from_be_bytes([1, 10, 100, 0]));
        let pairs = _mm_maddubs_epi16(digits, weights);
        let octets = _mm_madd_epi16(pairs, _mm_set1_epi16(1));
        let not_digits = _mm_subs_epu8(digits, _mm_set1_epi8(9));
        let [first, second, third, last] = shape.least.map(i32::from);
        let least = _mm_set_epi32(last, third, second, first);
        let too_much = _mm_cmpgt_epi32(octets, _mm_set1_epi32(255));
        let too_little = _mm_cmpgt_epi32(least, octets);
        let wrong = _mm_or_si128(_mm_or_si128(too_much, too_little), not_digits);
        let is_quad = shape.ends == ends && quote != 0 && _mm_testz_si128(wrong, wrong) == 1;
        let low_bytes = _mm_set_epi32(-1, -1, -1, i32::from_be_bytes([0, 4, 8, 12]));
        let address = _mm_cvtsi128_si32(_mm_shuffle_epi8(octets, low_bytes)) as u32;
        is_quad.then_some((address, quote.trailing_zeros() as usize))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn vector(bytes: &[u8; 16]) -> __m128i {
        let both = u128::from_le_bytes(*bytes);
        _mm_set_epi64x((both >> 64) as i64, both as i64)
    }

    /// Where the digits of each octet stand in a quad whose octets end so.
    #[derive(Clone, Copy)]
    struct Shape {
        /// The place of each lane's bytes; none where the top bit is set.
        digits: [u8; 16],
        /// A bit for each byte that closes an octet.
        ends: u32,
        /// What an octet of so many digits is at least: without leading zeros.
        least: [u8; 4],
    }

    /// Digits of octets: 1 to 3 each.
    const LENGTHS: usize = 3;

    /// A slot for each shape, no two in one: the factor was found by trying.
    #[inline(always)]
    const fn slot(ends: u32) -> usize {
        (ends.wrapping_mul(0xd6af_10d1) >> 24) as usize
    }

    static SHAPES: [Shape; 256] = {
        let none = Shape { digits: [0x80; 16], ends: 0, least: [0; 4] };
        let mut shapes = [none; 256];
        let mut number = 0;
        while number < LENGTHS.pow(4) {
            let (mut shape, mut begin, mut octet, mut left) = (none, 0, 0, number);
            while octet < 4 {
                let length = left % LENGTHS + 1;
                let mut digit = 0;
                while digit < length {
                    shape.digits[4 * octet + 4 - length + digit] = (begin + digit) as u8;
                    digit += 1;
                }
                shape.ends |= 1 << (begin + length);
                shape.least[octet] = [0, 10, 100][length - 1];
                (begin, octet, left) = (begin + length + 1, octet + 1, left / LENGTHS);
            }
            assert!(shapes[slot(shape.ends)].ends == 0, "two shapes in one slot");
            shapes[slot(shape.ends)] = shape;
            number += 1;
        }
        shapes
    };
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::{any, prop, proptest};

    use super::*;
    use crate::request::endpoints::Addresses;

    /// What is taken of a body from `at` on, in whichever way: addresses, their texts, the end.
    fn taken(
        body: &[u8],
        by: impl Fn(&[u8], usize, &mut Endpoints<'_>) -> usize,
    ) -> (Vec<u32>, Vec<String>, usize) {
        let mut endpoints = Endpoints::over(body).unwrap();
        endpoints.reserve_for(body.len());
        let end = by(body, 0, &mut endpoints);
        let text = |index| String::from_utf8_lossy(endpoints.quoted(index)).into_owned();
        let texts = (0..endpoints.len()).map(text).collect();
        let Addresses::V4(addresses) = endpoints.addresses() else { panic!("all are IPv4") };
        (addresses.clone(), texts, end)
    }

    /// The quick way of this processor takes what the way of all of them takes; how many.
    fn agree(body: &[u8]) -> usize {
        let quick = taken(body, follow);
        let other = taken(body, |body, at, endpoints| follow_by(quad, body, at, endpoints));
        assert_eq!(quick, other, "{:?}", String::from_utf8_lossy(body));
        quick.0.len()
    }

    /// An endpoint behind another one; what is behind it makes it long enough to be read at once.
    fn followed(text: &[u8]) -> Vec<u8> {
        [b",\"ipv4:", text, b"\",\"ipv6:2001:db8::1\"]"].concat()
    }

    proptest! {
        #[test]
        fn all_that_follow_are_taken(
            bits in prop::collection::vec((any::<u32>(), any::<bool>()), 0..20),
            behind in ".{0,20}",
        ) {
            let mut body = String::new();
            for (bits, blank) in &bits {
                let blank = if *blank { " " } else { "" };
                body += &format!(",{blank}\"ipv4:{}\"", Ipv4Addr::from_bits(*bits));
            }
            let end = body.len();
            body += &behind;
            let expected: Vec<u32> = bits.iter().map(|(bits, _)| *bits).collect();
            let found = taken(body.as_bytes(), follow);
            assert_eq!((found.0, found.2), (expected, end));
            agree(body.as_bytes());
        }

        #[test]
        fn both_ways_take_what_looks_like_one(
            text in "[0-9]{0,4}([.,\"][0-9]{0,4}){2,4}\"?.{0,3}",
        ) {
            agree(&followed(text.as_bytes()));
            agree(format!(",\"ipv4:{text}").as_bytes());
        }

        #[test]
        fn both_ways_take_a_damaged_one(
            bits in any::<u32>(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            insert in any::<bool>(),
        ) {
            let mut text = Ipv4Addr::from_bits(bits).to_string().into_bytes();
            let at = at.index(text.len());
            if insert { text.insert(at, byte) } else { text[at] = byte }
            agree(&followed(&text));
        }
    }

    /// Of one and two bytes in the place of each octet all that there are, and of three those that
    /// are at the borders of what a digit is.
    #[test]
    fn both_ways_take_the_same_octets() {
        let border = *b"\0\x01\x09\"-./012569:\x80\xff";
        let ones = (0..=255_u8).map(|one| vec![one]);
        let twos = (0..=u16::MAX).map(|two| two.to_be_bytes().to_vec());
        let threes = (0..border.len().pow(3)).map(|number| {
            let digit = |place: u32| border[number / border.len().pow(place) % border.len()];
            vec![digit(2), digit(1), digit(0)]
        });
        for octet in ones.chain(twos).chain(threes) {
            let is_octet = std::str::from_utf8(&octet).is_ok_and(|text| {
                text.parse::<u8>().is_ok_and(|number| number.to_string() == text)
            });
            for place in 0..4 {
                let mut octets = [b"1".as_slice(), b"22", b"133", b"4"];
                octets[place] = &octet;
                let taken = agree(&followed(&octets.join(&b'.')));
                // With a dot or a quote of its own it may be something else that is read.
                let is_other = octet.iter().any(|byte| matches!(byte, b'.' | b'"'));
                assert!(is_other || taken == usize::from(is_octet), "{octet:?}");
            }
        }
    }

    /// What ends with a dot where the quote belongs, and has none as far as is looked.
    #[test]
    fn neither_way_takes_what_is_not_closed() {
        for text in ["1.2.3.4.", "255.255.255.255.", "1.2.3.4.5.6.7.8.9.0.1.2.3", "1.2.3.4"] {
            assert_eq!(
                agree(&followed(format!("{text}{}", "a".repeat(16)).as_bytes())),
                0,
                "{text}"
            );
        }
    }

    #[test]
    fn the_next_address_stands_behind_a_comma_and_perhaps_a_blank() {
        let next = |text: &str| next_ipv4(format!("x{text}").as_bytes(), 1);
        assert_eq!(next(",\"ipv4:1"), Some(2));
        assert_eq!(next(", \"ipv4:1"), Some(3));
        for other in [",\"ipv6:1", ",  \"ipv4:", "]\"ipv4:1", ",\"ipv4:", ""] {
            assert_eq!(next(other), None, "{other}");
        }
    }
}
