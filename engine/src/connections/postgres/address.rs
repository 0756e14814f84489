//! The hosts of a connection: names, addresses and ports, which libpq lists side by side.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use super::parameters::Parameters;
use crate::error::Result;

const PORT: u16 = 5432;
/// Where servers have their unix sockets.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// A host as it is given.
pub(super) struct Address {
    name: String,
    address: Option<IpAddr>,
    pub(super) port: u16,
}

impl Address {
    /// Makes it the host of a configuration; says whether it is a unix socket.
    pub(super) fn add_to(&self, config: &mut tokio_postgres::Config) -> bool {
        config.host(&self.name);
        config.port(self.port);
        if let Some(address) = self.address {
            config.hostaddr(address);
        }
        self.address.is_none() && self.is_path()
    }

    fn is_path(&self) -> bool {
        self.name.starts_with('/')
    }

    /// What stands for it in a password file.
    pub(super) fn name_in_password_file(&self) -> &str {
        match SOCKET_FOLDERS.contains(&self.name.as_str()) {
            true => "localhost",
            false => &self.name,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.contains(':') {
            true => write!(f, "[{}]:{}", self.name, self.port),
            false => write!(f, "{}:{}", self.name, self.port),
        }
    }
}

/// Pairs up hosts, addresses and ports.
///
/// # Errors
/// Lists that do not go together, values that are no host, address or port.
pub(super) fn addresses(parameters: &Parameters) -> Result<Vec<Address>> {
    let (names, numbers) = (parameters.list("host"), parameters.list("hostaddr"));
    let ports = ports(parameters)?;
    let count = names.len().max(numbers.len()).max(1);
    for (name, given) in [
        ("hostaddr", numbers.len()),
        ("host", names.len()),
        ("port", ports.len()),
    ] {
        if given != count && given > usize::from(name == "port") {
            return Err(parameters.wrong(
                name,
                "lists another number of hosts than the rest",
                "give one for each host",
            ));
        }
    }
    let address = |at: usize| {
        let port = *ports.get(at).or(ports.first()).unwrap_or(&PORT);
        let address = numbers.get(at).filter(|number| !number.is_empty());
        let address = address.map(|number| number.parse::<IpAddr>()).transpose();
        let address = address.map_err(|_| {
            parameters.wrong(
                "hostaddr",
                "is not an IP address",
                "give names of hosts as host",
            )
        })?;
        let name = match (names.get(at).filter(|name| !name.is_empty()), address) {
            (Some(name), _) => (*name).to_owned(),
            // TLS wants a name in any case.
            (None, Some(address)) => address.to_string(),
            (None, None) => default_host(port),
        };
        check_host(parameters, &name)?;
        Ok(Address {
            name,
            address,
            port,
        })
    };
    (0..count).map(address).collect()
}

fn ports(parameters: &Parameters) -> Result<Vec<u16>> {
    let port = |text: &str| match text.parse::<u16>() {
        Ok(port @ 1..) => Ok(port),
        _ if text.is_empty() => Ok(PORT),
        _ => Err(parameters.wrong(
            "port",
            "is not a number from 1 to 65535",
            "Postgres usually has 5432",
        )),
    };
    parameters.list("port").into_iter().map(port).collect()
}

/// The unix socket of a server of this machine if there is one, else the machine itself.
fn default_host(port: u16) -> String {
    let has_socket = |folder: &&str| Path::new(folder).join(format!(".s.PGSQL.{port}")).exists();
    let folder = SOCKET_FOLDERS.into_iter().find(has_socket);
    folder.unwrap_or("localhost").to_owned()
}

/// A host can hold none of these; a password that was not escaped can, and ends up here.
fn check_host(parameters: &Parameters, name: &str) -> Result<()> {
    let broken = name.contains(['@', ':', '/', '#', '%', ' ']) && name.parse::<IpAddr>().is_err();
    match broken && !name.starts_with('/') {
        true => Err(parameters.wrong(
            "host",
            "cannot be the name of one",
            "in a URL, percent-encode special characters in user and password (@ is %40, / is %2F, : is %3A, # is %23, % is %25)",
        )),
        false => Ok(()),
    }
}
