//! Follows dense rows from neighbour to neighbour. Neighbours come out of the k-d tree of `linfa-nn`; the
//! walk is that of `linfa-clustering` 0.8.1, which could not be stopped.

use std::collections::VecDeque;

use datafusion::common::{Result, exec_datafusion_err};
use linfa_nn::distance::L2Dist;
use linfa_nn::{KdTree, NearestNeighbour};
use ndarray::{ArrayView1, ArrayView2};

use super::NAME;
use crate::table::function::Cancelled;
use crate::table::learning::Matrix;

/// The cluster of each row; none for noise. Clusters are numbered by their first dense row.
pub(super) fn clusters(
    matrix: &Matrix,
    epsilon: f64,
    min_points: usize,
    cancelled: &Cancelled,
) -> Result<Vec<Option<i64>>> {
    let mut clusters = vec![None; matrix.len()];
    if matrix.len() == 0 {
        return Ok(clusters);
    }
    let rows = ArrayView2::from_shape((matrix.len(), matrix.width), &matrix.values)
        .map_err(|error| exec_datafusion_err!("{NAME}: {error}"))?;
    let index = KdTree::new()
        .from_batch(&rows, L2Dist)
        .map_err(|error| exec_datafusion_err!("{NAME}: {error}"))?;
    let neighbours = |row: usize| -> Result<Vec<usize>> {
        cancelled.check(NAME)?;
        let found = index
            .within_range(ArrayView1::from(matrix.row(row)), epsilon)
            .map_err(|error| exec_datafusion_err!("{NAME}: {error}"))?;
        Ok(found.into_iter().map(|(_, row)| row).collect())
    };
    let mut visited = vec![false; matrix.len()];
    let mut next = 0;
    for start in 0..matrix.len() {
        if visited[start] || clusters[start].is_some() {
            continue;
        }
        let near = neighbours(start)?;
        visited[start] = true;
        if near.len() < min_points {
            continue;
        }
        let mut open = VecDeque::new();
        join(&mut clusters, near, next, &mut open);
        while let Some(row) = open.pop_front() {
            if visited[row] {
                continue;
            }
            visited[row] = true;
            let near = neighbours(row)?;
            if near.len() >= min_points {
                join(&mut clusters, near, next, &mut open);
            }
        }
        next += 1;
    }
    Ok(clusters)
}

/// Rows that are in no cluster yet join this one, and are gone on from: each once, so that the way never
/// gets longer than the rows.
fn join(clusters: &mut [Option<i64>], rows: Vec<usize>, cluster: i64, open: &mut VecDeque<usize>) {
    for row in rows {
        if clusters[row].is_none() {
            clusters[row] = Some(cluster);
            open.push_back(row);
        }
    }
}
