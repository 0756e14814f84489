//! Checked parameters of a call: whoever holds a [`KMeansParameters`] need not check anything again.

use std::fmt;
use std::hash::{Hash, Hasher};

/// How features are levelled before distances are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Mean 0 and population standard deviation 1.
    Standard,
    /// From 0 to 1.
    MinMax,
    /// As they are.
    None,
}

impl Scale {
    pub(super) const ALL: [Scale; 3] = [Scale::Standard, Scale::MinMax, Scale::None];

    /// The name in SQL.
    pub(super) fn name(self) -> &'static str {
        match self {
            Scale::Standard => "standard",
            Scale::MinMax => "minmax",
            Scale::None => "none",
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A finite number, 0 or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tolerance(Bits);

impl Tolerance {
    /// A tolerance, if the number is one.
    pub fn new(number: f64) -> Option<Self> {
        (number.is_finite() && number >= 0.0).then_some(Tolerance(Bits::new(number)))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0.0
    }
}

impl Default for Tolerance {
    fn default() -> Self {
        Tolerance(Bits::new(1e-4))
    }
}

/// A number that can be squared and added up: a feature, in its own unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Coordinate(Bits);

impl Coordinate {
    /// The largest one. Squares of larger numbers overflow when they are added up.
    pub const MAX: f64 = 1e150;

    /// A coordinate, if the number is one: not NaN, and not beyond [`Coordinate::MAX`].
    pub fn new(number: f64) -> Option<Self> {
        (number.abs() <= Self::MAX).then_some(Coordinate(Bits::new(number)))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0.0
    }
}

/// A number compared by its bits, as plans must be comparable; there is one 0.
#[derive(Debug, Clone, Copy)]
struct Bits(f64);

impl Bits {
    fn new(number: f64) -> Self {
        // Adding 0 turns -0 into 0.
        Bits(number + 0.0)
    }
}

impl PartialEq for Bits {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Bits {}

impl Hash for Bits {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// Where runs start.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Init {
    /// Each run at centroids that k-means++ draws.
    KMeansPlusPlus,
    /// The one run at these centroids, one after the other; each group at the same ones.
    Given(Vec<Coordinate>),
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Init::KMeansPlusPlus => "k-means++",
            Init::Given(_) => "given",
        })
    }
}

/// Checked parameters of one call. Column names are exact names of the input, each there once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KMeansParameters {
    /// How many clusters; 1 or more.
    pub k: usize,
    /// Numeric or boolean columns; one or more.
    pub features: Vec<String>,
    /// Columns that split the rows into groups.
    pub partition_by: Vec<String>,
    /// Names of the clusters; exactly `k`.
    pub labels: Option<Vec<String>>,
    /// The numeric column that numbers the clusters.
    pub label_by: String,
    /// Where the random numbers start.
    pub seed: u64,
    /// How features are levelled.
    pub scale: Scale,
    /// Steps per run; 1 or more.
    pub max_iterations: usize,
    /// The movement of the centres, squared and as a share of the variance, that ends a run; 0 for none
    /// at all.
    pub tolerance: Tolerance,
    /// Runs; 1 or more, and 1 if the start is given.
    pub n_runs: usize,
    /// Where runs start; given centroids are `k`, each with a number per feature.
    pub init: Init,
}

impl KMeansParameters {
    /// Whether a column of the input has a part in the clustering.
    pub(super) fn reads(&self, column: &str) -> bool {
        let mut named = self.features.iter().chain(&self.partition_by);
        named.any(|name| name == column) || self.label_by == column
    }
}

impl fmt::Display for KMeansParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "k={}, features=[{}], scale={}",
            self.k,
            self.features.join(", "),
            self.scale
        )?;
        if !self.partition_by.is_empty() {
            write!(f, ", partition_by=[{}]", self.partition_by.join(", "))?;
        }
        if let Some(labels) = &self.labels {
            write!(f, ", labels=[{}]", labels.join(", "))?;
        }
        write!(
            f,
            ", label_by={}, seed={}, n_runs={}, init={}, max_iterations={}, tolerance={}",
            self.label_by,
            self.seed,
            self.n_runs,
            self.init,
            self.max_iterations,
            self.tolerance.get()
        )
    }
}
