//! What honest transactions are like: shares, amounts and balances by kind, from samples of PaySim.

use super::Transaction;
use crate::generate::quantiles::Quantiles;
use crate::generate::random::Random;

/// What honest transactions of a kind are like. Shares are of 10,000.
pub struct Profile {
    kind: &'static str,
    share: u32,
    amount: Quantiles,
    from_empty: u32,
    from_balance: &'static Quantiles,
    to_empty: u32,
    to_balance: &'static Quantiles,
}

impl Profile {
    /// The profile of one transaction.
    pub fn draw(random: &mut Random) -> &'static Profile {
        let mut left = random.below(10_000);
        for profile in &PROFILES[1..] {
            if left < profile.share {
                return profile;
            }
            left -= profile.share;
        }
        &PROFILES[0]
    }

    /// One transaction, between accounts yet to be named.
    pub fn transaction(&self, random: &mut Random) -> Transaction {
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
            11_975.0,
            57_878.0,
            131_624.0,
            201_324.0,
            353_000.0,
            512_660.0,
            806_000.0,
            1_257_567.0,
            1_894_345.0,
            2_877_946.0,
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

/// Amounts of frauds; more than ten million cannot be transferred.
pub static FRAUD_AMOUNT: Quantiles = Quantiles([
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
pub static TO_BALANCE: Quantiles = Quantiles([
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
