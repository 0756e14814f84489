//! Gives the clusters of a new model the numbers of those of the previous one that they go on from.

use linfa::traits::Predict;
use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;

use super::kernel::{Centroids, Points, squared_distance, to_directions};
use super::learnt::{Drift, LearntGroup};
use super::parameters::Distance;
use super::scale::Levels;

/// The previous number of each centroid: the assignment that has them move least in all (H. W. Kuhn,
/// "The Hungarian method for the assignment problem", 1955; here O(k^3)). Both lists are vectors of
/// `width` in one space, and equally long.
pub(super) fn numbers_of_previous(previous: &[f64], centroids: &[f64], width: usize) -> Vec<u32> {
    let distances: Vec<Vec<f64>> = centroids
        .chunks_exact(width)
        .map(|new| {
            previous
                .chunks_exact(width)
                .map(|old| squared_distance(new, old).sqrt())
                .collect()
        })
        .collect();
    let farthest = distances
        .iter()
        .flatten()
        .copied()
        .fold(f64::MIN_POSITIVE, f64::max);
    // The method adds and subtracts costs, so that they have to be exact.
    let cost = |distance: &f64| (distance / farthest * (1_u64 << 40) as f64) as i64;
    let rows = distances
        .iter()
        .map(|row| row.iter().map(cost).collect::<Vec<_>>());
    match Matrix::from_rows(rows) {
        Ok(costs) => {
            let (_, numbers) = kuhn_munkres_min(&costs);
            numbers.into_iter().map(|number| number as u32).collect()
        }
        Err(_) => (0..distances.len() as u32).collect(),
    }
}

/// The centroids of a previous group in the scaled space of another one.
pub(super) fn in_space_of(levels: &Levels, previous: &LearntGroup, distance: Distance) -> Vec<f64> {
    let mut centroids = Vec::with_capacity(previous.centroids.len());
    for centroid in previous.centroids() {
        let values = centroid.iter().zip(&previous.levels.0).zip(&levels.0);
        centroids.extend(values.map(|((value, old), new)| new.apply(old.undo(*value))));
    }
    if distance == Distance::Cosine {
        to_directions(&mut centroids, levels.0.len());
    }
    centroids
}

/// The clusters that the previous model gives to rows that are not scaled yet.
pub(super) fn previous_clusters(
    columns: &[&mut [f64]],
    previous: &LearntGroup,
    distance: Distance,
) -> Vec<u32> {
    let mut scaled: Vec<Vec<f64>> = columns.iter().map(|column| column.to_vec()).collect();
    let mut scaled: Vec<&mut [f64]> = scaled.iter_mut().map(Vec::as_mut_slice).collect();
    previous.levels.apply(&mut scaled);
    if distance == Distance::Cosine {
        super::directions::to_unit_length(&mut scaled);
    }
    let scaled: Vec<&[f64]> = scaled.iter().map(|column| &**column).collect();
    Centroids(&previous.centroids)
        .predict(Points::new(&scaled))
        .clusters
}

/// What became of the previous clusters. `centroids` are the new ones by their numbers, in the space of
/// the previous model.
pub(super) fn drift(
    before: &[u32],
    after: &[u32],
    previous: &LearntGroup,
    centroids: &[f64],
) -> Drift {
    let changed = before
        .iter()
        .zip(after)
        .filter(|(before, after)| before != after);
    let width = previous.levels.0.len();
    let moved = previous.centroids().zip(centroids.chunks_exact(width));
    let ways: Vec<f64> = moved
        .map(|(old, new)| squared_distance(old, new).sqrt())
        .collect();
    Drift {
        rows_changed: changed.count() as u64,
        centroid_movement: ways.iter().sum::<f64>() / ways.len() as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_keep_the_numbers_of_those_that_they_go_on_from() {
        let previous = [0.0, 10.0, 20.0];
        assert_eq!(
            numbers_of_previous(&previous, &[21.0, 1.0, 9.0], 1),
            [2, 0, 1]
        );
        // The nearest of both is 10, but one has to go to 20.
        assert_eq!(numbers_of_previous(&previous[1..], &[9.0, 12.0], 1), [0, 1]);
    }
}
