//! Transactions of the PaySim simulator of mobile money, with the columns `transactionID` and
//! `timestamp` that fraud teams add to it.
//!
//! Its quirks: hours differ in how much happens, by the day and by the time of day; payments go to
//! merchants, whose balances are always 0; an account that holds less than it pays is emptied; a tenth
//! to a third of the recipients' balances do not add up; a fraud is a transfer that empties an account,
//! followed by a cash-out of the same amount; few frauds are flagged, and the money of these stays.

mod clock;
mod profiles;

use super::Rows;
use super::csv::Lines;
use super::random::{Random, Stream};
use clock::Clock;
use profiles::{FRAUD_AMOUNT, Profile, TO_BALANCE};

/// Transactions of one size and seed.
#[derive(Debug)]
pub struct Transactions {
    stream: Stream,
    pairs: Stream,
    /// How many customers receive money; each does so some seven times.
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
        lines.part(self.clock.hour(step));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flagged_frauds_are_few_large_transfers_whose_money_stays() {
        let mut random = Stream::new(1, 0).at(0);
        let mut flagged = 0;
        for _ in 0..100_000 {
            let transfer = Fraud::draw(&mut random).transfer();
            if transfer.flagged {
                assert!(transfer.amount > FLAGGED_BEYOND);
                assert_eq!(transfer.from_after, transfer.from_before);
                flagged += 1;
            } else {
                assert_eq!(transfer.from_after, 0);
            }
        }
        // 16 of 4,097 transfers in the whole of PaySim.
        assert!((300..500).contains(&flagged), "{flagged}");
    }

    #[test]
    fn accounts_are_different() {
        let mut numbers: Vec<u32> = (0..100_000).map(account).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 100_000);
        assert!(numbers.iter().all(|number| (1..ACCOUNTS).contains(number)));
    }
}
