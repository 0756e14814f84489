//! When transactions happen: 31 days of 24 hours, some of them busy and some quiet.

use std::iter;

use chrono::{NaiveDate, NaiveTime, TimeDelta};

/// Which hour of the month a row belongs to.
#[derive(Debug)]
pub struct Clock {
    /// The first row of each hour, and the number of rows.
    starts: Vec<u64>,
    hours: Vec<String>,
}

impl Clock {
    /// The hours of a file of `rows` rows.
    pub fn new(rows: u64) -> Self {
        let weights = || {
            DAYS.iter()
                .flat_map(|day| HOURS.iter().map(move |hour| u128::from(day * hour)))
        };
        let total: u128 = weights().sum();
        let mut so_far = 0;
        let ends = weights().map(|weight| {
            so_far += weight;
            (so_far * u128::from(rows) / total) as u64
        });
        let midnight = START.and_time(NaiveTime::MIN);
        Clock {
            starts: iter::once(0).chain(ends).collect(),
            hours: (0..DAYS.len() * HOURS.len())
                .map(|hour| midnight + TimeDelta::hours(hour as i64))
                .map(|time| time.format("%Y-%m-%d %H:").to_string())
                .collect(),
        }
    }

    /// The hour of a row, and the second within it. Time never goes back.
    pub fn at(&self, row: u64) -> (usize, u64) {
        let hour = self.starts.partition_point(|start| *start <= row) - 1;
        let (start, end) = (self.starts[hour], self.starts[hour + 1]);
        (hour, (row - start) * 3600 / (end - start))
    }

    /// The day and hour, up to the minutes: `2023-01-31 23:`.
    pub fn hour(&self, hour: usize) -> &str {
        &self.hours[hour]
    }
}

/// How busy the 31 days are.
const DAYS: [u32; 31] = [
    848, 656, 1, 52, 16, 681, 642, 628, 634, 610, 617, 519, 643, 614, 574, 543, 631, 41, 17, 35,
    42, 86, 79, 44, 104, 26, 10, 22, 70, 16, 1,
];

/// How busy the hours of a day are.
const HOURS: [u32; 24] = [
    39, 15, 4, 1, 3, 4, 13, 43, 386, 649, 642, 744, 692, 705, 641, 707, 680, 859, 921, 808, 355,
    270, 219, 101,
];

const START: NaiveDate = match NaiveDate::from_ymd_opt(2023, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};
