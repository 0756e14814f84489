//! Clusters where rows lie dense, by `linfa-clustering`. It walks from neighbour to neighbour and cannot be
//! stopped; so the index that it asks for neighbours finds none any more once nobody waits.

use datafusion::common::{Result, exec_datafusion_err};
use linfa::traits::Transformer;
use linfa::{Float, ParamGuard};
use linfa_clustering::Dbscan;
use linfa_nn::distance::{Distance, L2Dist};
use linfa_nn::{BuildError, KdTree, NearestNeighbour, NearestNeighbourIndex, NnError};
use ndarray::{ArrayBase, ArrayView1, ArrayView2, Data, Ix2};

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
    let rows = ArrayView2::from_shape((matrix.len(), matrix.width), &matrix.values)
        .map_err(|error| exec_datafusion_err!("{NAME}: {error}"))?;
    let found = Dbscan::params_with(min_points, L2Dist, WatchedTree(cancelled.clone()))
        .tolerance(epsilon)
        .check()
        .map_err(|error| exec_datafusion_err!("{NAME}: {error}"))?
        .transform(&rows);
    cancelled.check(NAME)?;
    let number = |cluster: Option<usize>| cluster.and_then(|cluster| i64::try_from(cluster).ok());
    Ok(found.into_iter().map(number).collect())
}

/// Makes the k-d tree of `linfa-nn`.
#[derive(Debug)]
struct WatchedTree(Cancelled);

/// The tree; empty once the flag is raised.
struct WatchedIndex<'a, F> {
    index: Box<dyn NearestNeighbourIndex<F> + Send + Sync + 'a>,
    cancelled: Cancelled,
}

impl NearestNeighbour for WatchedTree {
    fn from_batch_with_leaf_size<'a, F: Float, DT: Data<Elem = F>, D: 'a + Distance<F>>(
        &self,
        batch: &'a ArrayBase<DT, Ix2>,
        leaf_size: usize,
        dist_fn: D,
    ) -> Result<Box<dyn NearestNeighbourIndex<F> + Send + Sync + 'a>, BuildError> {
        let index = KdTree::new().from_batch_with_leaf_size(batch, leaf_size, dist_fn)?;
        Ok(Box::new(WatchedIndex {
            index,
            cancelled: self.0.clone(),
        }))
    }
}

/// Places in the tree and the numbers of their rows.
type Neighbours<'a, F> = Vec<(ArrayView1<'a, F>, usize)>;

impl<F: Float> NearestNeighbourIndex<F> for WatchedIndex<'_, F> {
    fn k_nearest(&self, point: ArrayView1<'_, F>, k: usize) -> Result<Neighbours<'_, F>, NnError> {
        match self.cancelled.is_raised() {
            true => Ok(vec![]),
            false => self.index.k_nearest(point, k),
        }
    }

    fn within_range(
        &self,
        point: ArrayView1<'_, F>,
        range: F,
    ) -> Result<Neighbours<'_, F>, NnError> {
        match self.cancelled.is_raised() {
            true => Ok(vec![]),
            false => self.index.within_range(point, range),
        }
    }
}
