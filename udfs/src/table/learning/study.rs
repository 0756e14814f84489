//! Learns from the rows of a call and predicts all of them.

use datafusion::common::Result;

use super::encoder::Encoder;
use super::family::{Family, Sample};
use super::matrix::in_pieces;
use super::model::Learnt;
use super::parameters::Parameters;
use super::rows::Rows;
use super::split::held_out;
use super::target::TargetKind;
use crate::table::execution_refusal;
use crate::table::function::RunContext;

/// What came out. Rows are in canonical order.
#[derive(Debug)]
pub(super) struct Study<M> {
    pub(super) learnt: Learnt<M>,
    pub(super) rows: Rows,
    /// Whether each row was held out; none for rows without a target.
    pub(super) held_out: Vec<Option<bool>>,
    /// The prediction of each row: a number, or the probability of each class.
    pub(super) scores: Vec<f64>,
}

/// Splits the rows, learns from the one part, and predicts all.
pub(super) fn study<F: Family>(
    rows: Rows,
    kind: TargetKind,
    parameters: &Parameters<F>,
    context: &RunContext,
) -> Result<Study<F::Model>> {
    let encoder = Encoder::of(
        &rows,
        &parameters.features,
        &parameters.one_hot,
        F::DROPS_FIRST,
    );
    let share = parameters.held_out.get();
    let held = held_out(&rows, parameters.features.len(), share, parameters.seed);
    let has_target = |row: usize| !rows.targets[row].is_nan();
    let held_out: Vec<Option<bool>> = held
        .iter()
        .enumerate()
        .map(|(row, held)| has_target(row).then_some(*held))
        .collect();
    let trained: Vec<usize> = (0..rows.len())
        .filter(|row| held_out[*row] == Some(false))
        .collect();
    check_rows::<F>(&rows, &encoder, &trained, &held_out)?;
    // The matrix, and the copy that is levelled.
    let matrix_bytes = 2 * size_of::<f64>() * trained.len() * encoder.width();
    context.memory.grow(matrix_bytes)?;
    let matrix = encoder.encode(&rows, trained.iter().copied());
    let targets: Vec<f64> = trained.iter().map(|row| rows.targets[*row]).collect();
    let sample = Sample {
        matrix: &matrix,
        numeric: encoder.features.len(),
        targets: &targets,
        classes: rows.classes.len(),
        seed: parameters.seed,
    };
    let model = parameters.family.fit(&sample, context)?;
    drop(matrix);
    context.memory.shrink(matrix_bytes);
    let learnt = Learnt {
        encoder,
        kind,
        classes: rows.classes.clone(),
        model,
    };
    if let Some(keeping) = &parameters.keeping {
        learnt.keep(keeping, parameters)?;
    }
    let scores = predict::<F>(&learnt, &rows, context)?;
    Ok(Study {
        learnt,
        rows,
        held_out,
        scores,
    })
}

/// The predictions of all rows, one after the other.
pub(super) fn predict<F: Family>(
    learnt: &Learnt<F::Model>,
    rows: &Rows,
    context: &RunContext,
) -> Result<Vec<f64>> {
    let width = learnt.classes.len().max(1);
    context
        .memory
        .grow(2 * size_of::<f64>() * width * rows.len())?;
    let pieces = in_pieces(rows.len(), |piece| {
        context.cancelled.check(F::NAME)?;
        let matrix = learnt.encoder.encode(rows, piece);
        F::predict(&learnt.model, &matrix, context)
    });
    let pieces = pieces.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(pieces.concat())
}

fn check_rows<F: Family>(
    rows: &Rows,
    encoder: &Encoder,
    trained: &[usize],
    held_out: &[Option<bool>],
) -> Result<()> {
    let name = F::NAME;
    let with_target = held_out.iter().flatten().count();
    if trained.is_empty() {
        return Err(execution_refusal(
            format!(
                "{name}: there is no row to learn from: of {} rows, {} have all features, and {with_target} of these a target",
                rows.total,
                rows.len()
            ),
            match with_target {
                0 => "look for columns that are all NULL, and fill or leave them out",
                _ => "use more rows, or a smaller `held_out`",
            },
        ));
    }
    if encoder.width() == 0 {
        return Err(execution_refusal(
            format!("{name}: no feature varies, so there is nothing to predict from"),
            "name columns of more than one value",
        ));
    }
    if !F::LEARNS_CLASSES {
        return Ok(());
    }
    if let [class] = rows.classes.as_slice() {
        return Err(execution_refusal(
            format!("{name}: all rows have the same class, '{class}'"),
            "there is nothing to tell apart: take rows of other classes too",
        ));
    }
    let mut counts = vec![0_usize; rows.classes.len()];
    for &row in trained {
        counts[rows.targets[row] as usize] += 1;
    }
    match counts.iter().position(|count| *count == 0) {
        Some(class) => Err(execution_refusal(
            format!(
                "{name}: all rows of the class '{}' are held out",
                rows.classes[class]
            ),
            "use another `seed`, a smaller `held_out`, or leave the class out with WHERE",
        )),
        None => Ok(()),
    }
}
