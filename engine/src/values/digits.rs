//! Runs of digits, eight at a time; numbers and dates are made of little else.

/// So many digits always fit into 64 bits.
pub(super) const MAX_DIGITS: usize = 18;

/// The number that ASCII digits write; `None` if a byte is none, or there are more than
/// [`MAX_DIGITS`] or none at all.
pub(super) fn parse_digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > MAX_DIGITS {
        return None;
    }
    let (eights, ones) = text.as_chunks::<8>();
    let mut value = 0;
    for eight in eights {
        value = value * 100_000_000 + eight_digits(*eight)?;
    }
    for byte in ones {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    Some(value)
}

/// Pairs of digits become numbers below 100, those numbers below 10,000, and those the result, in
/// one register (Lemire, "Quickly parsing eight digits", 2018).
fn eight_digits(text: [u8; 8]) -> Option<u64> {
    const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0xF0; 8]);
    const SIX: u64 = u64::from_ne_bytes([6; 8]);
    let digits = u64::from_le_bytes(text);
    // A digit has 3 in its upper half, and still has after six were added.
    if digits & HIGH != ZEROS || digits.wrapping_add(SIX) & HIGH != ZEROS {
        return None;
    }
    let digits = digits - ZEROS;
    let pairs = (digits * 10 + (digits >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some((fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(text in "[0-9]{0,20}|[0-9]{0,9}[ -~][0-9]{0,9}|\\PC{0,9}") {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= MAX_DIGITS;
            let expected = text.parse().ok().filter(|_| plain);
            prop_assert_eq!(parse_digits(text.as_bytes()), expected);
        }
    }
}
