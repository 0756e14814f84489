//! What statements would do, without doing it: each is planned in order, and what one would make is
//! known to those after it.
//!
//! Tables that do not exist yet are planned as empty ones with their columns. Only what changes
//! nothing but the session (SET, ATTACH, DETACH) is really done, since later statements depend on it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use crate::connections::Connection;
use crate::execute::execute;
use crate::landing::{check_files, columns_of_files};
use crate::session::{Planner, Session, Target};
use crate::sql::{
    CopyInto, CopySource, CreateTable, Described, Drop, Insert, Name, Query, Statement,
};
use crate::warehouse::{Entry, TableId, check_writable, columns_of_create};
use crate::{Error, Result};

/// What a statement would read and write, in the order in which it says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    /// Tables, views and files.
    pub reads: Vec<String>,
    /// The table, view, file or setting.
    pub writes: Option<String>,
}

/// Statements planned so far, and what they would have made or dropped.
#[derive(Debug)]
pub struct DryRun<'s> {
    session: &'s Session,
    changed: HashMap<TableId, Option<Pretended>>,
}

/// A table or view that is not there.
#[derive(Debug, Clone)]
struct Pretended {
    kind: Entry,
    schema: SchemaRef,
}

impl<'s> DryRun<'s> {
    /// Before the first statement.
    pub fn new(session: &'s Session) -> Self {
        DryRun {
            session,
            changed: HashMap::new(),
        }
    }

    /// Plans a statement.
    ///
    /// # Errors
    /// What would stop the statement before it touches a row.
    pub async fn plan(&mut self, statement: Statement) -> Result<Planned> {
        let planned = describe(&statement)?;
        match statement {
            Statement::Query(query) => self.query(query).await.map(drop)?,
            Statement::Assert(assert) => self.query(assert.query).await.map(drop)?,
            Statement::CopyInto(copy) => self.copy(&copy).await?,
            Statement::ExplainCopy(explain) => self.source(&explain.copy).await.map(drop)?,
            Statement::Unload(unload) => self.relation(&unload.source).await.map(drop)?,
            Statement::CreateTable(create) => self.create_table(create).await?,
            Statement::CreateView(create) => {
                let id = self.session.resolve_in_warehouse(&create.name)?;
                self.check_free(&create.name, &id, Entry::View, create.or_replace)?;
                let plan = self.planner().plan_view(&id, create.query).await?;
                self.pretend(id, Entry::View, plan.schema().as_arrow());
            }
            Statement::CreateModel(create) => self.query(create.query).await.map(drop)?,
            Statement::Insert(insert) => self.insert(*insert).await?,
            Statement::Drop(drop) => self.drop_entry(&drop)?,
            Statement::Describe(describe) => match describe.subject {
                Described::Table(name) => self.query(Query::select_all(&name)?).await.map(drop)?,
                Described::Query(query) => self.query(*query).await.map(drop)?,
            },
            Statement::RetryRejects(retry) => {
                let id = self.session.resolve_in_warehouse(&retry.table)?;
                self.check_there(&retry.table, &id)?;
            }
            Statement::DatabaseExecute(call) => {
                self.session
                    .connection(&call.connection)
                    .map(|connection: Connection| drop(connection))?;
            }
            Statement::Summarize(summarize) => self.query(summarize.query).await.map(drop)?,
            Statement::AlterTable(alter) => {
                let id = self.session.resolve_in_warehouse(&alter.name)?;
                self.check_there(&alter.name, &id)?;
            }
            session_only @ (Statement::Set(_)
            | Statement::Reset(_)
            | Statement::Attach(_)
            | Statement::Detach(_)) => {
                execute(self.session, session_only).await.map(drop)?;
            }
            Statement::ShowTables(_)
            | Statement::ShowConnections(_)
            | Statement::ShowModels(_)
            | Statement::DropModel(_) => {}
        }
        Ok(planned)
    }

    fn planner(&self) -> Planner {
        let planner = self.session.begin();
        for (id, pretended) in &self.changed {
            let schema = pretended.as_ref().map(|table| Arc::clone(&table.schema));
            planner.snapshot().pretend(id.clone(), schema);
        }
        planner
    }

    async fn query(&self, query: Query) -> Result<SchemaRef> {
        let planner = self.planner();
        let plan = planner.plan(query).await?;
        // Some mistakes, such as types that do not fit, are found by the optimizer only.
        let optimized = planner.state().optimize(&plan)?;
        Ok(Arc::new(optimized.schema().as_arrow().clone()))
    }

    async fn create_table(&mut self, create: CreateTable) -> Result<()> {
        let Target::Warehouse(id) = self.session.resolve(&create.name)? else {
            return match create.query {
                Some(query) => self.query(query).await.map(drop),
                None => Ok(()),
            };
        };
        let replaces = create.or_replace || create.if_not_exists;
        self.check_free(&create.name, &id, Entry::Table, replaces)?;
        let given = match &create.query {
            Some(query) => Some(self.query(query.clone()).await?),
            None => None,
        };
        let schema = columns_of_create(&create, given, self.planner().state())?;
        self.pretend(id, Entry::Table, &schema);
        Ok(())
    }

    async fn copy(&mut self, copy: &CopyInto) -> Result<()> {
        let target = self.session.resolve(&copy.target)?;
        let given = self.source(copy).await?;
        let Target::Warehouse(id) = target else {
            return Ok(());
        };
        check_writable(&id).map_err(|error| copy.target.locate(error))?;
        match (self.entry(&id), given) {
            (Some(Entry::View), _) => Err(copy
                .target
                .locate(Error::input(format!("{id} is a view")).hint("load into a table"))),
            (Some(Entry::Table), None) => check_files(self.session, copy).await,
            (Some(Entry::Table), Some(_)) => Ok(()),
            (None, Some(schema)) => {
                self.pretend(id, Entry::Table, &schema);
                Ok(())
            }
            (None, None) => {
                let schema = columns_of_files(self.session, copy, &id).await?;
                self.pretend(id, Entry::Table, &schema);
                Ok(())
            }
        }
    }

    /// The columns that a load reads, unless they are in files.
    async fn source(&self, copy: &CopyInto) -> Result<Option<SchemaRef>> {
        self.relation(&copy.source).await
    }

    async fn relation(&self, source: &CopySource) -> Result<Option<SchemaRef>> {
        match source {
            CopySource::Files(_) => Ok(None),
            CopySource::Relation(name) => self.query(Query::select_all(name)?).await.map(Some),
            CopySource::Query(query) => self.query(query.clone()).await.map(Some),
        }
    }

    async fn insert(&self, insert: Insert) -> Result<()> {
        if let Target::Warehouse(id) = self.session.resolve(&insert.table)? {
            self.check_there(&insert.table, &id)?;
        }
        self.query(insert.query).await.map(drop)
    }

    fn drop_entry(&mut self, statement: &Drop) -> Result<()> {
        let id = self.session.resolve_in_warehouse(&statement.name)?;
        if !statement.if_exists {
            self.check_there(&statement.name, &id)?;
        }
        self.changed.insert(id, None);
        Ok(())
    }

    fn pretend(&mut self, id: TableId, kind: Entry, schema: &Schema) {
        let schema = Arc::new(schema.clone());
        self.changed.insert(id, Some(Pretended { kind, schema }));
    }

    fn entry(&self, id: &TableId) -> Option<Entry> {
        match self.changed.get(id) {
            Some(changed) => changed.as_ref().map(|pretended| pretended.kind),
            None => self.session.warehouse().entry(id),
        }
    }

    fn check_there(&self, name: &Name, id: &TableId) -> Result<()> {
        match self.entry(id) {
            Some(_) => Ok(()),
            None => Err(name.locate(
                Error::input(format!("there is no table {id}"))
                    .hint("SHOW TABLES lists what there is"),
            )),
        }
    }

    fn check_free(&self, name: &Name, id: &TableId, kind: Entry, replaces: bool) -> Result<()> {
        check_writable(id).map_err(|error| name.locate(error))?;
        match self.entry(id) {
            None => Ok(()),
            Some(there) if there == kind && replaces => Ok(()),
            Some(_) => Err(name.locate(
                Error::input(format!("{id} exists"))
                    .hint("use CREATE OR REPLACE, or DROP it first"),
            )),
        }
    }
}

fn describe(statement: &Statement) -> Result<Planned> {
    let relations = statement.reads()?;
    let relations = relations.iter().map(ToString::to_string);
    let files = statement.files().into_iter().flatten();
    let files = files.map(|path| format!("'{path}'"));
    let writes = statement.writes().map(ToString::to_string);
    let file = statement.writes_to().map(|path| format!("'{path}'"));
    let session = match statement {
        Statement::Set(set) => Some(format!("{} = {}", set.name, set.value)),
        Statement::Attach(attach) => Some(format!("connection {}", attach.name)),
        Statement::Detach(detach) => Some(format!("connection {}", detach.name)),
        Statement::CreateModel(create) => Some(format!("model {}", create.name)),
        Statement::DropModel(drop) => Some(format!("model {}", drop.name)),
        Statement::DatabaseExecute(call) => Some(format!("connection {}", call.connection)),
        _ => None,
    };
    Ok(Planned {
        reads: relations.chain(files).collect(),
        writes: writes.or(file).or(session),
    })
}
