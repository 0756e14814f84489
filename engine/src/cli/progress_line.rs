//! One line on stderr that says how far a statement is. Only on a terminal, only for what takes a
//! while, and gone when it is done.
//!
//! ```text
//! ⠸ 46 %, 2,310,144 rows, 381 of 824 MB, 1,480,000 rows/s, 212 MB memory, 1.6 s, 2.1 s left: loading admissions.csv
//! ⠸ 7,421,952 rows, 96 MB, 1.2 GB memory, 3.4 s: SELECT
//! ```

mod narrow_terminal;

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::narrow_terminal::NarrowTerminal;

use crate::progress::{Progress, Reached};
use crate::report::{duration, grouped};

/// What is done sooner shows no line.
const PATIENCE: Duration = Duration::from_millis(500);
const INTERVAL: Duration = Duration::from_millis(100);
const BYTES_PER_MEGABYTE: u64 = 1_000_000;

/// Lines at the end of stderr, which Ctrl-C leaves where they are.
fn lines() -> MultiProgress {
    let target = ProgressDrawTarget::term_like(Box::new(NarrowTerminal));
    MultiProgress::with_draw_target(target)
}

/// Shows the line while it lives.
#[derive(Debug, Default)]
pub struct ProgressLine {
    /// Its end and the thread that draws; neither off a terminal.
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

impl ProgressLine {
    /// Looks at the progress from time to time, and shows it; where nothing is counted, that the
    /// statement runs.
    pub fn of_statement(progress: Progress, verb: &'static str) -> Self {
        ProgressLine::start(&lines(), progress, Some(verb))
    }

    /// Shows the progress of loads below lines that are there.
    pub fn below(lines: &MultiProgress, progress: Progress) -> Self {
        ProgressLine::start(lines, progress, None)
    }

    /// Takes the line away, before anything else is printed.
    pub fn end(&mut self) {
        if let Some((end, thread)) = self.drawing.take() {
            drop(end);
            let _ = thread.join();
        }
    }

    fn start(lines: &MultiProgress, progress: Progress, verb: Option<&'static str>) -> Self {
        if !std::io::stderr().is_terminal() {
            return ProgressLine::default();
        }
        let (end, ended) = channel();
        let lines = lines.clone();
        let thread = std::thread::Builder::new().name("progress".to_owned());
        // Without a thread to spare there is no line.
        let drawing = thread.spawn(move || draw(&lines, &progress, verb, &ended));
        let drawing = drawing.ok();
        ProgressLine {
            drawing: drawing.map(|thread| (end, thread)),
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.end();
    }
}

/// Writes to a screen that a line may stand on: the line goes first.
pub struct AfterLine<'l> {
    line: &'l mut ProgressLine,
    output: &'l mut dyn Write,
}

impl<'l> AfterLine<'l> {
    /// Writes nothing yet.
    pub fn new(line: &'l mut ProgressLine, output: &'l mut dyn Write) -> Self {
        AfterLine { line, output }
    }
}

impl Write for AfterLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.line.end();
        self.output.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.output.flush()
    }
}

fn draw(
    lines: &MultiProgress,
    progress: &Progress,
    verb: Option<&'static str>,
    ended: &Receiver<()>,
) {
    let started = Instant::now();
    let mut line: Option<ProgressBar> = None;
    while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
        // A statement may be many queries; what counts is how long one has waited for it.
        let reached = match verb {
            Some(verb) => Some(whole(progress, verb, started.elapsed())),
            None => progress.reached(),
        };
        let slow = |reached: &Reached| reached.elapsed >= PATIENCE;
        match (reached.filter(slow), &line) {
            (None, None) => {}
            (None, Some(shown)) => {
                shown.finish_and_clear();
                line = None;
            }
            (Some(reached), Some(shown)) => {
                shown.set_message(describe(&reached, progress.memory()));
                shown.tick();
            }
            (Some(reached), None) => {
                line = Some(open(lines, describe(&reached, progress.memory())));
            }
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

/// How far a statement is that has run for `elapsed`.
fn whole(progress: &Progress, verb: &'static str, elapsed: Duration) -> Reached {
    let reached = progress.reached().unwrap_or_default();
    let task = match reached.task.is_empty() {
        true => verb.to_owned(),
        false => reached.task,
    };
    Reached {
        task,
        elapsed,
        ..reached
    }
}

fn describe(reached: &Reached, memory: u64) -> String {
    let mut parts = Vec::new();
    parts.extend(percent(reached));
    if reached.rows > 0 {
        parts.push(format!("{} rows", grouped(reached.rows)));
    }
    let known = reached.total_bytes > 0;
    if known {
        let megabytes = |bytes: u64| grouped(bytes / BYTES_PER_MEGABYTE);
        parts.push(format!(
            "{} of {} MB",
            megabytes(reached.bytes.min(reached.total_bytes)),
            megabytes(reached.total_bytes)
        ));
    } else if reached.bytes > 0 {
        parts.push(size(reached.bytes));
    }
    let seconds = reached.elapsed.as_secs_f64();
    if known && reached.rows > 0 && seconds > 0.0 {
        let rate = (reached.rows as f64 / seconds) as u64;
        parts.push(format!("{} rows/s", grouped(rate)));
    }
    if memory > 0 {
        parts.push(format!("{} memory", size(memory)));
    }
    parts.push(duration(reached.elapsed));
    if known {
        parts.push(match remaining(reached) {
            Some(time) => format!("{} left", duration(time)),
            None => "writing the last rows".to_owned(),
        });
    }
    // What a narrow terminal cuts off is the end of a path, not the numbers.
    format!("{}: {}", parts.join(", "), reached.task)
}

/// Nothing where it is not known how much there is, or once all of it was read.
fn percent(reached: &Reached) -> Option<String> {
    let (done, all) = match reached.total_bytes {
        0 => (reached.rows, reached.total_rows),
        bytes => (reached.bytes, bytes),
    };
    (done < all).then(|| format!("{} %", done as u128 * 100 / u128::from(all)))
}

/// `96 MB`, `1.2 GB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / BYTES_PER_MEGABYTE),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
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
            total_rows: 0,
            elapsed: Duration::from_secs(2),
        }
    }

    #[test]
    fn the_line_has_percent_rows_bytes_rate_memory_and_times() {
        assert_eq!(
            describe(&reached(200_000_000, 1_200_000), 212_000_000),
            "25 %, 1,200,000 rows, 200 of 800 MB, 600,000 rows/s, 212 MB memory, 2.0 s, 6.0 s left: loading t.csv"
        );
    }

    #[test]
    fn without_rows_there_is_no_rate_and_at_the_end_no_remaining_time() {
        assert_eq!(
            describe(&reached(400_000_000, 0), 0),
            "50 %, 400 of 800 MB, 2.0 s, 2.0 s left: loading t.csv"
        );
        assert_eq!(
            describe(&reached(900_000_000, 0), 0),
            "800 of 800 MB, 2.0 s, writing the last rows: loading t.csv"
        );
    }

    #[test]
    fn a_query_says_what_it_has_read() {
        let query = Reached {
            task: "SELECT".to_owned(),
            total_bytes: 0,
            total_rows: 400,
            ..reached(5_000_000, 100)
        };
        assert_eq!(
            describe(&query, 1_200_000_000),
            "25 %, 100 rows, 5 MB, 1.2 GB memory, 2.0 s: SELECT"
        );
        let unknown = whole(&Progress::default(), "DROP", Duration::from_secs(1));
        assert_eq!(describe(&unknown, 0), "1.0 s: DROP");
    }
}
