//! Grows one tree: on rows drawn with replacement, each question being the one of some features drawn at
//! random that leaves the least variance (L. Breiman et al., "Classification and Regression Trees", 1984).

use std::ops::Range;

use datafusion::common::Result;
use rand::Rng;
use rand_xoshiro::Xoshiro256Plus;

use super::bins::{Bins, Column, MOST};
use super::tree::{Node, Tree};

/// What a tree may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_depth: usize,
    pub(super) min_leaf_rows: usize,
    /// Features that a question is chosen from.
    pub(super) features: usize,
}

/// The most memory that growing a tree takes: its rows, room to move them, and its nodes.
pub(super) fn bytes(rows: usize, min_leaf_rows: usize) -> usize {
    let nodes = 2 * (rows / min_leaf_rows + 1);
    2 * rows * size_of::<u32>() + 2 * nodes * size_of::<Node>()
}

/// Grows a tree. `check` may end it.
pub(super) fn grow(
    bins: &Bins,
    targets: &[f64],
    limits: Limits,
    mut random: Xoshiro256Plus,
    check: impl Fn() -> Result<()>,
) -> Result<Tree> {
    let mut rows = drawn(bins.rows, &mut random);
    let mut room = Vec::with_capacity(rows.len());
    let mut features: Vec<usize> = (0..bins.columns.len()).collect();
    let mut tree = Tree::default();
    let mut open = vec![Branch {
        rows: 0..rows.len(),
        depth: 0,
        question: None,
    }];
    while let Some(branch) = open.pop() {
        check()?;
        let place = tree.nodes.len();
        if let Some(question) = branch.question
            && let Some(Node::Question { above, .. }) = tree.nodes.get_mut(question)
        {
            *above = u32::try_from(place).unwrap_or(u32::MAX);
        }
        let here = &mut rows[branch.rows.clone()];
        let split = match branch.depth < limits.max_depth {
            true => best_split(bins, targets, here, limits, &mut features, &mut random),
            false => None,
        };
        let Some(split) = split else {
            let sum: f64 = here.iter().map(|row| targets[*row as usize]).sum();
            tree.nodes
                .push(Node::Prediction(sum / here.len().max(1) as f64));
            continue;
        };
        let column = &bins.columns[split.feature];
        let below = partition(here, &mut room, |row| {
            column.bins[row as usize] <= split.bin
        });
        tree.nodes.push(Node::Question {
            feature: u32::try_from(split.feature).unwrap_or(u32::MAX),
            above: 0,
            cut: column.cuts[usize::from(split.bin)],
        });
        let middle = branch.rows.start + below;
        let child = |rows, question| Branch {
            rows,
            depth: branch.depth + 1,
            question,
        };
        // The last one is next: the values up to the cut follow their question.
        open.push(child(middle..branch.rows.end, Some(place)));
        open.push(child(branch.rows.start..middle, None));
    }
    tree.nodes.shrink_to_fit();
    Ok(tree)
}

/// Rows that still want a node.
struct Branch {
    rows: Range<usize>,
    depth: usize,
    /// The question that it is the answer for larger values to.
    question: Option<usize>,
}

/// As many rows as there are, drawn with replacement, in order.
fn drawn(rows: usize, random: &mut Xoshiro256Plus) -> Vec<u32> {
    let count = u32::try_from(rows).unwrap_or(u32::MAX);
    let mut drawn: Vec<u32> = (0..rows).map(|_| random.gen_range(0..count)).collect();
    drawn.sort_unstable();
    drawn
}

/// A question: whether the bin of a feature is at most this one.
#[derive(Debug, Clone, Copy)]
struct Split {
    feature: usize,
    bin: u8,
    score: f64,
}

/// The best question of some features drawn at random; more are drawn while none of them splits at all.
fn best_split(
    bins: &Bins,
    targets: &[f64],
    rows: &[u32],
    limits: Limits,
    features: &mut [usize],
    random: &mut Xoshiro256Plus,
) -> Option<Split> {
    if rows.len() < 2 * limits.min_leaf_rows {
        return None;
    }
    let total: f64 = rows.iter().map(|row| targets[*row as usize]).sum();
    let squares: f64 = rows.iter().map(|row| targets[*row as usize].powi(2)).sum();
    let whole = total * total / rows.len() as f64;
    // What rounding leaves of no variance is not worth a question.
    if squares - whole <= 1e-12 * squares {
        return None;
    }
    let mut best: Option<Split> = None;
    for place in 0..features.len() {
        if place >= limits.features && best.is_some() {
            break;
        }
        features.swap(place, random.gen_range(place..features.len()));
        let feature = features[place];
        let sums = Sums::of(&bins.columns[feature], targets, rows);
        let found = sums.best_split(feature, rows.len(), total, limits.min_leaf_rows);
        if let Some(found) = found
            && found.score > best.map_or(whole, |best| best.score)
        {
            best = Some(found);
        }
    }
    best
}

/// Rows and targets of each bin of a feature that has any, in order.
struct Sums(Vec<(u8, usize, f64)>);

impl Sums {
    fn of(column: &Column, targets: &[f64], rows: &[u32]) -> Self {
        if column.cuts.is_empty() {
            return Sums(vec![]);
        }
        let pairs = rows
            .iter()
            .map(|&row| (column.bins[row as usize], targets[row as usize]));
        // For few rows it is less work to sort them than to look at all bins.
        if rows.len() < 48 && rows.len() < column.cuts.len() {
            let mut pairs: Vec<(u8, f64)> = pairs.collect();
            pairs.sort_by_key(|(bin, _)| *bin);
            let sums = pairs
                .chunk_by(|left, right| left.0 == right.0)
                .map(|equal| {
                    let sum = equal.iter().map(|(_, target)| target).sum();
                    (equal[0].0, equal.len(), sum)
                });
            return Sums(sums.collect());
        }
        let mut sums = [(0_u32, 0.0_f64); MOST];
        for (bin, target) in pairs {
            let (count, sum) = &mut sums[usize::from(bin)];
            *count += 1;
            *sum += target;
        }
        let sums = (0..=u8::MAX).zip(sums);
        let filled = sums.filter(|(_, (count, _))| *count > 0);
        Sums(
            filled
                .map(|(bin, (count, sum))| (bin, count as usize, sum))
                .collect(),
        )
    }

    /// The split that leaves the least variance: the one of the largest sum of squared sums by count.
    fn best_split(&self, feature: usize, rows: usize, total: f64, least: usize) -> Option<Split> {
        let mut best: Option<Split> = None;
        let (mut count, mut sum) = (0, 0.0);
        for &(bin, bin_count, bin_sum) in &self.0 {
            count += bin_count;
            sum += bin_sum;
            if count < least {
                continue;
            }
            if count == rows || rows - count < least {
                break;
            }
            let above = total - sum;
            let score = sum * sum / count as f64 + above * above / (rows - count) as f64;
            if best.is_none_or(|best| score > best.score) {
                best = Some(Split {
                    feature,
                    bin,
                    score,
                });
            }
        }
        best
    }
}

/// Moves the rows that are below to the front, all else in order, and counts them.
fn partition(rows: &mut [u32], room: &mut Vec<u32>, is_below: impl Fn(u32) -> bool) -> usize {
    room.clear();
    let mut below = 0;
    for place in 0..rows.len() {
        let row = rows[place];
        if is_below(row) {
            rows[below] = row;
            below += 1;
        } else {
            room.push(row);
        }
    }
    rows[below..].copy_from_slice(room);
    below
}
