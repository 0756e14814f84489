//! The names that completion offers, looked up when they are first needed after a statement ran.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;

use crate::cli::runtime::Runtime;
use crate::config::SETTINGS;
use crate::execute;
use crate::session::Session;
use crate::warehouse::Zone;

/// The columns of a table that takes longer to open are not offered.
const PATIENCE: Duration = Duration::from_millis(400);

/// Names of the session.
pub struct Names<'r> {
    session: Arc<Session>,
    runtime: &'r Runtime,
    functions: OnceCell<Functions>,
    settings: OnceCell<Vec<String>>,
    cache: RefCell<Cache>,
}

/// Functions by where they stand.
#[derive(Default)]
pub struct Functions {
    /// In expressions.
    pub of_values: BTreeSet<String>,
    /// After FROM.
    pub of_tables: BTreeSet<String>,
}

/// A table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its zone.
    pub zone: &'static str,
    /// Its name in it.
    pub name: String,
}

#[derive(Default)]
struct Cache {
    relations: Option<Rc<Vec<Relation>>>,
    connections: Option<Rc<Vec<String>>>,
    columns: HashMap<String, Rc<Vec<String>>>,
}

impl<'r> Names<'r> {
    /// Knows nothing yet.
    pub fn new(session: &Arc<Session>, runtime: &'r Runtime) -> Self {
        Names {
            session: Arc::clone(session),
            runtime,
            functions: OnceCell::new(),
            settings: OnceCell::new(),
            cache: RefCell::default(),
        }
    }

    /// Forgets what statements change.
    pub fn forget(&self) {
        *self.cache.borrow_mut() = Cache::default();
    }

    /// Tables and views: names of folders and files, nothing is opened.
    pub fn relations(&self) -> Rc<Vec<Relation>> {
        let mut cache = self.cache.borrow_mut();
        let list = || {
            let of_zone = |zone: Zone| {
                let entries = self.session.warehouse().entries(zone).into_iter();
                entries.map(move |(name, _)| Relation {
                    zone: zone.name(),
                    name,
                })
            };
            Rc::new(Zone::ALL.into_iter().flat_map(of_zone).collect())
        };
        Rc::clone(cache.relations.get_or_insert_with(list))
    }

    /// Databases.
    pub fn connections(&self) -> Rc<Vec<String>> {
        let mut cache = self.cache.borrow_mut();
        let list = || {
            let batch = self.session.connections().list().ok();
            let names = batch
                .as_ref()
                .and_then(|batch| batch.column(0).as_string_opt::<i32>());
            let names = names.into_iter().flatten().flatten();
            Rc::new(names.map(str::to_owned).collect())
        };
        Rc::clone(cache.connections.get_or_insert_with(list))
    }

    /// Columns of what stands in FROM, written as it is there; none if it cannot be opened at once.
    pub fn columns(&self, relation: &str) -> Rc<Vec<String>> {
        if let Some(columns) = self.cache.borrow().columns.get(relation) {
            return Rc::clone(columns);
        }
        let session = Arc::clone(&self.session);
        let query = format!("SELECT * FROM {relation} LIMIT 0");
        let columns = self.runtime.within(PATIENCE, async move {
            let rows = execute::stream(&session, &query).await.ok()?;
            let fields = rows.schema().fields().iter();
            Some(fields.map(|field| field.name().clone()).collect())
        });
        let columns = Rc::new(columns.unwrap_or_default());
        let known = &mut self.cache.borrow_mut().columns;
        known.insert(relation.to_owned(), Rc::clone(&columns));
        columns
    }

    /// Functions; a session has the same ones for as long as it lives.
    pub fn functions(&self) -> &Functions {
        self.functions.get_or_init(|| {
            let planner = self.session.begin();
            let state = planner.state();
            let values = state.scalar_functions().keys();
            let values = values.chain(state.aggregate_functions().keys());
            let values = values.chain(state.window_functions().keys());
            Functions {
                of_values: values.filter(|name| is_plain(name)).cloned().collect(),
                of_tables: state.table_functions().keys().cloned().collect(),
            }
        })
    }

    /// Settings.
    pub fn settings(&self) -> &[String] {
        self.settings.get_or_init(|| {
            let planner = self.session.begin();
            let ours = SETTINGS.iter().map(|setting| setting.name.to_owned());
            let engine = planner.state().config_options().entries().into_iter();
            ours.chain(engine.map(|entry| entry.key)).collect()
        })
    }
}

/// Some functions stand for operators and cannot be called by their names.
fn is_plain(name: &str) -> bool {
    name.chars()
        .all(|char| char.is_ascii_alphanumeric() || char == '_')
}
