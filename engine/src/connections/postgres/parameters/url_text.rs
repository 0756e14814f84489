//! A Postgres URL, taken apart into parameters as libpq does it.
//!
//! ```text
//! postgres://user:password@host:5432,[::1]:5433/database?sslmode=require&connect_timeout=10
//! ```
//!
//! A password with an unescaped `@` or `/` moves into any other part of the URL, so no part of one
//! is repeated in a message.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::{PARAMETERS, known};
use crate::error::{Error, Result};
use crate::sql::closest;

const ESCAPE: &str = "percent-encode special characters in user and password (@ is %40, / is %2F, ? is %3F, # is %23, % is %25)";

/// The parameters that a URL of the scheme `postgres` or `postgresql` gives.
///
/// # Errors
/// A text that is no such URL.
pub(in super::super) fn parse(text: &str) -> Result<BTreeMap<&'static str, String>> {
    let Some(("postgres" | "postgresql", rest)) = text.split_once("://") else {
        return Err(broken("this is not a Postgres URL"));
    };
    if rest.matches('@').count() > 1 {
        return Err(Error::input("the Postgres URL has more than one `@`").hint(ESCAPE));
    }
    let (login, rest) = match rest.split_once('@') {
        Some((login, rest)) => (Some(login), rest),
        None => (None, rest),
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = place.split_once('/').unwrap_or((place, ""));
    let mut parameters = BTreeMap::new();
    if let Some(login) = login {
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        parameters.insert("user", decode(user)?);
        parameters.insert("password", decode(password)?);
    }
    add_hosts(hosts, &mut parameters)?;
    parameters.insert("dbname", decode(database)?);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        add_parameter(pair, &mut parameters)?;
    }
    parameters.retain(|_, value| !value.is_empty());
    Ok(parameters)
}

/// `host:port`, several of them parted by commas; a port may be left out.
fn add_hosts(text: &str, parameters: &mut BTreeMap<&'static str, String>) -> Result<()> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for one in text.split(',') {
        let (host, port) = match one.strip_prefix('[') {
            Some(address) => {
                let (address, rest) = address
                    .split_once(']')
                    .ok_or_else(|| broken("the Postgres URL has a `[` without its `]`"))?;
                (address, rest.strip_prefix(':').unwrap_or(rest))
            }
            None => one.split_once(':').unwrap_or((one, "")),
        };
        if port.contains(|digit: char| !digit.is_ascii_digit()) {
            return Err(broken("the Postgres URL has an invalid value for port"));
        }
        hosts.push(decode(host)?);
        ports.push(port);
    }
    // `postgres:///database?host=..` names the host later.
    if hosts.iter().any(|host| !host.is_empty()) {
        parameters.insert("host", hosts.join(","));
    }
    if ports.iter().any(|port| !port.is_empty()) {
        parameters.insert("port", ports.join(","));
    }
    Ok(())
}

fn add_parameter(pair: &str, parameters: &mut BTreeMap<&'static str, String>) -> Result<()> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let value = decode(value)?;
    // What drivers of other languages write.
    if (name, value.as_str()) == ("ssl", "true") {
        parameters.insert("sslmode", "require".to_owned());
        return Ok(());
    }
    let Some(known) = known(name) else {
        let error = Error::input("the Postgres URL has an unknown parameter");
        let names = PARAMETERS.iter().map(|parameter| parameter.name);
        return Err(match closest(name, names) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("parameters are named as in libpq; {ESCAPE}")),
        });
    };
    parameters.insert(known, value);
    Ok(())
}

fn decode(text: &str) -> Result<String> {
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(broken("a part of the Postgres URL is not UTF-8 text")),
    }
}

fn broken(what: &str) -> Error {
    Error::input(what).hint(format!(
        "write postgres://user:password@host:5432/database?sslmode=require; {ESCAPE}"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parsed(text: &str) -> Vec<(&'static str, String)> {
        parse(text).unwrap().into_iter().collect()
    }

    fn expected(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect()
    }

    #[test]
    fn every_part_becomes_a_parameter() {
        assert_eq!(
            parsed(
                "postgresql://ada:p%40ss@a:1,[::1],%2Frun%2Fpg:3/sa%20les?sslmode=verify-full&ssl=true"
            ),
            expected(&[
                ("dbname", "sa les"),
                ("host", "a,::1,/run/pg"),
                ("password", "p@ss"),
                ("port", "1,,3"),
                ("sslmode", "require"),
                ("user", "ada"),
            ])
        );
        assert_eq!(parsed("postgres://"), []);
        assert_eq!(
            parsed("postgres:///d?host=/run/pg&user=a"),
            expected(&[("dbname", "d"), ("host", "/run/pg"), ("user", "a")])
        );
    }

    #[test]
    fn a_parameter_that_is_misspelt_is_refused() {
        let error = parse("postgres://h/d?sslmod=require").unwrap_err();
        assert_eq!(error.get_hint(), Some("did you mean `sslmode`?"));
    }
}
