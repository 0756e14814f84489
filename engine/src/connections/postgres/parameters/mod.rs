//! The parameters of a connection, found where libpq finds them.
//!
//! For each parameter, the first of these that says something decides:
//!
//! 1. the connection itself: its keys, its URL, an ATTACH
//! 2. the section of the service file that `service` (or `PGSERVICE`) names
//! 3. the variable of the parameter, such as `PGHOST`; `.env` files count as for `${NAME}`
//! 4. for the password alone: the password file (`.pgpass`)
//! 5. the default
//!
//! An empty value says nothing. No value is ever repeated in a message, since any may be a misplaced
//! password. <https://www.postgresql.org/docs/current/libpq-connect.html>

pub(in crate::connections) mod conninfo;
mod password_file;
mod service_file;
pub(super) mod url_text;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub(super) use password_file::{PasswordFile, Wanted};

use crate::connections::config::home;
use crate::connections::url::Secret;
use crate::error::{Error, Place, Result};

/// A parameter that libpq knows, declared once.
#[derive(Debug)]
pub(in crate::connections) struct Parameter {
    /// Its name in keys, URLs and service files.
    pub(in crate::connections) name: &'static str,
    /// The variable that gives it.
    variable: Option<&'static str>,
}

const fn parameter(name: &'static str, variable: &'static str) -> Parameter {
    Parameter {
        name,
        variable: Some(variable),
    }
}

const fn without_variable(name: &'static str) -> Parameter {
    Parameter {
        name,
        variable: None,
    }
}

/// All that are understood. One that libpq knows and that is not here is refused, not passed over.
pub(in crate::connections) const PARAMETERS: [Parameter; 28] = [
    parameter("host", "PGHOST"),
    parameter("hostaddr", "PGHOSTADDR"),
    parameter("port", "PGPORT"),
    parameter("dbname", "PGDATABASE"),
    parameter("user", "PGUSER"),
    parameter("password", "PGPASSWORD"),
    parameter("passfile", "PGPASSFILE"),
    parameter("service", "PGSERVICE"),
    parameter("servicefile", "PGSERVICEFILE"),
    parameter("sslmode", "PGSSLMODE"),
    parameter("sslrootcert", "PGSSLROOTCERT"),
    parameter("sslcert", "PGSSLCERT"),
    parameter("sslkey", "PGSSLKEY"),
    parameter("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    parameter("sslnegotiation", "PGSSLNEGOTIATION"),
    parameter("channel_binding", "PGCHANNELBINDING"),
    parameter("gssencmode", "PGGSSENCMODE"),
    parameter("connect_timeout", "PGCONNECT_TIMEOUT"),
    parameter("application_name", "PGAPPNAME"),
    without_variable("fallback_application_name"),
    parameter("options", "PGOPTIONS"),
    parameter("target_session_attrs", "PGTARGETSESSIONATTRS"),
    parameter("client_encoding", "PGCLIENTENCODING"),
    without_variable("keepalives"),
    without_variable("keepalives_idle"),
    without_variable("keepalives_interval"),
    without_variable("keepalives_count"),
    without_variable("tcp_user_timeout"),
];

/// The name of a parameter as it is declared.
pub(in crate::connections) fn known(name: &str) -> Option<&'static str> {
    let mut names = PARAMETERS.iter().map(|parameter| parameter.name);
    names.find(|known| *known == name)
}

/// Looks a variable up.
pub(in crate::connections) type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// Who gave a value.
#[derive(Debug, Clone)]
enum Giver {
    /// The connection itself.
    Connection,
    /// A line of a service file.
    Service(Place),
    /// A variable.
    Variable(&'static str),
}

/// The values that decide.
#[derive(Debug)]
pub(in crate::connections) struct Parameters {
    given: BTreeMap<&'static str, (Secret<String>, Giver)>,
    home: Option<PathBuf>,
}

impl Parameters {
    /// What the connection says, filled up by the service file and by variables.
    ///
    /// # Errors
    /// A service that is not there, a service file that is none.
    pub(in crate::connections) fn collect(
        connection: BTreeMap<&'static str, String>,
        lookup: Lookup<'_>,
    ) -> Result<Self> {
        let mut parameters = Parameters {
            given: BTreeMap::new(),
            home: home(lookup),
        };
        for (name, value) in connection {
            parameters.fill(name, value, Giver::Connection);
        }
        let variable = |name: &str| {
            let mut known = PARAMETERS.iter();
            let parameter = known.find(|parameter| parameter.name == name);
            lookup(parameter?.variable?)
        };
        let service = parameters.owned("service").or_else(|| variable("service"));
        if let Some(service) = service {
            let named = parameters.owned("servicefile");
            let named = named.or_else(|| variable("servicefile"));
            let files = service_file::candidates(named, parameters.home.as_deref(), lookup);
            for (name, value, place) in service_file::find(&service, &files)? {
                parameters.fill(name, value, Giver::Service(place));
            }
        }
        for parameter in &PARAMETERS {
            if let Some(name) = parameter.variable
                && let Some(value) = lookup(name)
            {
                parameters.fill(parameter.name, value, Giver::Variable(name));
            }
        }
        Ok(parameters)
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.given
            .get(name)
            .map(|(value, _)| value.expose().as_str())
    }

    /// The parts of a value that lists one for each host; none if nothing is given.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.get(name)
            .map_or_else(Vec::new, |value| value.split(',').map(str::trim).collect())
    }

    /// A value that is one of several words.
    ///
    /// # Errors
    /// Another word.
    pub(super) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<Option<T>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match choices.iter().find(|(word, _)| *word == value) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => {
                let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                let hint = format!("{name} is one of {}", words.join(", "));
                Err(self.wrong(name, "is none that is known", &hint))
            }
        }
    }

    /// A value that is a whole number.
    ///
    /// # Errors
    /// Anything else.
    pub(super) fn number(&self, name: &str) -> Result<Option<i32>> {
        let parse = |value: &str| {
            let wrong = |_| self.wrong(name, "is not a whole number", "write digits only");
            value.trim().parse().map_err(wrong)
        };
        self.get(name).map(parse).transpose()
    }

    /// Says that a value cannot be, and who gave it.
    pub(super) fn wrong(&self, name: &str, what: &str, hint: &str) -> Error {
        let error = Error::input(format!("the {name} {what}")).hint(hint);
        match self.given.get(name).map(|(_, giver)| giver) {
            Some(Giver::Service(place)) => error.place(place.clone()),
            Some(Giver::Variable(variable)) => error.context(variable),
            Some(Giver::Connection) | None => error,
        }
    }

    /// A file of the user's own folder for libpq, `~/.postgresql`.
    pub(super) fn own_file(&self, name: &str) -> Option<PathBuf> {
        let home = self.home.as_ref()?;
        Some(home.join(".postgresql").join(name))
    }

    /// The password file.
    pub(super) fn password_file(&self) -> Option<PathBuf> {
        let default = || Some(self.home.as_ref()?.join(".pgpass"));
        self.get("passfile").map(PathBuf::from).or_else(default)
    }

    /// Keeps a value unless somebody who comes first has said something.
    fn fill(&mut self, name: &'static str, value: String, giver: Giver) {
        if !value.is_empty() {
            let given = self.given.entry(name);
            given.or_insert((Secret::new(value), giver));
        }
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn collect(
        connection: &[(&'static str, &str)],
        variables: &[(&str, &str)],
    ) -> Result<Parameters> {
        let connection = connection
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        Parameters::collect(connection.collect(), &|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_connection_comes_before_the_service_and_that_before_variables() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("services.conf");
        std::fs::write(&file, "# ours\n[other]\nhost=no\n\n[sales]\nhost=service\nuser=service\ndbname=service\n[sales]\nport=7\n").unwrap();
        let parameters = collect(
            &[("host", "connection"), ("service", "sales"), ("user", "")],
            &[
                ("PGSERVICEFILE", file.to_str().unwrap()),
                ("PGHOST", "variable"),
                ("PGUSER", "variable"),
                ("PGPORT", "99"),
            ],
        )
        .unwrap();
        let values = ["host", "user", "dbname", "port", "options"].map(|name| parameters.get(name));
        let expected = [
            Some("connection"),
            Some("service"),
            Some("service"),
            Some("99"),
            None,
        ];
        assert_eq!(values, expected);
    }

    #[test]
    fn faults_say_who_gave_the_value_and_never_the_value() {
        let parameters = collect(&[], &[("PGSSLMODE", "geheim"), ("PGPORT", "geheim")]).unwrap();
        let error = parameters.choice("sslmode", &[("require", 1)]).unwrap_err();
        assert_eq!(
            error.message(),
            "PGSSLMODE: the sslmode is none that is known"
        );
        assert_eq!(error.get_hint(), Some("sslmode is one of require"));
        let error = parameters.number("port").unwrap_err();
        assert_eq!(error.message(), "PGPORT: the port is not a whole number");
        assert!(!format!("{parameters:?}").contains("geheim"));
    }
}
