//! What a descent starts from and when it ends, checked before it begins.

use std::fmt;

use linfa::ParamGuard;

use super::sums::Grids;
use crate::table::function::Cancelled;

/// When a descent ends, apart from having nowhere to go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) max_iterations: usize,
    /// Ends when the centroids together move less, squared; negative for never.
    pub(crate) movement: f64,
    /// Whether centroids are directions, vectors of length 1, as in spherical k-means (I. S. Dhillon,
    /// D. S. Modha, "Concept decompositions for large sparse text data using clustering", 2001).
    pub(crate) spherical: bool,
}

/// What a descent needs beside the rows, unchecked.
#[derive(Debug)]
pub(crate) struct LloydParams<'a>(LloydValidParams<'a>);

/// What a descent needs beside the rows.
#[derive(Debug)]
pub(crate) struct LloydValidParams<'a> {
    /// Where it starts: centroids, one after the other.
    pub(super) centroids: Vec<f64>,
    /// The grids of the numbers in each column.
    pub(super) grids: &'a Grids,
    pub(super) limits: Limits,
    /// Ends it early.
    pub(super) cancelled: &'a Cancelled,
}

impl<'a> LloydParams<'a> {
    /// Of a descent from `centroids`, which lie one after the other.
    pub(crate) fn new(
        centroids: Vec<f64>,
        grids: &'a Grids,
        limits: Limits,
        cancelled: &'a Cancelled,
    ) -> Self {
        LloydParams(LloydValidParams {
            centroids,
            grids,
            limits,
            cancelled,
        })
    }
}

impl<'a> ParamGuard for LloydParams<'a> {
    type Checked = LloydValidParams<'a>;
    type Error = LloydError;

    fn check_ref(&self) -> Result<&Self::Checked, LloydError> {
        let LloydValidParams {
            centroids, limits, ..
        } = &self.0;
        if centroids.is_empty() {
            Err(LloydError::NoCentroids)
        } else if !centroids.iter().all(|number| number.is_finite()) {
            Err(LloydError::NotFinite)
        } else if limits.max_iterations == 0 {
            Err(LloydError::NoIterations)
        } else {
            Ok(&self.0)
        }
    }

    fn check(self) -> Result<Self::Checked, LloydError> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// Why there is no solution.
#[derive(Debug)]
pub(crate) enum LloydError {
    /// Nothing to start from.
    NoCentroids,
    /// A centroid at NaN or infinity.
    NotFinite,
    /// `max_iterations` of 0.
    NoIterations,
    /// Centroids that have not as many numbers as the rows have.
    Width {
        /// Those of the rows.
        features: usize,
    },
    /// The descent was cancelled.
    Stopped,
    /// What `linfa` found wrong with the rows.
    Rows(linfa::Error),
}

impl fmt::Display for LloydError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LloydError::NoCentroids => f.write_str("there are no centroids to start from"),
            LloydError::NotFinite => f.write_str("a centroid is at NaN or infinity"),
            LloydError::NoIterations => f.write_str("max_iterations is 0"),
            LloydError::Width { features } => {
                write!(f, "a centroid has not the {features} features of the rows")
            }
            LloydError::Stopped => f.write_str("the descent was stopped"),
            LloydError::Rows(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LloydError {}

impl From<linfa::Error> for LloydError {
    fn from(error: linfa::Error) -> Self {
        LloydError::Rows(error)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use linfa::DatasetBase;
    use linfa::traits::Fit;

    use super::super::Points;
    use super::*;

    #[test]
    fn what_cannot_begin_is_refused() {
        let column = [0.0, 1.0, 2.0];
        let columns = [column.as_slice(), column.as_slice()];
        let points = Points::new(&columns);
        let grids = Grids::of(points);
        let cancelled = Cancelled::default();
        let error_of = |centroids: &[f64], max_iterations| {
            let limits = Limits {
                max_iterations,
                movement: -1.0,
                spherical: false,
            };
            let params = LloydParams::new(centroids.to_vec(), &grids, limits, &cancelled);
            let fitted = params.fit(&DatasetBase::new(points, ()));
            fitted.err().map(|error| error.to_string())
        };
        assert_eq!(error_of(&[0.0, 0.0], 1), None);
        assert!(error_of(&[], 1).unwrap().contains("no centroids"));
        assert!(error_of(&[0.0, f64::NAN], 1).unwrap().contains("NaN"));
        assert!(error_of(&[0.0], 1).unwrap().contains("2 features"));
        assert!(error_of(&[0.0, 0.0], 0).unwrap().contains("is 0"));
    }
}
