//! The parameters of a script while it is parsed: what was given, and the defaults that it declares.
//!
//! `SET name = value` declares the default of a parameter in a script that says `$name`; what `-p`
//! gives is then read in the type of that value.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::parameters::is_parameter;
use super::{ParameterValue, Parameters, Set, SetSubject};
use crate::config::SETTINGS;
use crate::{Error, Result};

/// The parameters that a script has while it is parsed: those given, and the defaults that it has
/// declared so far.
#[derive(Debug, Clone)]
pub struct ParameterScope {
    given: Parameters,
    known: Parameters,
    /// Parameters that some script says as `$name` or declares.
    used: BTreeSet<String>,
}

impl ParameterScope {
    /// Before the first script.
    pub fn new(given: &Parameters) -> Self {
        ParameterScope {
            given: given.clone(),
            known: given.clone(),
            used: BTreeSet::new(),
        }
    }

    /// A parameter that was given and that no script parsed so far has.
    ///
    /// # Errors
    /// There is one: with what was probably meant.
    pub fn check_given(&self) -> Result<()> {
        let Some(unused) = self.given.keys().find(|name| !self.used.contains(*name)) else {
            return Ok(());
        };
        let error = Error::usage(format!("nothing in the SQL uses the parameter `{unused}`"));
        Err(
            match super::closest(unused, self.used.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("write ${unused} where its value is to stand")),
            },
        )
    }

    /// What the parameters are by now.
    pub(super) fn known(&self) -> &Parameters {
        &self.known
    }

    /// Notes the parameters that a script says.
    pub(super) fn use_all<'t>(&mut self, tokens: impl IntoIterator<Item = &'t TokenWithSpan>) {
        for token in tokens {
            if let Token::Placeholder(placeholder) = &token.token
                && is_parameter(placeholder)
            {
                self.used.insert(placeholder[1..].to_owned());
            }
        }
    }

    /// Takes the default of a parameter from a SET that declares one; any other is left as it is.
    ///
    /// # Errors
    /// What was given is not of the type of the default.
    pub(super) fn declare(&mut self, set: &mut Set) -> Result<()> {
        let is_setting =
            set.name.contains('.') || SETTINGS.iter().any(|known| known.name == set.name);
        let is_known = self.used.contains(&set.name) || self.given.contains_key(&set.name);
        if is_setting || !is_known {
            return Ok(());
        }
        let value = match self.given.get(&set.name) {
            None => set.literal.clone(),
            Some(given) => {
                ParameterValue::parse_like(&given.to_string(), &set.literal).map_err(|error| {
                    error
                        .context(format!("parameter `{}`", set.name))
                        .place(set.place.clone())
                })?
            }
        };
        set.subject = SetSubject::Parameter;
        set.value = value.to_string();
        set.literal = value.clone();
        self.used.insert(set.name.clone());
        self.known.insert(set.name.clone(), value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Kind;
    use crate::sql::Script;

    fn given(pairs: &[(&str, &str)]) -> Parameters {
        let pairs = pairs.iter();
        pairs
            .map(|(name, text)| ((*name).to_owned(), ParameterValue::guess(text)))
            .collect()
    }

    fn parsed(script: &str, pairs: &[(&str, &str)]) -> Result<String> {
        let statements = Script::inline(script).parse(&given(pairs))?;
        let last = statements.last().map(|parsed| &parsed.statement);
        Ok(match last {
            Some(crate::sql::Statement::Query(query)) => query.to_string(),
            _ => String::new(),
        })
    }

    #[test]
    fn a_default_counts_until_something_is_given() {
        let script = "SET day = DATE '2024-01-01'; SET n = -2; SET t = 'x'; SELECT $day, $n, $t";
        assert_eq!(
            parsed(script, &[]).unwrap(),
            "SELECT DATE '2024-01-01', (-2), 'x'"
        );
        let other = [("day", "2025-12-31"), ("n", "7"), ("t", "007")];
        assert_eq!(
            parsed(script, &other).unwrap(),
            "SELECT DATE '2025-12-31', 7, '007'"
        );
    }

    #[test]
    fn what_is_given_must_be_of_the_type_of_the_default() {
        for (default, text, message) in [
            ("1", "x", "parameter `p`: `x` is not a number"),
            ("1", "1.5", "parameter `p`: `1.5` is not a whole number"),
            ("TRUE", "yes", "parameter `p`: `yes` is not true or false"),
            (
                "DATE '2024-01-01'",
                "2024-02-30",
                "parameter `p`: `2024-02-30` is not a date",
            ),
        ] {
            let script = format!("SET p = {default}; SELECT $p");
            let error = parsed(&script, &[("p", text)]).unwrap_err();
            assert_eq!((error.kind(), error.message()), (Kind::Usage, message));
            assert_eq!(error.get_place().map(|place| place.column), Some(5));
        }
        assert!(parsed("SET p = 1.0; SELECT $p", &[("p", "2")]).is_ok());
    }

    #[test]
    fn a_default_is_not_known_before_it_is_declared() {
        let error = parsed("SELECT $p; SET p = 1", &[]).unwrap_err();
        assert_eq!(error.message(), "parameter `$p` has no value");
    }

    #[test]
    fn a_set_of_what_no_statement_says_stays_a_setting() {
        let statements = Script::inline("SET threads = 2; SET other = 1; SELECT $threads")
            .parse(&given(&[("threads", "3")]))
            .unwrap();
        let subjects: Vec<_> = statements
            .iter()
            .filter_map(|parsed| match &parsed.statement {
                crate::sql::Statement::Set(set) => Some(set.subject),
                _ => None,
            })
            .collect();
        assert_eq!(subjects, [SetSubject::Setting, SetSubject::Setting]);
    }
}
