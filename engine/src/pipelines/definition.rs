//! A pipeline as it lies on disk: `pipeline.toml` and the SQL files beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::{ConnectionConfig, Environment, toml_error};
use crate::connections::{DeclaredConnections, located};
use crate::sql::{Name, ParameterValue, Parameters, Script, ScriptStatement, Statement, closest};
use crate::{Error, Place, Result};

const FILE_NAME: &str = "pipeline.toml";

/// A pipeline, read and parsed; nothing has run.
#[derive(Debug)]
pub struct Pipeline {
    /// Its name in `system.runs`.
    pub name: String,
    /// Where its relative paths start.
    pub folder: PathBuf,
    /// Parameters with their values for this run.
    pub parameters: Parameters,
    /// The table of a database that is to say what runs and steps did.
    pub status: Option<Name>,
    /// Its own databases.
    pub connections: BTreeMap<String, ConnectionConfig>,
    /// Where `${NAME}` is looked up.
    pub environment: Environment,
    /// The steps by file name.
    pub steps: Vec<Step>,
}

/// One SQL file.
#[derive(Debug)]
pub struct Step {
    /// The file name without `.sql`.
    pub name: String,
    /// Its text, which errors point into.
    pub script: Script,
    /// Its statements.
    pub statements: Vec<ScriptStatement>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    status: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, toml::Value>,
    #[serde(default)]
    connections: DeclaredConnections,
}

impl Pipeline {
    /// Reads a folder with a `pipeline.toml` and SQL files, or a single SQL file. All statements
    /// are parsed here, so that a spelling mistake in the last file stops the run before the first.
    ///
    /// # Errors
    /// A folder that is no pipeline, a parameter that it does not have, SQL that is not SQL.
    pub fn open(path: &Path, given: &BTreeMap<String, String>) -> Result<Self> {
        let (folder, files) = if path.is_file() {
            (
                path.parent().unwrap_or(Path::new("")).to_owned(),
                vec![path.to_owned()],
            )
        } else {
            (path.to_owned(), sql_files(path)?)
        };
        let settings = folder.join(FILE_NAME);
        let (document, connections) = if settings.is_file() {
            read_document(&settings)?
        } else {
            Default::default()
        };
        let parameters = typed_parameters(&document.parameters, given, &settings)?;
        let steps = files
            .iter()
            .map(|file| Step::open(file, &parameters))
            .collect::<Result<Vec<_>>>()?;
        let name_of = |path: &Path| {
            let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            path.file_stem()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default()
        };
        let name = if path.is_file() {
            name_of(path)
        } else {
            document.name.unwrap_or_else(|| name_of(path))
        };
        let environment = Environment::beside(&folder)?;
        let status = document.status.as_deref();
        let status = status.map(|status| Name::read(status, &Place::file(&settings)));
        Ok(Pipeline {
            name,
            folder,
            parameters,
            connections,
            status: status.transpose()?,
            environment,
            steps,
        })
    }
}

impl Step {
    fn open(file: &Path, parameters: &Parameters) -> Result<Self> {
        let text =
            std::fs::read_to_string(file).map_err(|error| Error::file("read", file, error))?;
        let script = Script::named(file.display().to_string(), text);
        let statements = script.parse(parameters)?;
        for parsed in &statements {
            if matches!(
                parsed.statement,
                Statement::Attach(_) | Statement::Detach(_)
            ) {
                let error = Error::input("a step cannot attach or detach a database")
                    .hint("declare it in pipeline.toml: [connections.name] with a url");
                return Err(script.locate(parsed.locate(error)));
            }
        }
        let name = file
            .file_stem()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(Step {
            name,
            script,
            statements,
        })
    }
}

fn sql_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let items =
        std::fs::read_dir(folder).map_err(|error| Error::file("open pipeline", folder, error))?;
    let mut files: Vec<_> = items
        .flatten()
        .map(|item| item.path())
        .filter(|path| {
            path.is_file() && path.extension().is_some_and(|extension| extension == "sql")
        })
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::input(format!("{} is not a pipeline: it holds no .sql files", folder.display()))
            .hint("give a folder with .sql files and, if it has parameters or connections, a pipeline.toml"));
    }
    Ok(files)
}

fn read_document(path: &Path) -> Result<(Document, BTreeMap<String, ConnectionConfig>)> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::file("read", path, error))?;
    let mut document: Document =
        toml::from_str(&text).map_err(|error| toml_error(path, &text, &error))?;
    let connections = located(std::mem::take(&mut document.connections), path, &text);
    Ok((document, connections))
}

/// The declared defaults, each replaced by what was given for it in the type of the default.
fn typed_parameters(
    declared: &BTreeMap<String, toml::Value>,
    given: &BTreeMap<String, String>,
    file: &Path,
) -> Result<Parameters> {
    let mut parameters = Parameters::new();
    for (name, value) in declared {
        let value = match value {
            toml::Value::String(text) => ParameterValue::Text(text.clone()),
            toml::Value::Boolean(value) => ParameterValue::Boolean(*value),
            toml::Value::Integer(_) | toml::Value::Float(_) => {
                ParameterValue::Number(value.to_string())
            }
            toml::Value::Datetime(time) => ParameterValue::Text(time.to_string()),
            toml::Value::Array(_) | toml::Value::Table(_) => {
                return Err(
                    Error::input(format!("parameter `{name}` is a list or table"))
                        .place(Place::file(file))
                        .hint("a parameter is a text, a number, a date, true or false"),
                );
            }
        };
        parameters.insert(name.clone(), value);
    }
    for (name, text) in given {
        let Some(default) = parameters.get(name) else {
            let error = Error::usage(format!("the pipeline has no parameter `{name}`"));
            return Err(match closest(name, declared.keys().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!(
                    "declare it with a default under [parameters] in {}",
                    file.display()
                )),
            });
        };
        let value = ParameterValue::parse_like(text, default)
            .map_err(|error| error.context(format!("parameter `{name}`")))?;
        parameters.insert(name.clone(), value);
    }
    Ok(parameters)
}
