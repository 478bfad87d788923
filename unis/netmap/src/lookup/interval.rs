//! From prefixes, which nest, to intervals, which do not: longest-prefix match becomes "which
//! interval holds this address".

/// No PID: addresses that no prefix holds. Bit 31 stays free for the compiled forms.
pub(crate) const NO_PID: u32 = (1 << 31) - 1;

/// An address of one family as a number.
pub(crate) trait Address: Copy + Ord {
    /// The lowest address of the family.
    const FIRST: Self;
    /// The highest.
    const LAST: Self;
    /// The address behind this one.
    fn next(self) -> Option<Self>;
    /// The address before this one.
    fn previous(self) -> Option<Self>;
}

macro_rules! address {
    ($number:ty) => {
        impl Address for $number {
            const FIRST: Self = 0;
            const LAST: Self = <$number>::MAX;

            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn previous(self) -> Option<Self> {
                self.checked_sub(1)
            }
        }
    };
}

address!(u32);
address!(u128);

/// The addresses of a prefix, and its PID.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Span<A> {
    pub(crate) first: A,
    pub(crate) last: A,
    pub(crate) pid: u32,
}

/// A piece of the address space: from behind the piece before it up to `last`.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Interval<A> {
    pub(crate) last: A,
    pub(crate) pid: u32,
}

/// Cuts the whole address space into intervals, ascending; neighbours have different PIDs and
/// the last one ends at [`Address::LAST`]. Spans are prefixes: they nest or lie apart; they
/// ascend by first address, the wider before the narrower.
pub(crate) fn cut<A: Address>(spans: impl IntoIterator<Item = Span<A>>) -> Vec<Interval<A>> {
    let mut sweep = Sweep { intervals: Vec::new(), next: Some(A::FIRST), open: Vec::new() };
    for span in spans {
        sweep.close_before(span.first);
        if let Some(last) = span.first.previous() {
            sweep.emit(last, sweep.innermost());
        }
        sweep.open.push(span);
    }
    while let Some(span) = sweep.open.pop() {
        sweep.emit(span.last, span.pid);
    }
    sweep.emit(A::LAST, NO_PID);
    sweep.intervals.shrink_to_fit();
    sweep.intervals
}

struct Sweep<A> {
    intervals: Vec<Interval<A>>,
    /// The first address that no interval holds yet; `None` when all are held.
    next: Option<A>,
    /// The spans around `next`, outermost first.
    open: Vec<Span<A>>,
}

impl<A: Address> Sweep<A> {
    fn innermost(&self) -> u32 {
        self.open.last().map_or(NO_PID, |span| span.pid)
    }

    fn close_before(&mut self, first: A) {
        while let Some(span) = self.open.pop_if(|span| span.last < first) {
            self.emit(span.last, span.pid);
        }
    }

    /// Gives the addresses up to `last`, if any are left, to a PID.
    fn emit(&mut self, last: A, pid: u32) {
        if self.next.is_none_or(|next| next > last) {
            return;
        }
        self.next = last.next();
        match self.intervals.last_mut() {
            Some(before) if before.pid == pid => before.last = last,
            _ => self.intervals.push(Interval { last, pid }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_up(spans: &[(u32, u32, u32)]) -> Vec<(u32, u32)> {
        let spans = spans.iter().map(|&(first, last, pid)| Span { first, last, pid });
        cut(spans).into_iter().map(|interval| (interval.last, interval.pid)).collect()
    }

    #[test]
    fn nothing_is_one_interval_without_pid() {
        assert_eq!(cut_up(&[]), [(u32::MAX, NO_PID)]);
    }

    #[test]
    fn the_inner_prefix_cuts_the_outer_in_two() {
        let spans = [(0x0a00_0000, 0x0aff_ffff, 0), (0x0a01_0000, 0x0a01_ffff, 1)];
        let expected = [
            (0x09ff_ffff, NO_PID),
            (0x0a00_ffff, 0),
            (0x0a01_ffff, 1),
            (0x0aff_ffff, 0),
            (u32::MAX, NO_PID),
        ];
        assert_eq!(cut_up(&spans), expected);
    }

    #[test]
    fn both_edges_of_the_space_may_be_held() {
        let spans = [(0, u32::MAX, 7), (0, 0, 1), (u32::MAX, u32::MAX, 2)];
        assert_eq!(cut_up(&spans), [(0, 1), (u32::MAX - 1, 7), (u32::MAX, 2)]);
    }

    #[test]
    fn neighbours_of_one_pid_are_one_interval() {
        let spans = [(0, 255, 3), (16, 31, 3), (256, 511, 3)];
        assert_eq!(cut_up(&spans), [(511, 3), (u32::MAX, NO_PID)]);
    }
}
