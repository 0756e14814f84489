//! The argument `init`: where runs start. Given centroids let a result be compared with that of another
//! program, or with that of last month.

use datafusion::common::Result;
use datafusion::error::DataFusionError;

use super::parameters::{Clusters, Coordinate, Init};
use crate::table::arguments::{Argument, Value, closest, describe};

const EXAMPLE: &str = "init => [[100.0, 1.0], [900.0, 4.0]], a list per cluster with a number per feature, or 'k-means++', 'k-means||' or 'random'";

/// How runs start that are given no centroids.
const DRAWN: [Init; 3] = [Init::KMeansPlusPlus, Init::KMeansParallel, Init::Random];

/// Reads a name, or `k` lists with one number for each of the features.
pub(super) fn init(
    argument: &Argument,
    k: Clusters,
    features: &[String],
    one_hot: &[String],
) -> Result<Init> {
    let lists = match (&argument.value, argument.value.as_text()) {
        (Value::List(lists), _) => lists,
        (_, Some(name)) => {
            let names: Vec<_> = DRAWN.iter().map(ToString::to_string).collect();
            let mut drawn = DRAWN.into_iter().zip(&names);
            let found = drawn.find(|(_, known)| known.eq_ignore_ascii_case(name));
            return found.map(|(init, _)| init).ok_or_else(|| {
                argument.refuse(
                    format!("`init` cannot be '{name}'"),
                    match closest(name, names.iter().map(String::as_str)) {
                        Some(known) => format!("did you mean '{known}'?"),
                        None => format!("write {EXAMPLE}"),
                    },
                )
            });
        }
        _ => return Err(argument.wrong_type("a name or a list of lists", EXAMPLE)),
    };
    let Clusters::Fixed(k) = k else {
        return Err(argument.refuse(
            "`init` has centroids, and `k` is not known".to_owned(),
            "give k as a number".to_owned(),
        ));
    };
    if !one_hot.is_empty() {
        return Err(argument.refuse(
            "`init` has centroids, which cannot hold the categories of `one_hot`".to_owned(),
            "let the runs start by themselves: remove one of the two".to_owned(),
        ));
    }
    let centroids = lists
        .iter()
        .map(|list| match list {
            Value::List(numbers) => Ok(numbers.as_slice()),
            Value::Scalar(_) => Err(argument.refuse(
                format!(
                    "`init` must be a list of lists, and holds {}",
                    describe(list)
                ),
                format!("write {EXAMPLE}"),
            )),
        })
        .collect::<Result<Vec<_>>>()?;
    if centroids.len() != k {
        return Err(argument.refuse(
            format!("`init` has {} lists for k = {k} clusters", centroids.len()),
            format!("give exactly {k}, each with a number per feature"),
        ));
    }
    let mut coordinates = Vec::with_capacity(k * features.len());
    for (position, centroid) in (1..).zip(centroids) {
        coordinates.extend(read_centroid(argument, position, centroid, features)?);
    }
    Ok(Init::Given(coordinates))
}

/// The numbers of one centroid; `position` counts from 1.
fn read_centroid(
    argument: &Argument,
    position: usize,
    values: &[Value],
    features: &[String],
) -> Result<Vec<Coordinate>> {
    if values.len() != features.len() {
        return Err(argument.refuse(
            format!(
                "list {position} in `init` has {} numbers for {} features",
                values.len(),
                features.len()
            ),
            format!(
                "give one for each of {}, in this order",
                features.join(", ")
            ),
        ));
    }
    values
        .iter()
        .zip(features)
        .map(|(value, feature)| {
            let coordinate = value.as_number().and_then(Coordinate::new);
            coordinate.ok_or_else(|| refuse(argument, position, value, feature))
        })
        .collect()
}

fn refuse(argument: &Argument, position: usize, value: &Value, feature: &str) -> DataFusionError {
    argument.refuse(
        format!(
            "list {position} in `init` has {} for '{feature}'",
            describe(value)
        ),
        format!(
            "give a number up to {:e}, in the unit of '{feature}'",
            Coordinate::MAX
        ),
    )
}
