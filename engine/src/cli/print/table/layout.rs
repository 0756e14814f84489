//! How wide each column of a table is, and which columns fit on the screen at all.

/// What a column asks for, in columns of the terminal.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// Everything is seen.
    pub full: usize,
    /// Less than this makes no sense: a number is not cut, a text may be.
    pub least: usize,
}

/// What is shown between two borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// A column by its index, and how wide it is.
    Column(usize, usize),
    /// `…` in place of the columns that do not fit.
    Gap,
}

/// A border and a blank on either side of each cell.
const FRAME: usize = 3;
const GAP: usize = 1 + FRAME;

/// Gives every column its full width, or on a narrow screen takes from the widest; where not even
/// the least widths fit, columns in the middle are left out.
pub fn fit(wishes: &[Wish], screen: Option<usize>) -> Vec<Slot> {
    let full = |(index, wish): (usize, &Wish)| Slot::Column(index, wish.full);
    let Some(screen) = screen else {
        return wishes.iter().enumerate().map(full).collect();
    };
    let room = screen.saturating_sub(1);
    let least: usize = wishes.iter().map(|wish| wish.least + FRAME).sum();
    if least <= room {
        return share(wishes, &(0..wishes.len()).collect::<Vec<_>>(), room);
    }
    let room = room.saturating_sub(GAP);
    let kept = outermost(wishes, room);
    let mut slots = share(wishes, &kept, room);
    slots.insert(kept.len().div_ceil(2), Slot::Gap);
    slots
}

/// As many columns as fit, in turn from the left and the right end; at least one.
fn outermost(wishes: &[Wish], room: usize) -> Vec<usize> {
    let mut kept = Vec::new();
    let mut used = 0;
    for turn in 0..wishes.len() {
        let index = match turn % 2 {
            0 => turn / 2,
            _ => wishes.len() - 1 - turn / 2,
        };
        used += wishes[index].least + FRAME;
        if used > room && !kept.is_empty() {
            break;
        }
        kept.push(index);
    }
    kept.sort_unstable();
    kept
}

/// The widest columns give way until all fit.
fn share(wishes: &[Wish], kept: &[usize], room: usize) -> Vec<Slot> {
    let width = |index: usize, cap: usize| wishes[index].full.min(cap.max(wishes[index].least));
    let total = |cap| {
        kept.iter()
            .map(|index| width(*index, cap) + FRAME)
            .sum::<usize>()
    };
    let (mut fits, mut too_wide) = (
        0,
        kept.iter()
            .map(|index| wishes[*index].full)
            .max()
            .unwrap_or(0)
            + 1,
    );
    while fits + 1 < too_wide {
        let middle = fits.midpoint(too_wide);
        match total(middle) <= room {
            true => fits = middle,
            false => too_wide = middle,
        }
    }
    kept.iter()
        .map(|index| Slot::Column(*index, width(*index, fits)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Slot::{Column, Gap};
    use super::{Wish, fit};
    use proptest::prelude::*;

    fn wishes(widths: &[(usize, usize)]) -> Vec<Wish> {
        let wish = |(full, least): &(usize, usize)| Wish {
            full: *full,
            least: *least,
        };
        widths.iter().map(wish).collect()
    }

    #[test]
    fn without_a_screen_everything_is_shown() {
        let slots = fit(&wishes(&[(5, 5), (300, 8)]), None);
        assert_eq!(slots, [Column(0, 5), Column(1, 300)]);
    }

    #[test]
    fn the_widest_give_way_first() {
        let slots = fit(&wishes(&[(10, 10), (50, 8), (12, 8)]), Some(60));
        assert_eq!(slots, [Column(0, 10), Column(1, 28), Column(2, 12)]);
    }

    #[test]
    fn columns_in_the_middle_are_left_out() {
        let slots = fit(&wishes(&[(8, 8); 10]), Some(40));
        assert_eq!(slots, [Column(0, 8), Column(1, 8), Gap, Column(9, 8)]);
    }

    proptest! {
        #[test]
        fn a_table_is_never_wider_than_the_screen(
            widths in prop::collection::vec((1_usize..200, 1_usize..20), 1..30),
            screen in 30_usize..250,
        ) {
            let widths: Vec<_> = widths.iter().map(|(full, least)| (*full, *least.min(full))).collect();
            let slots = fit(&wishes(&widths), Some(screen));
            let used: usize = slots.iter().map(|slot| match slot {
                Column(_, width) => width + 3,
                Gap => 4,
            }).sum();
            prop_assert!(used < screen, "{slots:?} take {used}");
            let columns = slots.iter().filter(|slot| **slot != Gap).count();
            prop_assert_eq!(columns < widths.len(), slots.contains(&Gap));
        }
    }
}
