//! Finds the weights of the smallest loss: limited-memory BFGS (J. Nocedal, S. Wright, "Numerical
//! Optimization", algorithm 7.5), with steps that satisfy the weak Wolfe conditions found by bisection
//! (A. Lewis, M. Overton, "Nonsmooth optimization via quasi-Newton methods", 2013).

use std::collections::VecDeque;

use datafusion::common::Result;

use super::loss::Loss;

/// Steps that are remembered for the shape of the loss.
const MEMORY: usize = 10;

/// How a descent ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// No slope is larger than the tolerance.
    Arrived(Vec<f64>),
    /// It is not there after so many steps: the largest slope that is left.
    GaveUp { steps: usize, slope: f64 },
}

/// Goes down from weights of 0. `check` may end it before any step.
pub(super) fn descend(
    loss: &Loss<'_>,
    tolerance: f64,
    max_steps: usize,
    check: impl Fn() -> Result<()>,
) -> Result<Ending> {
    let weights = vec![0.0; loss.weights()];
    let mut at = Point::new(loss, weights);
    let mut past: VecDeque<Step> = VecDeque::new();
    for steps in 0..max_steps {
        check()?;
        if largest(&at.slopes) <= tolerance {
            return Ok(Ending::Arrived(at.weights));
        }
        let direction = direction(&at.slopes, &past);
        let Some(next) = step(loss, &at, &direction) else {
            return Ok(Ending::GaveUp {
                steps,
                slope: largest(&at.slopes),
            });
        };
        let step = Step::new(&at, &next);
        // Rounding may hide the curve of a tiny step, which then says nothing.
        if step.curve > 0.0 {
            past.push_front(step);
            past.truncate(MEMORY);
        }
        at = next;
    }
    Ok(match largest(&at.slopes) {
        slope if slope <= tolerance => Ending::Arrived(at.weights),
        slope => Ending::GaveUp {
            steps: max_steps,
            slope,
        },
    })
}

/// Weights, their loss and its slopes.
struct Point {
    weights: Vec<f64>,
    loss: f64,
    slopes: Vec<f64>,
}

impl Point {
    fn new(loss: &Loss<'_>, weights: Vec<f64>) -> Self {
        let (loss, slopes) = loss.at(&weights);
        Point {
            weights,
            loss,
            slopes,
        }
    }
}

/// How weights and slopes changed in a step.
struct Step {
    moved: Vec<f64>,
    slopes: Vec<f64>,
    curve: f64,
}

impl Step {
    fn new(from: &Point, to: &Point) -> Self {
        let moved = difference(&to.weights, &from.weights);
        let slopes = difference(&to.slopes, &from.slopes);
        Step {
            curve: dot(&moved, &slopes),
            moved,
            slopes,
        }
    }
}

/// Down the slope, bent by what the last steps say of the shape.
fn direction(slopes: &[f64], past: &VecDeque<Step>) -> Vec<f64> {
    let mut direction: Vec<f64> = slopes.iter().map(|slope| -slope).collect();
    let mut shares = vec![];
    for step in past {
        let share = dot(&step.moved, &direction) / step.curve;
        add(&mut direction, -share, &step.slopes);
        shares.push(share);
    }
    let length = match past.front() {
        Some(step) => step.curve / dot(&step.slopes, &step.slopes),
        None => 1.0 / dot(slopes, slopes).sqrt().max(1.0),
    };
    direction.iter_mut().for_each(|value| *value *= length);
    for (step, share) in past.iter().zip(shares).rev() {
        let back = dot(&step.slopes, &direction) / step.curve;
        add(&mut direction, share - back, &step.moved);
    }
    direction
}

/// A step along a direction that lowers the loss enough and is long enough.
fn step(loss: &Loss<'_>, at: &Point, direction: &[f64]) -> Option<Point> {
    const ENOUGH: f64 = 1e-4;
    const FLATTER: f64 = 0.9;
    let slope = dot(&at.slopes, direction);
    let (mut low, mut high, mut length) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..60 {
        let mut weights = at.weights.clone();
        add(&mut weights, length, direction);
        let next = Point::new(loss, weights);
        // A loss that is no number is not lower: that is too far. At the bottom the loss can only
        // fall by less than its rounding.
        let rounding = f64::EPSILON * at.loss.abs();
        let is_lower = next.loss <= at.loss + ENOUGH * length * slope + rounding;
        if !is_lower {
            high = length;
        } else if dot(&next.slopes, direction) < FLATTER * slope {
            low = length;
        } else {
            return Some(next);
        }
        length = match high.is_finite() {
            true => (low + high) / 2.0,
            false => 2.0 * low,
        };
    }
    None
}

fn largest(slopes: &[f64]) -> f64 {
    slopes
        .iter()
        .fold(0.0, |largest, slope| slope.abs().max(largest))
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter()
        .zip(right)
        .map(|(left, right)| left * right)
        .sum()
}

fn difference(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter()
        .zip(right)
        .map(|(left, right)| left - right)
        .collect()
}

fn add(to: &mut [f64], times: f64, vector: &[f64]) {
    for (value, more) in to.iter_mut().zip(vector) {
        *value += times * more;
    }
}
