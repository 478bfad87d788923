//! Where the bytes of a fragment are: the files of a content stand one after the other.

use mp2p::fragment::Cut;
use mp2p::index_file::IndexFile;

/// A piece of a file.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Span {
    /// Which file, by its place in the index file.
    pub file: usize,
    /// Where it begins in the file, bytes.
    pub offset: u64,
    /// How long it is, bytes.
    pub length: usize,
}

/// The files of a content and how it is cut.
#[derive(Clone, Debug)]
pub struct Layout {
    cut: Cut,
    /// Where each file begins in the content, bytes; the end of the last one at the end.
    starts: Vec<u64>,
}

impl Layout {
    /// Of a content; `None` of a service, which has no bytes.
    #[must_use]
    pub fn of(index: &IndexFile) -> Option<Self> {
        let cut = index.cut()?;
        Some(Self::new(cut, index.files.iter().map(|file| file.size)))
    }

    /// Of files of these sizes.
    #[must_use]
    pub fn new(cut: Cut, sizes: impl Iterator<Item = u64>) -> Self {
        let mut starts = vec![0_u64];
        for size in sizes {
            starts.push(starts.last().copied().unwrap_or_default().saturating_add(size));
        }
        Self { cut, starts }
    }

    /// How the content is cut.
    #[must_use]
    pub fn cut(&self) -> &Cut {
        &self.cut
    }

    /// The pieces of a fragment, in order; none where there is no such fragment.
    #[must_use]
    pub fn spans(&self, fragment: u32) -> Vec<Span> {
        let (Some(from), Some(length)) = (self.cut.offset(fragment), self.cut.length(fragment))
        else {
            return Vec::new();
        };
        let to = from + u64::from(length);
        let first = self.starts.partition_point(|start| *start <= from).saturating_sub(1);
        let ends = self.starts.windows(2).enumerate().skip(first);
        ends.take_while(|(_, ends)| ends[0] < to)
            .filter_map(|(file, ends)| {
                let (begin, end) = (from.max(ends[0]), to.min(ends[1]));
                let length = usize::try_from(end.checked_sub(begin)?).ok().filter(|n| *n > 0)?;
                Some(Span { file, offset: begin - ends[0], length })
            })
            .collect()
    }

    /// The fragments that hold bytes of a file: first, and one after the last.
    #[must_use]
    pub fn fragments(&self, file: usize) -> (u32, u32) {
        let size = u64::from(self.cut.fragment_size());
        match (self.starts.get(file), self.starts.get(file + 1)) {
            (Some(from), Some(to)) if from < to => {
                let at = |byte: u64| u32::try_from(byte / size).unwrap_or(u32::MAX);
                (at(*from), at(*to - 1) + 1)
            }
            _ => (0, 0),
        }
    }

    /// Where a file begins in the content, bytes.
    #[must_use]
    pub fn start(&self, file: usize) -> u64 {
        self.starts.get(file).copied().unwrap_or_default()
    }

    /// Length of a file, bytes.
    #[must_use]
    pub fn size(&self, file: usize) -> u64 {
        match (self.starts.get(file), self.starts.get(file + 1)) {
            (Some(from), Some(to)) => to - from,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of 10 000, 0, 30 000 and 5 000 bytes in fragments of 16 384: 45 000 bytes, 3 of them.
    fn layout() -> Layout {
        let cut = Cut::new(45_000, 16_384).unwrap();
        Layout::new(cut, [10_000, 0, 30_000, 5_000].into_iter())
    }

    fn span(file: usize, offset: u64, length: usize) -> Span {
        Span { file, offset, length }
    }

    #[test]
    fn a_fragment_may_lie_in_several_files() {
        let layout = layout();
        assert_eq!(layout.spans(0), [span(0, 0, 10_000), span(2, 0, 6_384)]);
        assert_eq!(layout.spans(1), [span(2, 6_384, 16_384)]);
        assert_eq!(layout.spans(2), [span(2, 22_768, 7_232), span(3, 0, 5_000)]);
        assert_eq!(layout.spans(3), []);
    }

    #[test]
    fn a_file_lies_in_its_fragments() {
        let layout = layout();
        let fragments: Vec<_> = (0..5).map(|file| layout.fragments(file)).collect();
        assert_eq!(fragments, [(0, 1), (0, 0), (0, 3), (2, 3), (0, 0)]);
    }
}
