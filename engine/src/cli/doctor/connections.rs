//! Whether each declared database can be reached, and what may be done there.

use std::time::Duration;

use super::Patient;
use super::finding::Finding;
use crate::connections::{Connection, Rights};

/// A host that drops packets answers never; nobody waits longer for a check.
const PATIENCE: Duration = Duration::from_secs(20);

/// Logs in to every declared database.
pub async fn check(patient: &Patient) -> Vec<Finding> {
    let names = patient.config.connections.keys();
    let checks = names.map(|name| check_one(patient, name));
    futures::future::join_all(checks).await
}

async fn check_one(patient: &Patient, name: &str) -> Finding {
    let connection = match patient.session.connection(name) {
        Ok(connection) => connection,
        Err(error) => return Finding::error(name, &error),
    };
    match tokio::time::timeout(PATIENCE, connection.rights()).await {
        Ok(Ok(rights)) => describe(name, &connection, &rights),
        Ok(Err(error)) => Finding::error(name, &error),
        Err(_) => Finding::failed(name, format!("{} does not answer", connection.url()))
            .hint("check host, port and firewall; connect_timeout says how long a login may take"),
    }
}

fn describe(name: &str, connection: &Connection, rights: &Rights) -> Finding {
    let user = rights.user.as_ref();
    let user = user.map_or_else(String::new, |user| format!(" as {user}"));
    let may_create = match rights.creatable.as_slice() {
        [] if connection.is_read_only() => "read only as declared".to_owned(),
        [] => "may make tables in no schema".to_owned(),
        schemas => format!("may make tables in {}", schemas.join(", ")),
    };
    let Rights {
        server,
        tables,
        readable,
        writable,
        ..
    } = rights;
    let detail = format!(
        "{server}{user}: {tables} tables and views, {readable} readable, {writable} writable; {may_create}"
    );
    match readable < tables {
        true => Finding::warning(name, detail)
            .hint("GRANT SELECT on what is to be read, if it is more than that"),
        false => Finding::ok(name, detail),
    }
}
