//! Pairs `"name":number,` by the thousand: texts of which each stands somewhere already.
//!
//! Lengths of texts cannot be foreseen, so each is copied in one step of a fixed width, and what is
//! too much is written over by the next. Several times as quick as appending one by one.

/// A text within a larger one.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The larger one.
    pub base: &'a [u8],
    /// Where it begins there.
    pub begin: usize,
    /// How many bytes it has.
    pub bytes: usize,
}

/// Bytes of a name that are copied in one step.
const NAME: usize = 32;
/// Bytes of a number that are copied in one step.
const NUMBER: usize = 16;
/// What a pair may touch.
const PAIR: usize = 64;

impl<'a> Part<'a> {
    /// A whole text as part of itself.
    #[must_use]
    pub fn whole(text: &'a [u8]) -> Self {
        Self { base: text, begin: 0, bytes: text.len() }
    }

    /// # Panics
    /// Where the base ends before.
    fn text(self) -> &'a [u8] {
        &self.base[self.begin..][..self.bytes]
    }

    /// So many bytes from its begin on, where it has no more and its base has as many.
    #[inline]
    fn wide<const WIDE: usize>(self) -> Option<&'a [u8; WIDE]> {
        self.base.get(self.begin..)?.first_chunk().filter(|_| self.bytes <= WIDE)
    }
}

/// Appends pairs to a buffer.
#[derive(Debug)]
pub struct PairWriter {
    /// Written up to `len`; behind that, room.
    out: Vec<u8>,
    len: usize,
}

impl PairWriter {
    /// Goes on behind what stands in `out`, with room for so many more bytes at first.
    #[must_use]
    pub fn after(mut out: Vec<u8>, room: usize) -> Self {
        let len = out.len();
        out.resize(len + room + PAIR, 0);
        Self { out, len }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes the end off, down to so many bytes.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Appends `NAME:NUMBER,`; the name is a JSON string, the number a JSON number.
    ///
    /// # Panics
    /// Where a text is not within its base.
    #[inline]
    pub fn push_pair(&mut self, name: Part<'_>, number: Part<'_>) {
        let room = self.out.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut::<PAIR>);
        let (Some(room), Some(wide_name), Some(wide_number)) =
            (room, name.wide::<NAME>(), number.wide::<NUMBER>())
        else {
            return self.push_slowly(name.text(), number.text());
        };
        // Both are no longer than what was found for them.
        let (name, number) = (name.bytes.min(NAME), number.bytes.min(NUMBER));
        room[..NAME].copy_from_slice(wide_name);
        room[name] = b':';
        room[name + 1..name + 1 + NUMBER].copy_from_slice(wide_number);
        room[name + 1 + number] = b',';
        self.len += name + number + 2;
    }

    #[cold]
    fn push_slowly(&mut self, name: &[u8], number: &[u8]) {
        for text in [name, b":", number, b","] {
            self.push(text);
        }
    }

    /// Appends any bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if end > self.out.len() {
            self.out.resize(2 * end + PAIR, 0);
        }
        self.out[self.len..end].copy_from_slice(bytes);
        self.len = end;
    }

    /// What was written.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.out.truncate(self.len);
        self.out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, proptest};

    use super::*;

    proptest! {
        #[test]
        fn pairs_are_written_wherever_their_texts_stand(
            pairs in prop::collection::vec(("[a-z]{0,40}", "[0-9]{1,24}"), 0..40),
            behind in "x{0,40}",
            room in 0..200_usize,
        ) {
            let mut base = String::new();
            let mut place = |text: &str| {
                base.push_str(text);
                (base.len() - text.len(), text.len())
            };
            let both = |(name, cost): &(String, String)| (place(name), place(cost));
            let places: Vec<_> = pairs.iter().map(both).collect();
            base.push_str(&behind);
            let mut writer = PairWriter::after(b"{".to_vec(), room);
            let part = |(begin, bytes)| Part { base: base.as_bytes(), begin, bytes };
            for (name, number) in places {
                writer.push_pair(part(name), part(number));
            }
            writer.push(b"}");
            let pair = |(name, cost): &(String, String)| format!("{name}:{cost},");
            let expected: String = pairs.iter().map(pair).collect();
            assert_eq!(writer.finish(), format!("{{{expected}}}").into_bytes());
        }
    }

    #[test]
    fn what_is_taken_off_is_written_over() {
        let mut writer = PairWriter::after(Vec::new(), 0);
        assert!(writer.is_empty());
        writer.push(b"\"a\":{");
        writer.truncate(0);
        writer.push_pair(Part::whole(b"\"b\""), Part::whole(b"7"));
        assert_eq!(writer.len(), 6);
        writer.truncate(5);
        assert_eq!(writer.finish(), b"\"b\":7");
    }
}
