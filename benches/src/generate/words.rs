//! Lists of words with their weights, one `word|weight` per line: the names and how often each occurs
//! in the hospital admissions, the places and specialties of prescribers.

use super::random::Random;

/// First names.
pub const FIRST_NAMES: &str = include_str!("words/first_names.txt");
/// Last names.
pub const LAST_NAMES: &str = include_str!("words/last_names.txt");
/// Cities with their states, in capitals; the weight is the third part.
pub const CITIES: &str = include_str!("words/cities.txt");
/// Specialties of prescribers.
pub const SPECIALTIES: &str = include_str!("words/specialties.txt");

/// As many draws as give every word its share to some hundredths of a per cent, few enough to stay in
/// the cache.
const SLOTS: u64 = 1 << 13;

/// Words that are drawn as often as their weights say. A draw is one look into a table, whatever the
/// number of words.
#[derive(Debug)]
pub struct Words {
    slots: Vec<&'static str>,
}

impl Words {
    /// Reads a list. What stands before the last `|` of a line is the word.
    pub fn new(list: &'static str) -> Self {
        let words: Vec<(&str, u64)> = list.lines().filter_map(parse).collect();
        let total: u64 = words.iter().map(|(_, weight)| weight).sum();
        let mut slots = Vec::with_capacity(SLOTS as usize);
        let mut weight_so_far = 0;
        for (word, weight) in words {
            weight_so_far += weight;
            slots.resize((weight_so_far * SLOTS / total) as usize, word);
        }
        Words { slots }
    }

    /// One word.
    pub fn draw(&self, random: &mut Random) -> &'static str {
        self.slots[random.below(SLOTS as u32) as usize]
    }
}

fn parse(line: &'static str) -> Option<(&'static str, u64)> {
    let (word, weight) = line.rsplit_once('|')?;
    Some((word, weight.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_word_and_a_weight() {
        for list in [FIRST_NAMES, LAST_NAMES, CITIES, SPECIALTIES] {
            assert!(list.lines().all(|line| parse(line).is_some()));
            assert_eq!(Words::new(list).slots.len() as u64, SLOTS);
        }
    }

    #[test]
    fn words_have_their_shares() {
        let words = Words::new("seldom|1\noften|3\n");
        let often = words.slots.iter().filter(|word| **word == "often").count();
        assert_eq!(often as u64, SLOTS * 3 / 4);
    }
}
