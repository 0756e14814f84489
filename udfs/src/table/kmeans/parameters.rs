//! Checked parameters of a call: whoever holds a [`KMeansParameters`] need not check anything again.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// How features are levelled before distances are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Mean 0 and population standard deviation 1.
    Standard,
    /// From 0 to 1.
    MinMax,
    /// Median 0 and interquartile range 1: outliers have no say.
    Robust,
    /// The logarithm of 1 + the magnitude, with the sign, then as [`Scale::Standard`].
    Log,
    /// As they are.
    None,
}

impl Scale {
    pub(super) const ALL: [Scale; 5] = [
        Scale::Standard,
        Scale::MinMax,
        Scale::Robust,
        Scale::Log,
        Scale::None,
    ];

    /// The name in SQL.
    pub(super) fn name(self) -> &'static str {
        match self {
            Scale::Standard => "standard",
            Scale::MinMax => "minmax",
            Scale::Robust => "robust",
            Scale::Log => "log",
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

/// How many clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Clusters {
    /// So many; 1 or more.
    Fixed(usize),
    /// From 2 to [`Clusters::MOST`], as many as give the highest silhouette.
    Auto,
}

impl Clusters {
    /// The most clusters that are tried.
    pub const MOST: usize = 10;
}

impl fmt::Display for Clusters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Clusters::Fixed(k) => k.fmt(f),
            Clusters::Auto => f.write_str("auto"),
        }
    }
}

/// How far rows are from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distance {
    /// The length of the way.
    Euclidean,
    /// 1 - the cosine of the angle: the direction counts, the size does not.
    Cosine,
}

impl Distance {
    pub(super) const ALL: [Distance; 2] = [Distance::Euclidean, Distance::Cosine];

    /// The name in SQL.
    pub(super) fn name(self) -> &'static str {
        match self {
            Distance::Euclidean => "euclidean",
            Distance::Cosine => "cosine",
        }
    }
}

/// What becomes of a row that lacks a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nulls {
    /// It takes no part.
    Skip,
    /// It gets the mean of the others in its group.
    Mean,
    /// It gets their median.
    Median,
    /// It is an error.
    Error,
}

impl Nulls {
    pub(super) const ALL: [Nulls; 4] = [Nulls::Skip, Nulls::Mean, Nulls::Median, Nulls::Error];

    /// The name in SQL.
    pub(super) fn name(self) -> &'static str {
        match self {
            Nulls::Skip => "skip",
            Nulls::Mean => "mean",
            Nulls::Median => "median",
            Nulls::Error => "error",
        }
    }
}

/// Where runs start.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Init {
    /// Each run at centroids that k-means++ draws.
    KMeansPlusPlus,
    /// Each run at centroids that k-means|| draws, of many rows at a time.
    KMeansParallel,
    /// Each run at rows drawn at random.
    Random,
    /// The one run at these centroids, one after the other; each group at the same ones.
    Given(Vec<Coordinate>),
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Init::KMeansPlusPlus => "k-means++",
            Init::KMeansParallel => "k-means||",
            Init::Random => "random",
            Init::Given(_) => "given",
        })
    }
}

/// Checked parameters of one call. Column names are exact names of the input, each there once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KMeansParameters {
    /// How many clusters.
    pub k: Clusters,
    /// Numeric or boolean columns; one or more, unless there are categories.
    pub features: Vec<String>,
    /// Columns of categories: each of their values is a feature, 1 in its rows and 0 in others.
    pub one_hot: Vec<String>,
    /// Columns that split the rows into groups.
    pub partition_by: Vec<String>,
    /// The numeric column that says how much a row counts.
    pub weight: Option<String>,
    /// Names of the clusters; exactly `k`.
    pub labels: Option<Vec<String>>,
    /// The numeric column that numbers the clusters; `None` for the first feature.
    pub label_by: Option<String>,
    /// Where the random numbers start.
    pub seed: u64,
    /// How features are levelled.
    pub scale: Scale,
    /// What is far and what is near.
    pub distance: Distance,
    /// What becomes of a row that lacks a feature.
    pub nulls: Nulls,
    /// Steps per run; 1 or more.
    pub max_iterations: usize,
    /// The movement of the centres, squared and as a share of the variance, that ends a run; 0 for none
    /// at all.
    pub tolerance: Tolerance,
    /// Runs; 1 or more, and 1 if the start is given.
    pub n_runs: usize,
    /// Where runs start; given centroids are `k`, each with a number per feature.
    pub init: Init,
    /// The model whose clusters these are to be matched with.
    pub previous: Option<String>,
}

impl KMeansParameters {
    /// The column of `label_by`, unless it is a feature.
    pub(super) fn label_by_column(&self) -> Option<&str> {
        let column = self.label_by.as_deref()?;
        (!self.features.iter().any(|name| name == column)).then_some(column)
    }

    /// Whether a column of the input has a part in the clustering.
    pub(super) fn reads(&self, column: &str) -> bool {
        let lists = [&self.features, &self.one_hot, &self.partition_by];
        let mut named = lists
            .into_iter()
            .flatten()
            .chain(&self.weight)
            .chain(&self.label_by);
        named.any(|name| name == column)
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
        for (name, columns) in [
            ("one_hot", &self.one_hot),
            ("partition_by", &self.partition_by),
        ] {
            if !columns.is_empty() {
                write!(f, ", {name}=[{}]", columns.join(", "))?;
            }
        }
        if let Some(labels) = &self.labels {
            write!(f, ", labels=[{}]", labels.join(", "))?;
        }
        let named = [
            ("label_by", &self.label_by),
            ("weight", &self.weight),
            ("previous", &self.previous),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                write!(f, ", {name}={value}")?;
            }
        }
        if self.distance != Distance::Euclidean {
            write!(f, ", distance={}", self.distance.name())?;
        }
        if self.nulls != Nulls::Skip {
            write!(f, ", nulls={}", self.nulls.name())?;
        }
        write!(
            f,
            ", seed={}, n_runs={}, init={}, max_iterations={}, tolerance={}",
            self.seed,
            self.n_runs,
            self.init,
            self.max_iterations,
            self.tolerance.get()
        )
    }
}

#[cfg(test)]
impl KMeansParameters {
    /// Unscaled features, three runs, and defaults for all else.
    pub(super) fn for_tests(k: usize, features: usize) -> Self {
        KMeansParameters {
            k: Clusters::Fixed(k),
            features: vec![String::new(); features],
            one_hot: vec![],
            partition_by: vec![],
            weight: None,
            labels: None,
            label_by: None,
            seed: 42,
            scale: Scale::None,
            distance: Distance::Euclidean,
            nulls: Nulls::Skip,
            max_iterations: 300,
            tolerance: Tolerance::default(),
            n_runs: 3,
            init: Init::KMeansPlusPlus,
            previous: None,
        }
    }
}
