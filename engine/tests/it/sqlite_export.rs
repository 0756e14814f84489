//! Exports into SQLite files.

use tidemill::Kind;
use tidemill::connections::{Connection, Export, Mode};

use crate::export_target::{Target, rows_of};

#[tokio::test]
async fn over_15_digits_and_nan_are_refused() {
    let target = Target::sqlite();
    let long = "SELECT CAST(v AS DECIMAL(20,2)) AS amount FROM (VALUES ('1.00'), ('12345678901234.56')) AS v(v)";
    let error = target.export("t", Mode::Append, long).await.unwrap_err();
    assert_eq!(
        error.message(),
        "row 2, column \"amount\": the value cannot be stored: \
         12345678901234.56 has 16 significant digits and SQLite keeps 15"
    );
    let error = target
        .export("t", Mode::Append, "SELECT CAST('NaN' AS DOUBLE) AS x")
        .await
        .unwrap_err();
    assert!(error.message().contains("NaN"));
    assert!(!target.exists("t").await);

    let fits = "SELECT CAST('1234567890123.45' AS DECIMAL(20,2)) AS amount";
    target.export("t", Mode::Append, fits).await.unwrap();
    assert_eq!(
        target.read("SELECT amount, typeof(amount) FROM t").await,
        ["1234567890123.45|real"]
    );
}

#[tokio::test]
async fn the_file_is_in_wal_mode_and_its_base_folder_made() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("warehouse");
    let connection = Connection::parse("serving", "sqlite:serving.db", &base).unwrap();
    assert!(!connection.table_exists("public", "t").await.unwrap());
    assert!(!base.exists());

    let export = |schema: &str| Export::new(schema, "t", Mode::Replace);
    connection
        .export(&export("public"), rows_of("SELECT 1 AS id").await)
        .await
        .unwrap();
    connection
        .export(&export("main"), rows_of("SELECT 1 AS id").await)
        .await
        .unwrap();
    let file = rusqlite::Connection::open(base.join("serving.db")).unwrap();
    let mode: String = file
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");

    let error = connection
        .export(&export("sales"), rows_of("SELECT 1 AS id").await)
        .await
        .unwrap_err();
    assert_eq!(error.message(), "a SQLite database has no schema \"sales\"");
    let lost = Connection::parse("serving", "sqlite:no/such/folder/x.db", &base).unwrap();
    let error = lost
        .export(&export("public"), rows_of("SELECT 1 AS id").await)
        .await
        .unwrap_err();
    assert!(
        error
            .message()
            .ends_with("of the SQLite file does not exist"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("x.db"),
        "no database at all, but long enough for a header".repeat(50),
    )
    .unwrap();
    let connection = Connection::parse("x", "sqlite:x.db", folder.path()).unwrap();
    let error = connection.table_exists("public", "t").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
    assert!(
        error
            .get_hint()
            .unwrap()
            .contains("no intact SQLite database")
    );
}
