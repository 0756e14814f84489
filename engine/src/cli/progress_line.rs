//! One line on stderr that says how far a load is. Only on a terminal, only for what takes a
//! while, and gone when it is done.
//!
//! ```text
//! ⠸ 2,310,144 rows, 381 of 824 MB, 1,480,000 rows/s, 2.1 s left: loading admissions.csv
//! ```

use std::io::IsTerminal;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::progress::{Progress, Reached};
use crate::report::{duration, grouped};

/// What is done sooner shows no line.
const PATIENCE: Duration = Duration::from_millis(500);
const INTERVAL: Duration = Duration::from_millis(100);
const BYTES_PER_MEGABYTE: u64 = 1_000_000;

/// Shows the line while it lives.
#[derive(Debug, Default)]
pub struct ProgressLine {
    /// Its end and the thread that draws; neither off a terminal.
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

impl ProgressLine {
    /// Looks at the progress from time to time, and shows it.
    pub fn alone(progress: Progress) -> Self {
        ProgressLine::below(&MultiProgress::new(), progress)
    }

    /// The same below lines that are there.
    pub fn below(lines: &MultiProgress, progress: Progress) -> Self {
        if !std::io::stderr().is_terminal() {
            return ProgressLine::default();
        }
        let (end, ended) = channel();
        let lines = lines.clone();
        let thread = std::thread::Builder::new().name("progress".to_owned());
        // Without a thread to spare there is no line.
        let drawing = thread.spawn(move || draw(&lines, &progress, &ended)).ok();
        ProgressLine {
            drawing: drawing.map(|thread| (end, thread)),
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.drawing.take() {
            drop(end);
            // The line is gone before anything else is printed.
            let _ = thread.join();
        }
    }
}

fn draw(lines: &MultiProgress, progress: &Progress, ended: &Receiver<()>) {
    let mut line: Option<ProgressBar> = None;
    while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
        let slow = |reached: &Reached| reached.elapsed >= PATIENCE;
        match (progress.reached().filter(slow), &line) {
            (None, None) => {}
            (None, Some(shown)) => {
                shown.finish_and_clear();
                line = None;
            }
            (Some(reached), Some(shown)) => {
                shown.set_message(describe(&reached));
                shown.tick();
            }
            (Some(reached), None) => line = Some(open(lines, describe(&reached))),
        }
    }
    if let Some(shown) = line {
        shown.finish_and_clear();
    }
}

fn open(lines: &MultiProgress, text: String) -> ProgressBar {
    let line = lines.add(ProgressBar::new_spinner());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        line.set_style(style);
    }
    line.set_message(text);
    line.tick();
    line
}

fn describe(reached: &Reached) -> String {
    let mut parts = Vec::new();
    if reached.rows > 0 {
        parts.push(format!("{} rows", grouped(reached.rows)));
    }
    let megabytes = |bytes: u64| grouped(bytes / BYTES_PER_MEGABYTE);
    // Of a query nobody knows how much it has to read.
    let known = reached.total_bytes > 0;
    if known {
        parts.push(format!(
            "{} of {} MB",
            megabytes(reached.bytes.min(reached.total_bytes)),
            megabytes(reached.total_bytes)
        ));
    }
    let seconds = reached.elapsed.as_secs_f64();
    if reached.rows > 0 && seconds > 0.0 {
        let rate = (reached.rows as f64 / seconds) as u64;
        parts.push(format!("{} rows/s", grouped(rate)));
    }
    if known {
        parts.push(match remaining(reached) {
            Some(time) => format!("{} left", duration(time)),
            None => "writing the last rows".to_owned(),
        });
    }
    if parts.is_empty() {
        return reached.task.clone();
    }
    // What a narrow terminal cuts off is the end of a path, not the numbers.
    format!("{}: {}", parts.join(", "), reached.task)
}

/// At the speed so far; nothing once everything was read.
fn remaining(reached: &Reached) -> Option<Duration> {
    let left = reached.total_bytes.checked_sub(reached.bytes)?;
    if left == 0 {
        return None;
    }
    let share = left as f64 / reached.bytes.max(1) as f64;
    Duration::try_from_secs_f64(reached.elapsed.as_secs_f64() * share).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(bytes: u64, rows: u64) -> Reached {
        Reached {
            task: "loading t.csv".to_owned(),
            bytes,
            total_bytes: 800_000_000,
            rows,
            elapsed: Duration::from_secs(2),
        }
    }

    #[test]
    fn the_line_has_rows_bytes_rate_and_remaining_time() {
        assert_eq!(
            describe(&reached(200_000_000, 1_200_000)),
            "1,200,000 rows, 200 of 800 MB, 600,000 rows/s, 6.0 s left: loading t.csv"
        );
    }

    #[test]
    fn without_rows_there_is_no_rate_and_at_the_end_no_time() {
        assert_eq!(
            describe(&reached(400_000_000, 0)),
            "400 of 800 MB, 2.0 s left: loading t.csv"
        );
        assert_eq!(
            describe(&reached(900_000_000, 0)),
            "800 of 800 MB, writing the last rows: loading t.csv"
        );
    }
}
