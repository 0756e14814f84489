//! What was learnt, as a table: a row per cluster, or a row per group.

use std::sync::Arc;

use arrow::array::PrimitiveArray;
use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type, Schema, UInt32Type};
use datafusion::common::Result;

use super::learnt::{Evaluation, Learnt, LearntCluster, LearntGroup};

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Summary {
    /// A row per cluster and group.
    Centroids,
    /// A row per group.
    Metrics,
}

impl Summary {
    /// The columns: those of `partition_by` first.
    pub(super) fn fields(
        self,
        keys: Vec<FieldRef>,
        features: &[String],
        one_hot: &[String],
    ) -> Vec<FieldRef> {
        let field = |name: &str, data_type: DataType| Arc::new(Field::new(name, data_type, true));
        let mut fields = keys;
        match self {
            Summary::Centroids => {
                fields.extend([
                    field("cluster", DataType::Int64),
                    field("label", DataType::Utf8),
                    field("rows", DataType::Int64),
                ]);
                fields.extend(features.iter().map(|name| field(name, DataType::Float64)));
                fields.extend(one_hot.iter().map(|name| field(name, DataType::Utf8)));
                fields.extend([
                    field("inertia", DataType::Float64),
                    field("mean_distance", DataType::Float64),
                ]);
            }
            Summary::Metrics => {
                let sizes = Field::new_list_field(DataType::Int64, true);
                fields.extend([
                    field("k", DataType::Int64),
                    field("rows", DataType::Int64),
                    field("sizes", DataType::List(Arc::new(sizes))),
                    field("inertia", DataType::Float64),
                    field("simplified_silhouette", DataType::Float64),
                    field("sampled_silhouette", DataType::Float64),
                    field("davies_bouldin", DataType::Float64),
                    field("iterations", DataType::Int64),
                    field("converged", DataType::Boolean),
                    field("rows_changed", DataType::Int64),
                    field("centroid_movement", DataType::Float64),
                ]);
            }
        }
        fields
    }

    /// The table; `keys` have the values of `partition_by` for each group.
    pub(super) fn table(self, learnt: &Learnt, keys: Vec<ArrayRef>) -> Result<RecordBatch> {
        let fields = keys.iter().zip(&learnt.partition_by);
        let fields = fields
            .map(|(column, name)| Arc::new(Field::new(name, column.data_type().clone(), true)));
        let one_hot = learnt.one_hot.iter().map(|one_hot| one_hot.column.clone());
        let fields = self.fields(
            fields.collect(),
            &learnt.features,
            &one_hot.collect::<Vec<_>>(),
        );
        let columns = match self {
            Summary::Centroids => centroids(learnt, &keys)?,
            Summary::Metrics => metrics(learnt, keys),
        };
        Ok(RecordBatch::try_new(
            Arc::new(Schema::new(fields)),
            columns,
        )?)
    }
}

fn centroids(learnt: &Learnt, keys: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let rows: Vec<(u32, usize, &LearntCluster)> = (0..)
        .zip(&learnt.groups)
        .flat_map(|(group, learnt)| {
            let clusters = learnt.clusters.iter().enumerate();
            clusters.map(move |(number, cluster)| (group, number, cluster))
        })
        .collect();
    let groups = rows.iter().map(|(group, ..)| *group);
    let groups = PrimitiveArray::<UInt32Type>::from_iter_values(groups);
    let mut columns = Vec::new();
    for key in keys {
        columns.push(take(key, &groups, None)?);
    }
    let number = rows.iter().map(|(_, number, _)| *number as i64);
    let label = rows.iter().map(|(_, number, _)| learnt.label(*number));
    let count = rows.iter().map(|(.., cluster)| cluster.rows.cast_signed());
    columns.push(Arc::new(Int64Array::from_iter_values(number)));
    columns.push(Arc::new(label.collect::<StringArray>()));
    columns.push(Arc::new(Int64Array::from_iter_values(count)));
    let numbers = |value: &dyn Fn(&LearntCluster) -> f64| -> ArrayRef {
        let values = rows.iter().map(|(.., cluster)| value(cluster));
        Arc::new(Float64Array::from_iter_values(values))
    };
    for feature in 0..learnt.features.len() {
        columns.push(numbers(&|cluster| cluster.means[feature]));
    }
    let mut first = learnt.features.len();
    for one_hot in &learnt.one_hot {
        let shares = first..first + one_hot.values.len();
        first = shares.end;
        let most = rows.iter().map(|(.., cluster)| {
            let shares = cluster.means[shares.clone()]
                .iter()
                .zip(&one_hot.values)
                .rev();
            let (share, value) = shares.max_by(|left, right| left.0.total_cmp(right.0))?;
            Some(format!("{value} ({:.0} %)", share * 100.0))
        });
        columns.push(Arc::new(most.collect::<StringArray>()));
    }
    columns.push(numbers(&|cluster| cluster.inertia));
    columns.push(numbers(&|cluster| cluster.mean_distance));
    Ok(columns)
}

fn metrics(learnt: &Learnt, keys: Vec<ArrayRef>) -> Vec<ArrayRef> {
    let groups = &learnt.groups;
    let counts = |count: fn(&LearntGroup) -> Option<u64>| -> ArrayRef {
        let counts = groups
            .iter()
            .map(|group| count(group).map(u64::cast_signed));
        Arc::new(counts.collect::<Int64Array>())
    };
    let numbers = |number: fn(&LearntGroup) -> Option<f64>| -> ArrayRef {
        let numbers = groups
            .iter()
            .map(|group| number(group).filter(|number| !number.is_nan()));
        Arc::new(numbers.collect::<Float64Array>())
    };
    let sizes = groups.iter().map(|group| {
        let rows = group
            .clusters
            .iter()
            .map(|cluster| Some(cluster.rows.cast_signed()));
        Some(rows.collect::<Vec<_>>())
    });
    let converged = groups.iter().map(|group| Some(group.converged));
    fn evaluated(group: &LearntGroup, number: fn(&Evaluation) -> f64) -> Option<f64> {
        group.evaluation.as_ref().map(number)
    }
    let mut columns = keys;
    columns.extend([
        counts(|group| Some(group.clusters.len() as u64)),
        counts(|group| Some(group.rows)),
        Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(sizes)) as ArrayRef,
        numbers(|group| Some(group.inertia)),
        numbers(|group| evaluated(group, |found| found.simplified_silhouette)),
        numbers(|group| evaluated(group, |found| found.sampled_silhouette)),
        numbers(|group| evaluated(group, |found| found.davies_bouldin)),
        counts(|group| Some(group.iterations)),
        Arc::new(converged.collect::<BooleanArray>()) as ArrayRef,
        counts(|group| group.drift.as_ref().map(|drift| drift.rows_changed)),
        numbers(|group| group.drift.as_ref().map(|drift| drift.centroid_movement)),
    ]);
    columns
}
