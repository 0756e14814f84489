//! Databases beside the warehouse: catalogs that nobody looks into before a statement names them.
//!
//! What a database is, is not the business of the warehouse; it only gives them their place among
//! the names. Lists of tables (`SHOW TABLES`, `information_schema`) show the warehouse alone:
//! to list a database is to connect to it, and a list must not fail because a server is down.

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider};

use super::Zone;
use crate::sql::{CATALOG, Name, Query};
use crate::{Error, Result};

/// The metadata of a column that is read as text because no type here is that of the database: the
/// type there.
pub const SERVER_TYPE: &str = "server_type";

/// Makes schemas of databases, for one statement.
pub trait ReadDatabases: Debug + Send + Sync {
    /// Looks for a database among the names; opens nothing.
    ///
    /// # Errors
    /// There is none of this name, with what was probably meant.
    fn find(&self, database: &str) -> Result<()>;

    /// Whether there is a database of this name.
    fn has(&self, database: &str) -> bool {
        self.find(database).is_ok()
    }

    /// A schema of a database, without a name its default one. Opens nothing yet.
    fn schema(&self, database: &str, schema: Option<&str>) -> Arc<dyn SchemaProvider>;
}

/// The catalogs of a statement: the warehouse, and behind it the databases.
#[derive(Debug)]
pub(super) struct Catalogs {
    pub(super) warehouse: Arc<dyn CatalogProvider>,
    pub(super) databases: Arc<dyn ReadDatabases>,
}

impl CatalogProviderList for Catalogs {
    /// The catalogs of a statement are fixed.
    fn register_catalog(
        &self,
        _name: String,
        _catalog: Arc<dyn CatalogProvider>,
    ) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        vec![CATALOG.to_owned()]
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        if name == CATALOG {
            return Some(Arc::clone(&self.warehouse));
        }
        self.databases.has(name).then(|| {
            Arc::new(DatabaseCatalog {
                name: name.to_owned(),
                databases: Arc::clone(&self.databases),
            }) as Arc<dyn CatalogProvider>
        })
    }
}

#[derive(Debug)]
struct DatabaseCatalog {
    name: String,
    databases: Arc<dyn ReadDatabases>,
}

impl CatalogProvider for DatabaseCatalog {
    fn schema_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        Some(self.databases.schema(&self.name, Some(name)))
    }
}

/// Refuses names that the planner would not find, or find in the warehouse although they are a
/// database's.
///
/// # Errors
/// A database that there is not.
pub(super) fn check_names(relations: &[Name], databases: &dyn ReadDatabases) -> Result<()> {
    for name in relations {
        let [database, _, _] = name.parts() else {
            continue;
        };
        if database == CATALOG {
            continue;
        }
        databases
            .find(database)
            .map_err(|error| name.locate(error))?;
    }
    Ok(())
}

/// Refuses a query that reads a database, for a view: it would be another one wherever the
/// connection is, and listing the columns of the warehouse would connect to it.
///
/// # Errors
/// The first table of a database.
pub(super) fn refuse_in_view(query: &Query, databases: &dyn ReadDatabases) -> Result<()> {
    for name in query.relations()? {
        if let Some(database) = database_of(&name, databases) {
            return Err(name.locate(
                Error::input(format!("a view cannot read the database {database}"))
                    .hint("COPY INTO a table what it is to read, or use CREATE TABLE AS"),
            ));
        }
    }
    Ok(())
}

/// The database that a name leads to. A zone comes before a database of the same name.
fn database_of<'n>(name: &'n Name, databases: &dyn ReadDatabases) -> Option<&'n str> {
    let database = match name.parts() {
        [database, _] if database.parse::<Zone>().is_err() => database,
        [database, _, _] if database != CATALOG => database,
        _ => return None,
    };
    databases.has(database).then_some(database)
}
