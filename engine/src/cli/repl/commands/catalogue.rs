//! Commands that list what there is: tables, views, columns, functions.

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::cli::repl::shell::{Flow, Shell};
use crate::sql::Parameters;
use crate::sql::{Name, Script, Statement, TideDialect, literal, quote};
use crate::warehouse::{Entry, TableDefinition, TableId, Zone};
use crate::{Error, Result};

const KIND: &str = "CASE table_type WHEN 'BASE TABLE' THEN 'table' ELSE 'view' END";

/// `.tables`, `.tables raw.*`.
pub fn tables(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    list(shell, arguments, None)
}

/// `\dt`.
pub fn only_tables(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    list(shell, arguments, Some("table"))
}

/// `\dv`.
pub fn only_views(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    list(shell, arguments, Some("view"))
}

/// `\df`.
pub fn functions(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    let condition = arguments.first().map_or("true".to_owned(), |pattern| {
        format!("routine_name LIKE {}", like(pattern))
    });
    shell.run_query(&format!(
        "SELECT routine_name AS name, lower(function_type) AS kind, \
         first_value(description ORDER BY description) AS description \
         FROM information_schema.routines WHERE {condition} GROUP BY 1, 2 ORDER BY 1, 2"
    ))?;
    Ok(Flow::Stay)
}

/// `\d`, `\d raw.t`.
pub fn describe(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    let Some(name) = arguments.first() else {
        return tables(shell, arguments);
    };
    shell.run_query(&format!("DESCRIBE {}", name_or_quoted(name)))?;
    Ok(Flow::Stay)
}

/// `.schema`, `.schema raw.t`.
pub fn schema(shell: &mut Shell<'_>, arguments: &[String]) -> Result<Flow> {
    let ids = match arguments.first() {
        Some(name) => vec![resolve(shell, name)?],
        None => all(shell)?,
    };
    let mut text = String::new();
    for id in ids {
        text.push_str(&definition(shell, &id)?);
    }
    shell.show_text(&text)?;
    Ok(Flow::Stay)
}

fn list(shell: &mut Shell<'_>, arguments: &[String], kind: Option<&str>) -> Result<Flow> {
    let mut conditions = vec!["table_schema <> 'information_schema'".to_owned()];
    if let Some(pattern) = arguments.first() {
        let name = match pattern.contains('.') {
            true => "table_schema || '.' || table_name",
            false => "table_name",
        };
        conditions.push(format!("{name} LIKE {}", like(pattern)));
    }
    conditions.extend(kind.map(|kind| format!("{KIND} = '{kind}'")));
    shell.run_query(&format!(
        "SELECT table_schema AS zone, table_name AS name, {KIND} AS kind \
         FROM information_schema.tables WHERE {} ORDER BY 1, 2",
        conditions.join(" AND ")
    ))?;
    Ok(Flow::Stay)
}

/// `*` and `?` as in a shell, `%` as in SQL.
fn like(pattern: &str) -> String {
    literal(&pattern.to_lowercase().replace('*', "%").replace('?', "_"))
}

/// A name as it was typed, or the path of files in quotes.
fn name_or_quoted(name: &str) -> String {
    let tokens = Tokenizer::new(&TideDialect, name)
        .tokenize()
        .unwrap_or_default();
    let is_name = tokens
        .iter()
        .all(|token| matches!(token, Token::Word(_) | Token::Period));
    match is_name && !name.contains('/') {
        true => name.to_owned(),
        false => literal(name),
    }
}

fn resolve(shell: &Shell<'_>, name: &str) -> Result<TableId> {
    let parsed = Script::inline(format!("DROP TABLE {name}")).parse(&Parameters::new());
    let name: Name = match parsed.ok().and_then(|mut statements| statements.pop()) {
        Some(parsed) => match parsed.statement {
            Statement::Drop(drop) => drop.name,
            _ => return Err(not_a_name(name)),
        },
        None => return Err(not_a_name(name)),
    };
    let resolved = shell.session.resolve_in_warehouse(&name);
    // Its place is in a text that nobody has written.
    resolved.map_err(|error| error.map_place(|_| None))
}

fn not_a_name(name: &str) -> Error {
    Error::input(format!("`{name}` is not the name of a table or view")).hint(".tables lists them")
}

fn all(shell: &Shell<'_>) -> Result<Vec<TableId>> {
    let mut ids = Vec::new();
    for zone in Zone::ALL {
        for (name, _) in shell.session.warehouse().entries(zone) {
            ids.push(TableId::new(zone, name)?);
        }
    }
    Ok(ids)
}

/// The statement that makes a table or view.
fn definition(shell: &mut Shell<'_>, id: &TableId) -> Result<String> {
    let warehouse = shell.session.warehouse();
    let name = Name::new([id.zone.name(), id.name.as_str()]);
    match warehouse.entry(id) {
        Some(Entry::View) => {
            let text = warehouse.read_view(id)?;
            Ok(format!("CREATE VIEW {name} AS\n{};\n", text.trim_end()))
        }
        Some(Entry::Table) => {
            let (warehouse, id) = (std::sync::Arc::clone(warehouse), id.clone());
            let definition = shell.runtime.run(async move {
                let table = warehouse.open(&id).await?;
                table.as_ref().map(TableDefinition::of).transpose()
            })?;
            let definition = definition.ok_or_else(|| not_a_name(&name.to_string()))?;
            Ok(create_table(&name, &definition))
        }
        None => {
            let error = Error::input(format!("{name} does not exist"));
            Err(error.hint(".tables lists the tables and views"))
        }
    }
}

fn create_table(name: &Name, definition: &TableDefinition) -> String {
    // A column that a partition expression makes is made by the PARTITIONED BY again.
    let derived = |name: &String| {
        let mut fields = definition.layout.partition_by.iter();
        fields.any(|field| field.expression.is_some() && field.name == *name)
    };
    let declared = definition.schema.fields().iter();
    let declared = declared.filter(|field| !derived(field.name()));
    let columns = declared.map(|field| {
        let not_null = if field.is_nullable() { "" } else { " NOT NULL" };
        let type_name = crate::values::sql_name(field.data_type());
        format!("  {} {type_name}{not_null}", quote(field.name()))
    });
    let columns: Vec<_> = columns.collect();
    format!(
        "CREATE TABLE {name} (\n{}\n){};\n",
        columns.join(",\n"),
        definition.layout.clauses()
    )
}
