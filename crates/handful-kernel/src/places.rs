//! Where the rows of a product lie: pixels of a map, of every second place of one, of a ring of lines, or of no map at all.

/// Rows in lines. A row is what stands at one pixel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places<E> {
    start: *const E,
    /// Rows of a line.
    width: usize,
    /// Numbers from one row of a line to the next.
    row: usize,
    /// Numbers from one line to the next.
    line: usize,
    /// Place of the first line, and of how many there are before they start over.
    first: usize,
    lines: usize,
}

impl<E> Places<E> {
    /// One behind the other, `row` numbers apart.
    pub fn apart(start: *const E, row: usize) -> Places<E> {
        Places::in_lines(start, usize::MAX, row, 0)
    }

    /// Lines of `width` rows; the lines `line` numbers apart, the rows of each `row`.
    pub fn in_lines(start: *const E, width: usize, row: usize, line: usize) -> Places<E> {
        Places {
            start,
            width,
            row,
            line,
            first: 0,
            lines: usize::MAX,
        }
    }

    /// The same in a ring: line i is at place (first + i) modulo `lines`.
    pub fn in_ring(self, first: usize, lines: usize) -> Places<E> {
        Places {
            first: first % lines,
            lines,
            ..self
        }
    }

    /// Pointers to the rows from `first` on.
    ///
    /// # Safety
    /// All of them are in the memory that `start` points into.
    pub unsafe fn fill(&self, first: usize, all: &mut [*const E]) {
        let (mut line, mut column) = (first / self.width, first % self.width);
        line = (self.first + line) % self.lines;
        for place in all {
            // SAFETY: the caller's.
            *place = unsafe { self.start.add(line * self.line + column * self.row) };
            column += 1;
            if column == self.width {
                (line, column) = (if line + 1 == self.lines { 0 } else { line + 1 }, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(places: Places<f32>, start: *const f32, first: usize, n: usize) -> Vec<usize> {
        let mut all = vec![std::ptr::null(); n];
        // SAFETY: the tests below stay inside their arrays.
        unsafe { places.fill(first, &mut all) };
        all.iter()
            .map(|p| (p.addr() - start.addr()) / size_of::<f32>())
            .collect()
    }

    #[test]
    fn rows_go_from_line_to_line_and_around_the_ring() {
        let memory = [0.0f32; 64];
        let start = memory.as_ptr();
        assert_eq!(offsets(Places::apart(start, 5), start, 2, 3), [10, 15, 20]);
        let lines = Places::in_lines(start, 3, 2, 10);
        assert_eq!(offsets(lines, start, 1, 4), [2, 4, 10, 12]);
        assert_eq!(
            offsets(lines.in_ring(5, 4), start, 0, 12)[..4],
            [10, 12, 14, 20]
        );
        assert_eq!(offsets(lines.in_ring(3, 4), start, 2, 3), [34, 0, 2]);
    }
}
