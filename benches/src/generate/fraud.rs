//! Transactions of the PaySim simulator of mobile money, with the columns `transactionID` and
//! `timestamp` that fraud teams add to it.
//!
//! Its quirks: hours differ in how much happens, by the day and by the time of day; payments go to
//! merchants, whose balances are always 0; an account that holds less than it pays is emptied; a tenth
//! to a third of the recipients' balances do not add up; a fraud is a transfer that empties an account,
//! followed by a cash-out of the same amount; few frauds are flagged, and the money of these stays.

use chrono::{NaiveDate, TimeDelta};

use super::Rows;
use super::csv::Lines;
use super::quantiles::Quantiles;
use super::random::{Random, Stream};

/// Transactions of one size and seed.
#[derive(Debug)]
pub struct Transactions {
    stream: Stream,
    pairs: Stream,
    /// How many customers receive money; each does so eleven times.
    recipients: u32,
    clock: Clock,
}

impl Transactions {
    /// A file of `rows` rows.
    pub fn new(rows: u64, seed: u64) -> Self {
        Transactions {
            stream: Stream::new(seed, 0),
            pairs: Stream::new(seed, 1),
            recipients: u32::try_from(rows / 11 + 1)
                .map_or(ACCOUNTS - 1, |count| count.min(ACCOUNTS - 1)),
            clock: Clock::new(rows),
        }
    }

    fn transaction(&self, row: u64) -> Transaction {
        let random = &mut self.stream.at(row);
        // The two halves of a fraud must agree on its amount.
        let pair = &mut self.pairs.at(row / 2);
        let fraud = pair.happens(FRAUDS.0, FRAUDS.1).then(|| Fraud::draw(pair));
        let mut transaction = match (fraud, row.is_multiple_of(2)) {
            (Some(fraud), true) => fraud.transfer(),
            (Some(fraud), false) => fraud.cash_out(random),
            (None, _) => Profile::draw(random).transaction(random),
        };
        transaction.from = random.between(1, ACCOUNTS - 1);
        transaction.to = match transaction.kind {
            "PAYMENT" => random.between(1, ACCOUNTS - 1),
            _ => account(random.below(self.recipients)),
        };
        transaction
    }
}

impl Rows for Transactions {
    const HEADER: &'static str = "transactionID,step,type,amount,nameOrig,oldbalanceOrg,\
        newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest,isFraud,isFlaggedFraud,timestamp";
    const LINE_END: &'static str = "\n";

    fn write(&self, row: u64, lines: &mut Lines) {
        let (step, second) = self.clock.at(row);
        let transaction = self.transaction(row);
        lines.whole(row + 1);
        lines.whole(step as u64 + 1);
        lines.plain(transaction.kind);
        lines.cents_as_double(transaction.amount);
        lines.part("C");
        lines.whole(transaction.from.into());
        lines.cents_as_double(transaction.from_before);
        lines.cents_as_double(transaction.from_after);
        lines.part(if transaction.kind == "PAYMENT" {
            "M"
        } else {
            "C"
        });
        lines.whole(transaction.to.into());
        lines.cents_as_double(transaction.to_before);
        lines.cents_as_double(transaction.to_after);
        lines.whole(transaction.fraud.into());
        lines.whole(transaction.flagged.into());
        lines.part(&self.clock.hours[step]);
        lines.two_digits(second / 60);
        lines.part(":");
        lines.two_digits(second % 60);
        lines.end_field();
        lines.end_line();
    }
}

/// Accounts have the numbers of signed 32 bits.
const ACCOUNTS: u32 = 1 << 31;

/// The number of an account; different ones for different positions.
fn account(position: u32) -> u32 {
    // An odd factor permutes the numbers below a power of two.
    (position + 1).wrapping_mul(0x9E37_79B1) % ACCOUNTS
}

/// Amounts are in hundredths.
#[derive(Debug, Default)]
struct Transaction {
    kind: &'static str,
    amount: u64,
    from: u32,
    from_before: u64,
    from_after: u64,
    to: u32,
    to_before: u64,
    to_after: u64,
    fraud: bool,
    flagged: bool,
}

/// Pairs of rows that are a fraud: this many of that many, 8,213 rows of 6,362,620.
const FRAUDS: (u32, u32) = (8_213, 6_362_620);

/// Transfers beyond this are flagged, if at all: 200,000.00.
const FLAGGED_BEYOND: u64 = 20_000_000;

struct Fraud {
    amount: u64,
    flagged: bool,
}

impl Fraud {
    fn draw(random: &mut Random) -> Self {
        let amount = FRAUD_AMOUNT.draw_cents(random);
        Fraud {
            amount,
            flagged: amount > FLAGGED_BEYOND && random.happens(1, 160),
        }
    }

    fn transfer(self) -> Transaction {
        Transaction {
            kind: "TRANSFER",
            amount: self.amount,
            from_before: self.amount,
            from_after: if self.flagged { self.amount } else { 0 },
            fraud: true,
            flagged: self.flagged,
            ..Transaction::default()
        }
    }

    fn cash_out(self, random: &mut Random) -> Transaction {
        let to_before = match random.happens(3, 10) {
            true => 0,
            false => TO_BALANCE.draw_cents(random),
        };
        Transaction {
            kind: "CASH_OUT",
            amount: self.amount,
            from_before: self.amount,
            to_before,
            to_after: to_before + self.amount,
            fraud: true,
            ..Transaction::default()
        }
    }
}

/// What honest transactions of a kind are like. Shares are of 10,000.
struct Profile {
    kind: &'static str,
    share: u32,
    amount: Quantiles,
    from_empty: u32,
    from_balance: &'static Quantiles,
    to_empty: u32,
    to_balance: &'static Quantiles,
}

impl Profile {
    fn draw(random: &mut Random) -> &'static Profile {
        let mut left = random.below(10_000);
        for profile in &PROFILES[1..] {
            if left < profile.share {
                return profile;
            }
            left -= profile.share;
        }
        &PROFILES[0]
    }

    fn transaction(&self, random: &mut Random) -> Transaction {
        let amount = self.amount.draw_cents(random);
        let mut from_before = balance(self.from_empty, self.from_balance, random);
        if random.happens(6, 10) {
            // Opening balances are whole.
            from_before -= from_before % 100;
        }
        let to_before = balance(self.to_empty, self.to_balance, random);
        // What others did in the same hour shows in one balance only.
        let others = match random.happens(2, 10) {
            true => self.amount.draw_cents(random),
            false => 0,
        };
        let (from_after, to_after) = match self.kind {
            "CASH_IN" => (
                from_before + amount,
                to_before.saturating_sub(amount + others),
            ),
            "PAYMENT" => (from_before.saturating_sub(amount), 0),
            _ => (
                from_before.saturating_sub(amount),
                to_before + amount + others,
            ),
        };
        Transaction {
            kind: self.kind,
            amount,
            from_before,
            from_after,
            to_before,
            to_after,
            ..Transaction::default()
        }
    }
}

fn balance(empty: u32, balances: &Quantiles, random: &mut Random) -> u64 {
    match random.happens(empty, 10_000) {
        true => 0,
        false => balances.draw_cents(random),
    }
}

/// The first is drawn when no other is.
static PROFILES: [Profile; 5] = [
    Profile {
        kind: "CASH_OUT",
        share: 3_518,
        amount: Quantiles([
            19.7,
            3_680.0,
            16_572.0,
            31_336.0,
            61_410.0,
            106_500.0,
            154_516.0,
            210_000.0,
            288_404.0,
            371_556.0,
            445_881.0,
            606_710.0,
            827_379.0,
            1_075_835.0,
        ]),
        from_empty: 4_713,
        from_balance: &FROM_BALANCE,
        to_empty: 1_266,
        to_balance: &TO_BALANCE,
    },
    Profile {
        kind: "PAYMENT",
        share: 3_381,
        amount: Quantiles([
            0.24, 170.0, 858.0, 1_644.0, 3_212.0, 5_800.0, 8_622.0, 12_200.0, 17_345.0, 23_409.0,
            30_225.0, 47_753.0, 69_286.0, 105_606.0,
        ]),
        from_empty: 3_350,
        from_balance: &FROM_BALANCE,
        to_empty: 10_000,
        to_balance: &TO_BALANCE,
    },
    Profile {
        kind: "CASH_IN",
        share: 2_199,
        amount: Quantiles([
            14.54,
            2_918.0,
            15_398.0,
            30_357.0,
            57_490.0,
            99_000.0,
            144_346.0,
            198_000.0,
            268_780.0,
            347_612.0,
            412_657.0,
            569_519.0,
            734_680.0,
            1_158_388.0,
        ]),
        from_empty: 156,
        from_balance: &AGENT_BALANCE,
        to_empty: 1_065,
        to_balance: &TO_BALANCE,
    },
    Profile {
        kind: "TRANSFER",
        share: 837,
        amount: Quantiles([
            147.43,
            9_240.0,
            36_625.0,
            77_204.0,
            147_832.0,
            272_000.0,
            429_407.0,
            654_000.0,
            970_496.0,
            1_362_134.0,
            1_732_947.0,
            9_065_259.0,
            31_479_113.0,
            92_445_516.0,
        ]),
        from_empty: 5_287,
        from_balance: &FROM_BALANCE,
        to_empty: 1_082,
        to_balance: &TO_BALANCE,
    },
    Profile {
        kind: "DEBIT",
        share: 65,
        amount: Quantiles([
            18.08, 49.66, 248.0, 401.0, 1_113.0, 2_240.0, 3_280.0, 4_560.0, 6_359.0, 9_332.0,
            12_635.0, 36_943.0, 110_791.0, 150_000.0,
        ]),
        from_empty: 1_957,
        from_balance: &FROM_BALANCE,
        to_empty: 0,
        to_balance: &TO_BALANCE,
    },
];

static FRAUD_AMOUNT: Quantiles = Quantiles([
    119.0,
    1_000.0,
    15_000.0,
    40_000.0,
    90_000.0,
    235_000.0,
    440_000.0,
    1_000_000.0,
    1_900_000.0,
    4_000_000.0,
    6_800_000.0,
    10_000_000.0,
    10_000_000.0,
    10_000_000.0,
]);

/// Balances of customers before they pay, but for empty accounts.
static FROM_BALANCE: Quantiles = Quantiles([
    1.0,
    100.0,
    380.0,
    1_300.0,
    8_500.0,
    18_000.0,
    35_000.0,
    72_000.0,
    150_000.0,
    310_000.0,
    500_000.0,
    1_050_000.0,
    3_200_000.0,
    10_283_120.0,
]);

/// Balances of those through whom cash comes in.
static AGENT_BALANCE: Quantiles = Quantiles([
    1.0,
    142.0,
    1_352.0,
    10_347.0,
    29_046.0,
    245_000.0,
    1_544_370.0,
    3_800_000.0,
    7_140_353.0,
    10_946_636.0,
    16_628_141.0,
    25_522_057.0,
    29_716_146.0,
    38_441_831.0,
]);

/// Balances of customers before they receive, but for empty accounts.
static TO_BALANCE: Quantiles = Quantiles([
    0.37,
    5_297.0,
    37_295.0,
    88_962.0,
    196_625.0,
    380_000.0,
    644_136.0,
    1_150_000.0,
    2_147_273.0,
    3_940_961.0,
    6_169_859.0,
    13_558_306.0,
    33_428_031.0,
    123_544_984.0,
]);

/// Which hour of the month a row belongs to.
#[derive(Debug)]
struct Clock {
    /// The first row of each hour, and the number of rows.
    starts: Vec<u64>,
    /// The day and hour, up to the minutes.
    hours: Vec<String>,
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

impl Clock {
    fn new(rows: u64) -> Self {
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
        let midnight = START.and_time(chrono::NaiveTime::MIN);
        Clock {
            starts: std::iter::once(0).chain(ends).collect(),
            hours: (0..DAYS.len() * HOURS.len())
                .map(|hour| midnight + TimeDelta::hours(hour as i64))
                .map(|time| time.format("%Y-%m-%d %H:").to_string())
                .collect(),
        }
    }

    /// The hour of a row, and the second within it. Time never goes back.
    fn at(&self, row: u64) -> (usize, u64) {
        let hour = self.starts.partition_point(|start| *start <= row) - 1;
        let (start, end) = (self.starts[hour], self.starts[hour + 1]);
        (hour, (row - start) * 3600 / (end - start))
    }
}
