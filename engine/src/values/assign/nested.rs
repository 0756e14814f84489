//! Lists and structs: every part is assigned in turn.
//!
//! The engine names the elements of a list `item`, Delta `element`, and both differ in what may
//! be NULL; without this the same list would be two types.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray};
use arrow::datatypes::{DataType, Field};

use super::{cast, no_conversion};
use crate::{Error, Result};

/// `array` of lists or structs as the same shape with the parts of `target`.
pub(super) fn assign(array: &ArrayRef, target: &Field) -> Result<ArrayRef> {
    match (array.data_type(), target.data_type()) {
        (DataType::List(_), DataType::List(element)) => {
            let list = array.as_list::<i32>();
            let values = super::assign(list.values(), &part(target, element, "element"))?;
            let list = ListArray::try_new(
                Arc::clone(element),
                list.offsets().clone(),
                values,
                list.nulls().cloned(),
            )?;
            Ok(Arc::new(list))
        }
        (DataType::LargeList(element) | DataType::FixedSizeList(element, _), DataType::List(_)) => {
            let list = cast(array, &DataType::List(Arc::clone(element)))?;
            super::assign(&list, target)
        }
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let record = array.as_struct();
            if record.num_columns() != fields.len() {
                return Err(no_conversion(array.data_type(), target));
            }
            let columns = fields
                .iter()
                .map(|field| match record.column_by_name(field.name()) {
                    Some(column) => super::assign(column, &part(target, field, field.name())),
                    None => Err(missing_part(target, field)),
                });
            let record = StructArray::try_new(
                fields.clone(),
                columns.collect::<Result<_>>()?,
                record.nulls().cloned(),
            )?;
            Ok(Arc::new(record))
        }
        (from, _) => Err(no_conversion(from, target)),
    }
}

/// The field of a part, named with the way to it. A NULL below a NULL parent is no value, so
/// nullability is left to the constructor of the parent, which knows both.
fn part(parent: &Field, field: &Field, name: &str) -> Field {
    Field::new(
        format!("{}.{name}", parent.name()),
        field.data_type().clone(),
        true,
    )
}

fn missing_part(target: &Field, field: &Field) -> Error {
    Error::input(format!(
        "column `{}` needs a part `{}` that was not given",
        target.name(),
        field.name()
    ))
    .hint("build it with named_struct('part', value, ..)")
}
