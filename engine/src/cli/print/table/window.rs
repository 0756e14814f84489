//! Which rows of a result are shown: all of them, or of too many the first and the last.

use std::collections::VecDeque;
use std::ops::Range;

use super::super::ALL_ROWS;

/// Rows that are held because they may be shown. Holds twice its limit at most.
pub struct Window<R> {
    limit: usize,
    /// The first rows, up to the limit.
    first: Vec<R>,
    /// The last rows of those behind them.
    last: VecDeque<R>,
    /// Rows in all batches but the current one.
    counted: u64,
}

impl<R> Window<R> {
    /// Shows up to `limit` rows, or [`ALL_ROWS`].
    pub fn new(limit: usize) -> Self {
        Window {
            limit,
            first: Vec::new(),
            last: VecDeque::new(),
            counted: 0,
        }
    }

    /// Whether all rows are shown.
    pub fn is_unlimited(&self) -> bool {
        self.limit == ALL_ROWS
    }

    /// Rows that are held.
    pub fn len(&self) -> usize {
        self.first.len() + self.last.len()
    }

    /// Which rows of the next batch may be shown, as far as one can know.
    pub fn wanted(&self, rows: usize) -> impl Iterator<Item = usize> + use<R> {
        let skipped: Range<usize> = match self.is_unlimited() {
            true => rows..rows,
            false => {
                let head = self.limit.saturating_sub(self.first.len()).min(rows);
                head..rows.saturating_sub(self.tail()).max(head)
            }
        };
        (0..skipped.start).chain(skipped.end..rows)
    }

    /// Takes one of those rows.
    pub fn push(&mut self, row: R) {
        if self.is_unlimited() || self.first.len() < self.limit {
            return self.first.push(row);
        }
        if self.last.len() == self.tail() {
            self.last.pop_front();
        }
        self.last.push_back(row);
        self.last.truncate(self.tail());
    }

    /// A batch of so many rows has passed.
    pub fn count(&mut self, rows: usize) {
        self.counted += rows as u64;
    }

    /// Rows that have passed.
    pub fn total(&self) -> u64 {
        self.counted
    }

    /// Rows that have passed and are not shown.
    pub fn left_out(&self) -> u64 {
        match self.is_unlimited() {
            true => 0,
            false => self.counted.saturating_sub(self.limit as u64),
        }
    }

    /// The rows to show: all, or those before and those behind what is left out.
    pub fn take(&mut self) -> (Vec<R>, Vec<R>) {
        let mut head = std::mem::take(&mut self.first);
        let last: Vec<R> = std::mem::take(&mut self.last).into();
        if self.left_out() == 0 {
            return (head, Vec::new());
        }
        let behind = self.tail() - last.len();
        let mut tail = head.split_off(head.len() - behind);
        head.truncate(self.limit - self.tail());
        tail.extend(last);
        (head, tail)
    }

    fn tail(&self) -> usize {
        self.limit / 2
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use proptest::prelude::*;

    /// What is shown of the rows 0.. in batches of these sizes.
    fn shown(limit: usize, batches: &[usize]) -> (Vec<usize>, Vec<usize>, u64) {
        let mut window = Window::new(limit);
        let mut first = 0;
        for rows in batches {
            let wanted: Vec<_> = window.wanted(*rows).collect();
            wanted.iter().for_each(|row| window.push(first + row));
            window.count(*rows);
            first += rows;
        }
        let (head, tail) = window.take();
        (head, tail, window.left_out())
    }

    #[test]
    fn of_too_many_rows_the_first_and_the_last_are_shown() {
        assert_eq!(shown(4, &[10]), (vec![0, 1], vec![8, 9], 6));
        assert_eq!(shown(4, &[3, 1]), (vec![0, 1, 2, 3], vec![], 0));
        assert_eq!(shown(5, &[3, 3]), (vec![0, 1, 2], vec![4, 5], 1));
        assert_eq!(shown(1, &[1, 1]), (vec![0], vec![], 1));
        assert_eq!(shown(0, &[2, 1]), (vec![0, 1, 2], vec![], 0));
    }

    proptest! {
        #[test]
        fn the_window_is_the_two_ends(
            limit in 1_usize..12,
            batches in prop::collection::vec(0_usize..9, 0..9),
        ) {
            let total: usize = batches.iter().sum();
            let (head, tail, left_out) = shown(limit, &batches);
            let rows: Vec<_> = head.iter().chain(&tail).copied().collect();
            prop_assert_eq!(rows.len(), total.min(limit));
            prop_assert_eq!(left_out as usize, total - rows.len());
            let expected: Vec<_> = (0..head.len()).chain(total - tail.len()..total).collect();
            prop_assert_eq!(rows, expected);
        }
    }
}
