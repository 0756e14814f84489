//! Finds the group of each row by its values in `partition_by`; NULL is a value like any other.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::Schema;
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::{HashMap, Result, exec_datafusion_err};

use super::NAME;
use super::rows::column;

/// The groups that were seen so far, by their values.
#[derive(Debug)]
pub(super) struct Keys {
    names: Vec<String>,
    fields: Vec<SortField>,
    converter: RowConverter,
    known: HashMap<Box<[u8]>, u32>,
}

impl Keys {
    pub(super) fn try_new(schema: &Schema, names: &[String]) -> Result<Self> {
        let fields: Vec<SortField> = names
            .iter()
            .map(|name| {
                let data_type = schema.field_with_name(name)?.data_type();
                Ok(SortField::new(data_type.clone()))
            })
            .collect::<Result<_>>()?;
        Ok(Keys {
            names: names.to_vec(),
            converter: RowConverter::new(fields.clone())?,
            fields,
            known: HashMap::new(),
        })
    }

    /// The same groups once more.
    pub(super) fn try_clone(&self) -> Result<Self> {
        Ok(Keys {
            names: self.names.clone(),
            fields: self.fields.clone(),
            converter: RowConverter::new(self.fields.clone())?,
            known: self.known.clone(),
        })
    }

    /// Whether all rows belong together, so that there are no groups to find.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The group of each row of a batch, numbered as they come.
    pub(super) fn groups_of(&mut self, batch: &RecordBatch) -> Result<Vec<u32>> {
        let columns = self
            .names
            .iter()
            .map(|name| column(batch, name).cloned())
            .collect::<Result<Vec<_>>>()?;
        let keys = self.converter.convert_columns(&columns)?;
        let mut found = Vec::with_capacity(batch.num_rows());
        for (row, key) in keys.iter().enumerate() {
            // Neighbours often share their group.
            let group = match found.last() {
                Some(&previous) if keys.row(row - 1) == key => previous,
                _ => match self.known.get(key.as_ref()) {
                    Some(&known) => known,
                    None => {
                        let new = u32::try_from(self.known.len())
                            .map_err(|_| exec_datafusion_err!("{NAME}: too many groups"))?;
                        self.known.insert(key.as_ref().into(), new);
                        new
                    }
                },
            };
            found.push(group);
        }
        Ok(found)
    }

    /// The names of the groups, and the place of each group that was found in their order.
    pub(super) fn in_order(self) -> (GroupNames, Vec<u32>) {
        let mut keys: Vec<(Box<[u8]>, u32)> = self.known.into_iter().collect();
        keys.sort_unstable();
        let mut places = vec![0; keys.len()];
        for (place, (_, group)) in (0..).zip(&keys) {
            places[*group as usize] = place;
        }
        let names = GroupNames {
            columns: self.names,
            converter: self.converter,
            keys: keys.into_iter().map(|(key, _)| key).collect(),
        };
        (names, places)
    }
}

/// What users call the groups, in the order of their values.
#[derive(Debug)]
pub(super) struct GroupNames {
    columns: Vec<String>,
    converter: RowConverter,
    keys: Vec<Box<[u8]>>,
}

impl GroupNames {
    /// The values of all groups, a column for each of `partition_by`.
    pub(super) fn columns(&self) -> Result<Vec<ArrayRef>> {
        if self.columns.is_empty() {
            return Ok(vec![]);
        }
        let parser = self.converter.parser();
        Ok(self
            .converter
            .convert_rows(self.keys.iter().map(|key| parser.parse(key)))?)
    }

    /// Such as `year_quarter = 2024-Q1`; empty without `partition_by`.
    pub(super) fn name(&self, group: usize) -> Result<String> {
        let Some(key) = self.keys.get(group) else {
            return Ok(String::new());
        };
        let parser = self.converter.parser();
        let columns: Vec<ArrayRef> = self.converter.convert_rows([parser.parse(key)])?;
        let options = FormatOptions::default().with_null("NULL");
        let values = self.columns.iter().zip(&columns).map(|(name, column)| {
            let formatter = ArrayFormatter::try_new(column, &options)?;
            Ok(format!("{name} = {}", formatter.value(0)))
        });
        Ok(values.collect::<Result<Vec<_>>>()?.join(", "))
    }
}
