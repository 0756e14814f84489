//! CREATE MODEL, DROP MODEL and SHOW MODELS: BigQuery's words for what functions such as `kmeans`
//! learn and the warehouse keeps (see `warehouse/models.rs`).

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field};
use datafusion::sql::sqlparser::ast::{Expr, Value};
use tidemill_udfs::table::models::{Models, StoredModel};

use crate::execute::{Done, collect};
use crate::session::Session;
use crate::sql::{CreateModel, DropModel, closest, literal};
use crate::{Error, Result};

/// `model_type`, and the function that makes such a model.
const MODEL_TYPES: [(&str, &str); 4] = [
    ("kmeans", "kmeans"),
    ("linear_reg", "linear_regression"),
    ("logistic_reg", "logistic_regression"),
    ("random_forest_regressor", "random_forest_regression"),
];
const MODEL_TYPE: &str = "model_type";

/// Learns a model from the rows of a query, and keeps it.
///
/// # Errors
/// A name that is taken, options that the function does not take, rows that it cannot learn from.
pub async fn create_model(session: &Session, create: &CreateModel) -> Result<Done> {
    let learnt = learn(session, create).await;
    learnt.map_err(|error| {
        // A place is one in a query that nobody has written.
        create.locate(error.map_place(|_| None))
    })
}

async fn learn(session: &Session, create: &CreateModel) -> Result<Done> {
    let name = &create.name;
    let models: &dyn Models = session.warehouse().as_ref();
    let done = |message| Done {
        message,
        rows: None,
    };
    if models.read(name)?.is_some() && !create.or_replace {
        return match create.if_not_exists {
            true => Ok(done(format!("there is a model {name} already"))),
            false => Err(Error::input(format!("model {name} exists"))
                .hint("CREATE OR REPLACE MODEL makes its next version")),
        };
    }
    let function = function_of(create)?;
    let mut arguments = Vec::new();
    for (option, value) in &create.options {
        if option != MODEL_TYPE {
            arguments.push(argument(option, value)?);
        }
    }
    if !arguments.iter().any(|(name, _)| name == "features") {
        arguments.push((
            "features".to_owned(),
            features(session, create, &arguments).await?,
        ));
    }
    if function == "kmeans" && !arguments.iter().any(|(name, _)| name == "k") {
        arguments.push(("k".to_owned(), "'auto'".to_owned()));
    }
    arguments.push(("model".to_owned(), literal(name)));
    let arguments: Vec<_> = arguments
        .iter()
        .map(|(name, value)| format!("{name} => {value}"))
        .collect();
    let query = format!(
        "SELECT count(*) FROM {function}(({}\n), {})",
        create.text.trim_end(),
        arguments.join(", ")
    );
    collect(session, &query).await?;
    let version = models.read(name)?.map_or(0, |model| model.version);
    Ok(done(format!("created version {version} of model {name}")))
}

fn function_of(create: &CreateModel) -> Result<&'static str> {
    let types = || MODEL_TYPES.iter().map(|(name, _)| *name);
    let known = types().collect::<Vec<_>>().join(", ");
    let given = create.options.iter().find(|(name, _)| name == MODEL_TYPE);
    let Some(typed) = given.and_then(|(_, value)| text(value)) else {
        return Err(Error::input("CREATE MODEL needs the option model_type")
            .hint(format!("write model_type = 'kmeans'; there are {known}")));
    };
    let mut found = MODEL_TYPES.iter();
    let found = found.find(|(name, _)| name.eq_ignore_ascii_case(typed));
    found.map(|(_, function)| *function).ok_or_else(|| {
        Error::input(format!("there is no model_type '{typed}'")).hint(
            match closest(typed, types()) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("there are {known}"),
            },
        )
    })
}

/// An option as an argument of the function: BigQuery's in our words, all others as they are.
fn argument(option: &str, value: &Expr) -> Result<(String, String)> {
    let lower = || text(value).map(|text| literal(&text.to_lowercase()));
    let given = value.to_string();
    let (name, value) = match option {
        "num_clusters" => ("k", given),
        "distance_type" => ("distance", lower().unwrap_or(given)),
        "kmeans_init_method" => match text(value).map(str::to_lowercase).as_deref() {
            Some("kmeans++") => ("init", "'k-means++'".to_owned()),
            _ => ("init", lower().unwrap_or(given)),
        },
        "standardize_features" => match &value {
            Expr::Value(value) if value.value == Value::Boolean(false) => {
                ("scale", "'none'".to_owned())
            }
            _ => ("scale", "'standard'".to_owned()),
        },
        "input_label_cols" => match value {
            Expr::Array(columns) if columns.elem.len() == 1 => {
                ("target", columns.elem[0].to_string())
            }
            _ => {
                return Err(Error::input("input_label_cols takes one column here")
                    .hint("write input_label_cols = ['column'], or target = 'column'"));
            }
        },
        other => (other, given),
    };
    Ok((name.to_owned(), value))
}

fn text(value: &Expr) -> Option<&str> {
    match value {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// Without `features`, all columns of numbers and booleans that no other option names.
async fn features(
    session: &Session,
    create: &CreateModel,
    arguments: &[(String, String)],
) -> Result<String> {
    let plan = session.begin().plan(create.query.clone()).await?;
    let named = |field: &Field| {
        let name = literal(field.name());
        let mut others = arguments
            .iter()
            .filter(|(argument, _)| argument != "label_by");
        others.any(|(_, value)| value.contains(&name))
    };
    let is_numeric =
        |field: &Field| field.data_type().is_numeric() || *field.data_type() == DataType::Boolean;
    let fields = plan.schema().fields().iter();
    let features: Vec<_> = fields
        .filter(|field| is_numeric(field) && !named(field))
        .map(|field| literal(field.name()))
        .collect();
    match features.is_empty() {
        true => Err(
            Error::input("the query has no column of numbers to learn from")
                .hint("name some with features = ['column', ..]"),
        ),
        false => Ok(format!("[{}]", features.join(", "))),
    }
}

/// Removes a model.
///
/// # Errors
/// There is none; a folder that cannot be written.
pub fn drop_model(session: &Session, drop: &DropModel) -> Result<Done> {
    let name = &drop.name;
    let models: &dyn Models = session.warehouse().as_ref();
    let message = match models.read(name)? {
        None if drop.if_exists => format!("there is no model {name}"),
        _ => {
            let dropped = session.warehouse().drop_model(name);
            dropped.map_err(|error| drop.locate(error))?;
            format!("dropped model {name}")
        }
    };
    Ok(Done {
        message,
        rows: None,
    })
}

/// The newest version of every model, by name.
///
/// # Errors
/// A model that cannot be read.
pub fn show_models(session: &Session) -> Result<RecordBatch> {
    let kept: &dyn Models = session.warehouse().as_ref();
    let mut models = Vec::new();
    for name in kept.names()? {
        models.extend(kept.read(&name)?);
    }
    let texts = |text: fn(&StoredModel) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(models.iter().map(text)))
    };
    let versions = models.iter().map(|model| model.version);
    Ok(RecordBatch::try_from_iter([
        ("name", texts(|model| &model.name)),
        (
            "version",
            Arc::new(UInt64Array::from_iter_values(versions)) as ArrayRef,
        ),
        ("function", texts(|model| &model.function)),
        ("arguments", texts(|model| &model.arguments)),
        ("query", texts(|model| &model.query)),
        ("trained_at", texts(|model| &model.trained_at)),
    ])?)
}
