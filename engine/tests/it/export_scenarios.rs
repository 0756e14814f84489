//! What every export must do, whatever database it goes to: one function per scenario.

use tidemill::connections::Mode;

use crate::export_target::{Target, merge};
use crate::on_both::on_both;

on_both!(
    crate::export_target::Target:
    every_type_arrives_exactly,
    an_append_is_exactly_once,
    the_ledger_forgets_rows_that_are_gone,
    a_replace_is_in_place_and_changes_only_what_differs,
    a_merge_updates_inserts_and_leaves,
    names_and_values_cannot_break_out,
    parallel_exports_take_turns,
);

async fn every_type_arrives_exactly(target: &Target) {
    let query = "SELECT arrow_cast(1, 'Int8') tiny, arrow_cast(200, 'UInt8') utiny, 70000 AS number, 9007199254740993 AS big, \
        arrow_cast('4000000000', 'UInt32') unsigned, CAST(-12345.67 AS DECIMAL(12,2)) amount, CAST(0.005 AS DECIMAL(10,3)) small, \
        CAST(1.5 AS REAL) single, 0.1 AS double, true AS flag, date '2024-02-29' AS day, \
        arrow_cast(timestamp '2024-02-29T23:59:58', 'Timestamp(Nanosecond, None)') moment, \
        arrow_cast('2024-02-29T23:59:58.123456+02:00', 'Timestamp(Microsecond, Some(\"UTC\"))') instant, \
        time '12:30:00' AS clock, 'Grüße, ''O''Brien'' \"x\"' AS note, arrow_cast('part', 'Dictionary(UInt16, Utf8)') part, \
        arrow_cast(x'00ff', 'BinaryView') bytes, NULL AS nothing, CAST(NULL AS DECIMAL(5,1)) AS missing";
    let exported = target.export("t", Mode::Append, query).await.unwrap();
    assert_eq!(
        (
            exported.rows_read,
            exported.inserted,
            exported.created_table
        ),
        (1, 1, true)
    );

    let row = target.read("SELECT * FROM t").await.remove(0);
    let sqlite = "1|200|70000|9007199254740993|4000000000|-12345.67|0.005|1.5|0.1|1|2024-02-29|2024-02-29 23:59:58|\
        2024-02-29 21:59:58.123456+00:00|12:30:00|Grüße, 'O'Brien' \"x\"|part|[0, 255]|-|-";
    let postgres = "1|200|70000|9007199254740993|4000000000|-12345.67|0.005|1.5|0.1|t|2024-02-29|2024-02-29 23:59:58|\
        2024-02-29 21:59:58.123456+00|12:30:00|Grüße, 'O'Brien' \"x\"|part|\\x00ff|-|-";
    assert_eq!(row, target.pick(sqlite, postgres));

    let types = target
        .read(target.pick(
            "SELECT lower(type) FROM pragma_table_info('t')",
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum",
        ))
        .await
        .join(" ");
    let sqlite = "integer integer integer integer integer numeric(12,2) numeric(10,3) real real boolean date timestamp \
        timestamptz time text text blob text numeric(5,1)";
    let postgres = "smallint smallint bigint bigint bigint numeric(12,2) numeric(10,3) real double precision boolean date \
        timestamp without time zone timestamp with time zone time without time zone text text bytea text numeric(5,1)";
    assert_eq!(types, target.pick(sqlite, postgres));

    // What was written must compare equal to what comes again.
    let again = target.export("t", Mode::Replace, query).await.unwrap();
    assert_eq!((again.unchanged, again.deleted), (1, 0));
}

async fn an_append_is_exactly_once(target: &Target) {
    let two = "SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS v(id, name)";
    let first = target.export("t", Mode::Append, two).await.unwrap();
    assert_eq!(
        (first.inserted, first.note.clone(), first.created_table),
        (2, None, true)
    );

    for same in [
        two,
        "SELECT * FROM (VALUES (2, NULL), (1, 'a')) AS v(id, name)",
    ] {
        let again = target.export("t", Mode::Append, same).await.unwrap();
        assert_eq!(
            (again.rows_read, again.inserted, again.unchanged),
            (2, 0, 2)
        );
        assert!(
            again
                .note
                .unwrap()
                .starts_with("this batch was exported before, at 20")
        );
    }
    let other = target
        .export(
            "t",
            Mode::Append,
            "SELECT * FROM (VALUES (1, 'a'), (2, NULL), (2, NULL)) AS v(id, name)",
        )
        .await
        .unwrap();
    assert_eq!(other.inserted, 3);
    assert_eq!(target.read("SELECT count(*) FROM t").await, ["5"]);

    let empty = target
        .export("t", Mode::Append, "SELECT 1 AS id, 'x' AS name WHERE false")
        .await
        .unwrap();
    assert_eq!((empty.rows_read, empty.note), (0, None));
    let ledger = "SELECT target, rows, length(batch_hash) FROM tidemill_exports ORDER BY rows";
    assert_eq!(target.read(ledger).await, ["t|2|64", "t|3|64"]);
}

async fn the_ledger_forgets_rows_that_are_gone(target: &Target) {
    let batch = "SELECT 1 AS id";
    target.export("t", Mode::Append, batch).await.unwrap();
    target.execute("DROP TABLE t").await;
    let anew = target.export("t", Mode::Append, batch).await.unwrap();
    assert_eq!((anew.inserted, anew.created_table), (1, true));

    target
        .export("t", Mode::Replace, "SELECT 2 AS id")
        .await
        .unwrap();
    let after_replace = target.export("t", Mode::Append, batch).await.unwrap();
    assert_eq!(after_replace.inserted, 1);
    assert_eq!(
        target.read("SELECT id FROM t ORDER BY id").await,
        ["1", "2"]
    );
}

async fn a_replace_is_in_place_and_changes_only_what_differs(target: &Target) {
    let rows = "SELECT * FROM (VALUES (1, 'a'), (1, 'a'), (2, NULL)) AS v(id, name)";
    target.export("t", Mode::Replace, rows).await.unwrap();
    target.execute("CREATE VIEW seen AS SELECT id FROM t").await;
    target.execute("CREATE INDEX by_name ON t (name)").await;
    let place = target.pick(
        "SELECT rowid FROM t ORDER BY 1",
        "SELECT xmin, ctid FROM t ORDER BY 2",
    );
    let before = target.read(place).await;

    let again = target.export("t", Mode::Replace, rows).await.unwrap();
    assert_eq!(
        (
            again.rows_read,
            again.unchanged,
            again.inserted,
            again.deleted
        ),
        (3, 3, 0, 0)
    );
    assert_eq!(target.read(place).await, before);

    // The same distinct rows, another of them twice.
    let shifted = "SELECT * FROM (VALUES (1, 'a'), (2, NULL), (2, NULL)) AS v(id, name)";
    let changed = target.export("t", Mode::Replace, shifted).await.unwrap();
    assert_eq!(
        (changed.inserted, changed.deleted, changed.unchanged),
        (3, 3, 0)
    );
    assert_eq!(
        target.read("SELECT id FROM seen ORDER BY id").await,
        ["1", "2", "2"]
    );

    let emptied = target
        .export(
            "t",
            Mode::Replace,
            "SELECT 1 AS id, 'x' AS name WHERE false",
        )
        .await
        .unwrap();
    assert_eq!((emptied.rows_read, emptied.deleted), (0, 3));
    assert_eq!(target.read("SELECT count(*) FROM t").await, ["0"]);
}

async fn a_merge_updates_inserts_and_leaves(target: &Target) {
    let first =
        "SELECT * FROM (VALUES (1, 'x', 'a'), (2, 'x', NULL), (3, 'x', 'c')) AS v(id, kind, name)";
    let created = target
        .export("t", merge(&["id", "kind"]), first)
        .await
        .unwrap();
    assert_eq!((created.inserted, created.created_table), (3, true));
    let again = target
        .export("t", merge(&["kind", "id"]), first)
        .await
        .unwrap();
    assert_eq!((again.inserted, again.updated, again.unchanged), (0, 0, 3));

    let second = "SELECT * FROM (VALUES ('b', 2, 'x'), ('c', 3, 'x'), ('d', 4, 'x'), (NULL, 1, 'x')) AS v(name, id, kind)";
    let merged = target
        .export("t", merge(&["id", "kind"]), second)
        .await
        .unwrap();
    assert_eq!(
        (
            merged.rows_read,
            merged.inserted,
            merged.updated,
            merged.unchanged
        ),
        (4, 1, 2, 1)
    );
    assert_eq!(
        target.read("SELECT id, name FROM t ORDER BY id").await,
        ["1|-", "2|b", "3|c", "4|d"]
    );

    let only_keys = "SELECT * FROM (VALUES (1), (2)) AS v(id)";
    target
        .export("keys", merge(&["id"]), only_keys)
        .await
        .unwrap();
    let again = target
        .export("keys", merge(&["id"]), only_keys)
        .await
        .unwrap();
    assert_eq!((again.inserted, again.unchanged), (0, 2));
}

async fn names_and_values_cannot_break_out(target: &Target) {
    let table = "o\"rder's – Ünï; DROP TABLE x; --";
    let query = "SELECT 1 AS \"o\"\"rder's – Ünï; DROP TABLE x; --\", 2 AS \"target\", 3 AS \"staged\", 4 AS \"excluded\", \
        'it''s \\ \"quoted\" $1 ?; -- ' || chr(10) AS \"select\", 6 AS \"a b\"";
    for (mode, inserted) in [(Mode::Append, 1), (Mode::Replace, 0), (Mode::Append, 0)] {
        let exported = target.export(table, mode, query).await.unwrap();
        assert_eq!((exported.inserted, exported.rows_read), (inserted, 1));
    }
    let merged = format!("{table} merged");
    let key = [table, "select"];
    assert_eq!(
        target
            .export(&merged, merge(&key), query)
            .await
            .unwrap()
            .inserted,
        1
    );
    assert_eq!(
        target
            .export(&merged, merge(&key), query)
            .await
            .unwrap()
            .unchanged,
        1
    );
    let changed = query.replace("6 AS", "7 AS");
    assert_eq!(
        target
            .export(&merged, merge(&key), &changed)
            .await
            .unwrap()
            .updated,
        1
    );
    assert!(target.exists(table).await);
    let rows = target
        .read(&format!(
            "SELECT \"select\" FROM \"{}\"",
            table.replace('"', "\"\"")
        ))
        .await;
    assert_eq!(rows, ["it's \\ \"quoted\" $1 ?; -- \n"]);

    // A column named like its table.
    for _ in 0..2 {
        target
            .export("status", merge(&["status"]), "SELECT 1 AS status, 2 AS n")
            .await
            .unwrap();
        target
            .export("state", Mode::Replace, "SELECT 1 AS state")
            .await
            .unwrap();
    }
}

async fn parallel_exports_take_turns(target: &Target) {
    let batch = "SELECT v AS id FROM generate_series(1, 3000) AS g(v)";
    let appends =
        futures::future::join_all((0..4).map(|_| target.export("t", Mode::Append, batch))).await;
    let inserted: u64 = appends
        .into_iter()
        .map(|exported| exported.unwrap().inserted)
        .sum();
    assert_eq!(inserted, 3000);

    target.export("m", merge(&["id"]), batch).await.unwrap();
    let merges = (0..4).map(|at| {
        let query = format!(
            "SELECT v AS id FROM generate_series({}, {}) AS g(v)",
            at * 1000,
            at * 1000 + 1999
        );
        async move {
            target
                .export("m", merge(&["id"]), &query)
                .await
                .unwrap()
                .inserted
        }
    });
    let inserted: u64 = futures::future::join_all(merges).await.into_iter().sum();
    assert_eq!(inserted, 2000);
    assert_eq!(target.read("SELECT count(*) FROM m").await, ["5000"]);
}
