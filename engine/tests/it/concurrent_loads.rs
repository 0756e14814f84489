//! Several loads into one table at once, from processes of ours and from another Delta writer.

#![expect(
    clippy::disallowed_methods,
    reason = "the other writer is the library itself"
)]

use std::process::{Child, Stdio};
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use deltalake_core::{DeltaTable, DeltaTableBuilder};
use tidemill::Kind;
use tidemill::warehouse::{TableId, TableTransaction, Zone};
use url::Url;

use super::lab::Lab;

/// How often two processes race.
const RACES: usize = 4;
const ROWS: usize = 2_000;

#[tokio::test]
async fn two_processes_land_different_files_at_once() {
    for _ in 0..RACES {
        let lab = Lab::new();
        let loads = ["a", "b"].map(|name| {
            write_rows(&lab, name);
            start_load(&lab, name)
        });
        for load in loads {
            succeeded(load);
        }
        let rows = lab.assert_plain("raw.t").await;
        assert_eq!(rows.len(), 2 * ROWS);
        let kept = "SELECT count(*) FROM system.loads WHERE rows_loaded = rows_read";
        assert_eq!(lab.value(kept).await, "2");
    }
}

#[tokio::test]
async fn two_processes_land_the_same_file_at_once_and_it_lands_once() {
    for _ in 0..RACES {
        let lab = Lab::new();
        write_rows(&lab, "a");
        let printed = [start_load(&lab, "a"), start_load(&lab, "a")].map(succeeded);
        let skipped = printed
            .iter()
            .filter(|text| text.contains("already loaded"));
        assert_eq!(skipped.count(), 1, "{printed:?}");
        assert_eq!(lab.assert_plain("raw.t").await.len(), ROWS);
        assert_eq!(lab.value("SELECT count(*) FROM system.loads").await, "1");
    }
}

#[tokio::test]
async fn rows_fit_behind_what_another_writer_removes() {
    let lab = Lab::new();
    let mut load = begin(&lab).await;
    write(&mut load, 3).await;
    // An append would go through; a removal makes the library refuse what was begun before.
    foreign(&lab).await.delete().await.unwrap();
    load.commit(None).await.unwrap();
    assert_eq!(lab.table("raw.t").await, ["id=3"]);
}

#[tokio::test]
async fn what_depends_on_rows_is_refused_when_another_writer_was_faster() {
    let lab = Lab::new();
    let mut load = begin(&lab).await;
    load.remove_all().await.unwrap();
    write(&mut load, 3).await;
    foreign(&lab).await.write([rows(4)]).await.unwrap();
    let error = load.commit(None).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Locked, "{error}");
    assert!(error.message().contains("another writer"), "{error}");
    // Nothing of it is left, and the other writer's rows are there.
    assert_eq!(lab.assert_plain("raw.t").await, ["id=1", "id=2", "id=4"]);
}

#[tokio::test]
async fn rows_are_refused_when_another_writer_changed_the_columns() {
    let lab = Lab::new();
    let mut load = begin(&lab).await;
    write(&mut load, 3).await;
    let text = deltalake_core::kernel::DataType::STRING;
    let column = deltalake_core::kernel::StructField::nullable("note", text);
    foreign(&lab)
        .await
        .add_columns()
        .with_fields([column])
        .await
        .unwrap();
    let error = load.commit(None).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Locked, "{error}");
    assert!(error.message().contains("changed its columns"), "{error}");
    assert_eq!(lab.data_files("raw.t").len(), 1);
}

#[tokio::test]
async fn readers_are_not_blocked_by_a_writer() {
    let lab = Lab::new();
    let mut load = begin(&lab).await;
    write(&mut load, 3).await;
    assert_eq!(lab.value("SELECT count(*) FROM raw.t").await, "2");
    load.commit(None).await.unwrap();
    assert_eq!(lab.value("SELECT count(*) FROM raw.t").await, "3");
}

/// A transaction on `raw.t`, which holds the rows 1 and 2.
async fn begin(lab: &Lab) -> TableTransaction {
    lab.execute("CREATE TABLE raw.t AS SELECT * FROM (VALUES (CAST(1 AS BIGINT)), (2)) v(id)")
        .await;
    let session = lab.session();
    let id = TableId::new(Zone::Raw, "t").unwrap();
    let planner = session.begin();
    TableTransaction::begin(session.warehouse(), &id, planner.state())
        .await
        .unwrap()
}

async fn write(load: &mut TableTransaction, id: i64) {
    let batch = rows(id);
    let stream = RecordBatchStreamAdapter::new(batch.schema(), futures::stream::iter([Ok(batch)]));
    load.write(Box::pin(stream), None).await.unwrap();
}

fn rows(id: i64) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("id", DataType::Int64, true)]);
    let ids = Int64Array::from(vec![id]);
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids)]).unwrap()
}

/// The table as another Delta writer sees it, who knows nothing of our locks.
async fn foreign(lab: &Lab) -> DeltaTable {
    let url = Url::from_directory_path(lab.warehouse().join("raw/t")).unwrap();
    DeltaTableBuilder::from_url(url)
        .unwrap()
        .load()
        .await
        .unwrap()
}

fn write_rows(lab: &Lab, name: &str) {
    let lines: Vec<_> = (0..ROWS).map(|row| format!("{row},{name}")).collect();
    let text = format!("id,name\n{}\n", lines.join("\n"));
    std::fs::write(lab.folder().join(format!("{name}.csv")), text).unwrap();
}

fn start_load(lab: &Lab, name: &str) -> Child {
    let load = format!("COPY INTO raw.t FROM '{name}.csv' (FORMAT csv)");
    lab.command(["-c", &load])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn succeeded(load: Child) -> String {
    let output = load.wait_with_output().unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{text}");
    text
}
