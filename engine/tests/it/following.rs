//! Exports that follow a table of the warehouse, on both databases: what they take, what they leave,
//! and what they refuse.

use tidemill::Kind;
use tidemill::connections::{Connection, Export, Followed, Mode};
use tidemill::reconciliation::{Copied, CopyStatus};

use crate::attached::Attached;
use crate::export_target::rows_of;
use crate::on_both::on_both;

on_both!(
    crate::following::Following:
    an_append_takes_what_came_since_and_repeated_nothing,
    a_gain_without_rows_is_followed,
    a_merge_takes_the_files_that_changed,
    an_append_cannot_follow_lost_rows,
    force_appends_all_rows_once_more,
    an_append_after_a_replace_takes_what_came_since,
    a_replace_by_a_query_ends_the_following,
    a_dropped_target_gets_all_rows_again,
    a_table_made_anew_is_another_one,
    a_view_is_known_by_its_rows,
    targets_are_followed_apart,
    a_ledger_of_an_earlier_time_gets_its_columns_and_knows_its_batches,
    rows_that_build_on_others_are_refused_when_those_are_gone,
    a_table_is_not_appended_behind_batches_of_queries,
    a_column_that_was_left_out_is_not_added_to_what_came_since,
    files_that_a_wider_type_has_written_anew_hold_the_same_rows,
    a_merge_says_that_rows_which_were_lost_stay,
    a_replace_by_the_same_version_names_its_run,
    a_partitioned_table_is_followed,
);

const A: &str = "1,ada\n2,bob\n3,cyd\n";
const B: &str = "4,dan\n5,eve\n";
const B_CHANGED: &str = "4,dan\n5,EVE\n6,fay\n";
const A_ROWS: [&str; 3] = ["1|ada", "2|bob", "3|cyd"];
const AB_ROWS: [&str; 5] = ["1|ada", "2|bob", "3|cyd", "4|dan", "5|eve"];

/// A table `raw.t` whose rows go to `db.t`.
struct Following {
    db: Attached,
}

impl Following {
    fn sqlite() -> Following {
        Following {
            db: Attached::sqlite(),
        }
    }

    async fn postgres() -> Following {
        Following {
            db: Attached::postgres().await,
        }
    }

    /// Lands a file, in place of what it held before.
    async fn land(&self, name: &str, lines: &str) {
        let file = self.db.lab.folder().join(name);
        std::fs::write(&file, format!("id,name\n{lines}")).unwrap();
        let columns = "FORMAT csv, COLUMNS (id BIGINT, name TEXT), ON_CHANGE replace";
        let copy = format!("COPY INTO raw.t FROM '{}' ({columns})", file.display());
        self.db.execute(&copy).await.unwrap();
    }

    /// Exports the table, with `options` such as `MODE replace`.
    async fn export(&self, options: &str) -> Copied {
        self.copy("db.t", "raw.t", options).await
    }

    async fn copy(&self, target: &str, source: &str, options: &str) -> Copied {
        self.db.copied(&statement(target, source, options)).await
    }

    async fn refused(&self, options: &str) -> tidemill::Error {
        let refused = self.db.execute(&statement("db.t", "raw.t", options)).await;
        refused.unwrap_err()
    }

    async fn there(&self) -> Vec<String> {
        self.db
            .rows("SELECT id, name FROM db.t ORDER BY id, name")
            .await
    }

    /// Asserts that nothing is left to export, and that the note names the run that did it.
    async fn has_all(&self, options: &str) {
        let before = self.there().await;
        let again = self.export(options).await;
        assert_eq!(again.status, CopyStatus::Skipped);
        assert_eq!((again.read, again.loaded), (0, 0));
        let note = again.note.unwrap();
        let by = format!("UTC by run {}; no rows are new", self.db.session.run_id());
        assert!(
            note.contains("of raw.t was exported before, at 20"),
            "{note}"
        );
        assert!(note.ends_with(&by), "{note}");
        assert_eq!(self.there().await, before);
    }
}

fn statement(target: &str, source: &str, options: &str) -> String {
    match options {
        "" => format!("COPY INTO {target} FROM {source}"),
        options => format!("COPY INTO {target} FROM {source} ({options})"),
    }
}

/// Rows read and rows written.
fn counts(copied: &Copied) -> (u64, u64) {
    (copied.read, copied.loaded)
}

/// Asserts that only a gain was exported.
fn gained(copied: &Copied, read: u64, written: u64) {
    assert_eq!(counts(copied), (read, written), "{copied:?}");
    let note = copied.note.as_deref().unwrap_or_default();
    assert!(
        note.contains("the rows that raw.t gained since version"),
        "{note}"
    );
}

async fn an_append_takes_what_came_since_and_repeated_nothing(exports: &Following) {
    exports.land("a.csv", A).await;
    let first = exports.export("").await;
    assert_eq!((counts(&first), first.note), ((3, 3), None));
    exports.has_all("").await;

    exports.land("b.csv", B).await;
    gained(&exports.export("").await, 2, 2);
    assert_eq!(exports.there().await, AB_ROWS);
    exports.has_all("").await;

    let ledger = "SELECT target, rows, mode, source, count(run_id), count(DISTINCT source_version) \
        FROM db.tidemill_exports GROUP BY ALL ORDER BY rows";
    assert_eq!(
        exports.db.rows(ledger).await,
        ["t|2|append|raw.t|1|1", "t|3|append|raw.t|1|1"]
    );
}

async fn a_gain_without_rows_is_followed(exports: &Following) {
    exports.land("a.csv", A).await;
    exports.export("").await;
    exports.land("empty.csv", "").await;
    assert_eq!(counts(&exports.export("").await), (0, 0));
    exports.has_all("").await;
    exports.land("b.csv", B).await;
    gained(&exports.export("").await, 2, 2);
    assert_eq!(exports.there().await, AB_ROWS);
}

async fn a_merge_takes_the_files_that_changed(exports: &Following) {
    let merge = "MODE merge, KEY (id)";
    exports.land("a.csv", A).await;
    exports.land("b.csv", B).await;
    assert_eq!(counts(&exports.export(merge).await), (5, 5));
    exports.has_all(merge).await;

    exports.land("b.csv", B_CHANGED).await;
    let merged = exports.export(merge).await;
    gained(&merged, 3, 2);
    assert_eq!(merged.duplicate, 1);
    let rows = ["1|ada", "2|bob", "3|cyd", "4|dan", "5|EVE", "6|fay"];
    assert_eq!(exports.there().await, rows);
    exports.has_all("MODE merge").await;
}

async fn an_append_cannot_follow_lost_rows(exports: &Following) {
    exports.land("a.csv", A).await;
    exports.land("b.csv", B).await;
    exports.export("").await;
    exports.land("b.csv", B_CHANGED).await;
    let error = exports.refused("").await;
    assert_eq!(error.kind(), Kind::Input);
    assert!(
        error
            .message()
            .starts_with("raw.t lost or changed rows since its version"),
        "{error}"
    );
    assert!(error.get_hint().unwrap().contains("MODE replace"));
    assert_eq!(exports.there().await, AB_ROWS);

    // A replace makes it good, and from there on it is followed.
    let replaced = exports.export("MODE replace").await;
    assert_eq!(counts(&replaced), (6, 6));
    exports.land("c.csv", "7,gus\n").await;
    gained(&exports.export("").await, 1, 1);
    assert_eq!(exports.there().await.len(), 7);
}

async fn force_appends_all_rows_once_more(exports: &Following) {
    exports.land("a.csv", A).await;
    exports.export("").await;
    assert_eq!(counts(&exports.export("FORCE").await), (3, 3));
    assert_eq!(exports.there().await.len(), 6);
    exports.has_all("").await;

    exports.land("a.csv", B).await;
    assert_eq!(exports.refused("").await.kind(), Kind::Input);
    assert_eq!(counts(&exports.export("FORCE").await), (2, 2));
    assert_eq!(exports.there().await.len(), 8);
    exports.has_all("").await;
}

async fn an_append_after_a_replace_takes_what_came_since(exports: &Following) {
    exports.land("a.csv", A).await;
    assert_eq!(counts(&exports.export("MODE replace").await), (3, 3));
    exports.has_all("").await;
    exports.land("b.csv", B).await;
    gained(&exports.export("MODE append").await, 2, 2);
    assert_eq!(exports.there().await, AB_ROWS);

    // A replace by the same rows changes none, and does not lose the thread.
    let same = exports.export("MODE replace").await;
    assert_eq!((same.status, counts(&same)), (CopyStatus::Skipped, (5, 0)));
    exports.has_all("").await;
}

async fn a_replace_by_a_query_ends_the_following(exports: &Following) {
    exports.land("a.csv", A).await;
    exports.export("").await;
    let other = "(SELECT 9 AS id, 'zoe' AS name)";
    exports.copy("db.t", other, "MODE replace").await;
    assert_eq!(counts(&exports.export("").await), (3, 3));
    assert_eq!(exports.there().await, ["1|ada", "2|bob", "3|cyd", "9|zoe"]);
}

async fn a_dropped_target_gets_all_rows_again(exports: &Following) {
    exports.land("a.csv", A).await;
    exports.export("").await;
    for options in ["", "MODE merge, KEY (id)", "MODE replace"] {
        exports.db.there("DROP TABLE t").await;
        let all = exports.export(options).await;
        assert_eq!((counts(&all), all.note), ((3, 3), None), "{options}");
        assert_eq!(exports.there().await, A_ROWS, "{options}");
    }
    exports.has_all("").await;
}

async fn a_table_made_anew_is_another_one(exports: &Following) {
    exports.land("a.csv", A).await;
    exports.export("").await;
    exports.db.execute("DROP TABLE raw.t").await.unwrap();
    exports.land("b.csv", B).await;
    let first = exports.export("").await;
    assert_eq!((counts(&first), first.note), ((2, 2), None));
    assert_eq!(exports.there().await, AB_ROWS);
    exports.has_all("").await;
}

async fn a_view_is_known_by_its_rows(exports: &Following) {
    exports.land("a.csv", A).await;
    let view = "CREATE VIEW cleansed.v AS SELECT id, name FROM raw.t";
    exports.db.execute(view).await.unwrap();
    let copy = async || exports.copy("db.t", "cleansed.v", "").await;
    assert_eq!(counts(&copy().await), (3, 3));
    let again = copy().await;
    assert_eq!((counts(&again), again.duplicate), ((3, 0), 3));
    let note = again.note.unwrap();
    assert!(
        note.starts_with("this batch was exported before, at 20"),
        "{note}"
    );
    assert!(note.contains(exports.db.session.run_id()), "{note}");

    exports.land("b.csv", B).await;
    assert_eq!(counts(&copy().await), (5, 5));
    assert_eq!(exports.there().await.len(), 8);
}

async fn targets_are_followed_apart(exports: &Following) {
    exports.land("a.csv", A).await;
    exports.export("").await;
    exports.land("b.csv", B).await;
    let other = exports.copy("db.other", "raw.t", "").await;
    assert_eq!((counts(&other), other.note), ((5, 5), None));
    gained(&exports.export("").await, 2, 2);
}

async fn a_ledger_of_an_earlier_time_gets_its_columns_and_knows_its_batches(exports: &Following) {
    exports.land("a.csv", A).await;
    let rows = "(SELECT id, name FROM raw.t)";
    exports.copy("db.t", rows, "").await;
    for column in ["mode", "run_id", "source", "source_id", "source_version"] {
        let drop = format!("ALTER TABLE tidemill_exports DROP COLUMN {column}");
        exports.db.there(&drop).await;
    }
    let again = exports.copy("db.t", rows, "").await;
    assert_eq!((counts(&again), again.duplicate), ((3, 0), 3));
    let note = again.note.unwrap();
    assert!(
        note.ends_with("UTC; nothing was added"),
        "no run is known: {note}"
    );

    // Its rows may have been those of the table.
    let refused = exports.refused("").await;
    assert!(
        refused
            .message()
            .contains("or of an earlier version of Tidemill"),
        "{refused}"
    );
    assert_eq!(exports.there().await, A_ROWS);

    exports.export("MODE replace").await;
    exports.has_all("").await;
    exports.land("b.csv", B).await;
    gained(&exports.export("").await, 2, 2);
    assert_eq!(exports.there().await, AB_ROWS);
}

/// Between the look into the ledger and the lock on the target, others may replace or drop the rows
/// that were exported before: then what the table gained is not all that is missing.
async fn rows_that_build_on_others_are_refused_when_those_are_gone(exports: &Following) {
    let folder = exports.db.lab.warehouse();
    std::fs::create_dir_all(&folder).unwrap();
    let connection = Connection::parse("db", &exports.db.url, &folder).unwrap();
    let followed = |version, since| Followed {
        name: "raw.t".to_owned(),
        table_id: "an id".to_owned(),
        version,
        since,
        columns_then: Vec::new(),
    };
    let export = async |version, since, query: &str| {
        let mut export = Export::new("public", "t", Mode::Append);
        export.followed = Some(followed(version, since));
        connection.export(&export, rows_of(query).await).await
    };
    let first = "SELECT 1 AS id, 'ada' AS name";
    let second = "SELECT 2 AS id, 'bob' AS name";
    let lost = async |why: &str| {
        let error = export(5, Some(4), second).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Locked, "{why}: {error}");
        assert!(error.message().contains("meanwhile"), "{why}: {error}");
        assert!(
            error
                .get_hint()
                .unwrap()
                .contains("run the statement again")
        );
    };

    lost("there is no table").await;
    assert!(!connection.table_exists("public", "t").await.unwrap());
    export(4, None, first).await.unwrap();
    exports.db.there("DROP TABLE t").await;
    lost("the table was dropped").await;
    assert!(!connection.table_exists("public", "t").await.unwrap());
    export(4, None, first).await.unwrap();
    let replace = Export::new("public", "t", Mode::Replace);
    let other = rows_of("SELECT 9 AS id, 'zoe' AS name").await;
    connection.export(&replace, other).await.unwrap();
    lost("the rows were replaced").await;
    export(6, None, first).await.unwrap();
    lost("another version was exported").await;
    assert_eq!(exports.there().await, ["1|ada", "9|zoe"]);
}

async fn a_table_is_not_appended_behind_batches_of_queries(exports: &Following) {
    exports.land("a.csv", A).await;
    exports
        .copy("db.t", "(SELECT id, name FROM raw.t)", "")
        .await;
    let refused = exports.refused("").await;
    let message = refused.message();
    assert!(message.contains("t has batches of queries"), "{message}");
    assert_eq!(exports.there().await, A_ROWS);
    exports.export("MODE replace").await;
    exports.land("b.csv", B).await;
    gained(&exports.export("").await, 2, 2);
    assert_eq!(exports.there().await, AB_ROWS);
}

async fn a_column_that_was_left_out_is_not_added_to_what_came_since(exports: &Following) {
    exports.land("a.csv", A).await;
    let create = "CREATE TABLE db.t AS SELECT CAST(0 AS BIGINT) AS id WHERE false";
    exports.db.execute(create).await.unwrap();
    exports.export("ON_SCHEMA_CHANGE ignore").await;
    exports.land("b.csv", B).await;
    for mode in [
        "ON_SCHEMA_CHANGE add",
        "MODE merge, KEY (id), ON_SCHEMA_CHANGE add",
    ] {
        if mode.contains("merge") {
            exports.db.there("CREATE UNIQUE INDEX t_id ON t (id)").await;
        }
        let refused = exports.refused(mode).await;
        let message = refused.message();
        assert!(message.contains("\"name\" was left out"), "{message}");
    }
    exports
        .export("MODE merge, KEY (id), ON_SCHEMA_CHANGE add, FORCE")
        .await;
    assert_eq!(exports.there().await, AB_ROWS);
}

async fn files_that_a_wider_type_has_written_anew_hold_the_same_rows(exports: &Following) {
    let land = async |name: &str, lines: &str, options: &str| {
        let file = exports.db.lab.folder().join(name);
        std::fs::write(&file, format!("id,name\n{lines}")).unwrap();
        let copy = format!("COPY INTO raw.t FROM '{}' ({options})", file.display());
        exports.db.execute(&copy).await.unwrap();
    };
    land("a.csv", A, "COLUMNS (id INT, name TEXT)").await;
    exports.export("").await;
    land("wide.csv", "5000000000,dan\n", "ON_DRIFT evolve").await;
    gained(&exports.export("ON_SCHEMA_CHANGE add").await, 1, 1);
    assert_eq!(exports.there().await.len(), 4);
    exports.has_all("ON_SCHEMA_CHANGE add").await;
}

async fn a_merge_says_that_rows_which_were_lost_stay(exports: &Following) {
    exports.land("a.csv", A).await;
    exports.export("MODE merge, KEY (id)").await;
    exports.land("a.csv", "1,ada\n2,bob\n").await;
    let note = exports.export("MODE merge, KEY (id)").await.note.unwrap();
    assert!(note.contains("rows that it lost since stay"), "{note}");
    assert_eq!(exports.there().await, A_ROWS);
}

async fn a_replace_by_the_same_version_names_its_run(exports: &Following) {
    exports.land("a.csv", A).await;
    assert_eq!(exports.export("MODE replace").await.note, None);
    let again = exports.export("MODE replace").await;
    assert_eq!(again.status, CopyStatus::Skipped);
    let note = again.note.unwrap();
    let by = format!("UTC by run {}", exports.db.session.run_id());
    assert!(note.contains("holds exactly these rows"), "{note}");
    assert!(note.ends_with(&by), "{note}");
}

async fn a_partitioned_table_is_followed(exports: &Following) {
    let land = async |from: u32, to: u32| {
        let rows =
            format!("SELECT value AS id, 'n' || (value % 3) AS name FROM range({from}, {to})");
        let insert = format!("INSERT INTO raw.t {rows}");
        exports.db.execute(&insert).await.unwrap();
    };
    let create = "CREATE TABLE raw.t (id BIGINT, name TEXT) PARTITIONED BY (name)";
    exports.db.execute(create).await.unwrap();
    land(0, 7).await;
    exports.export("").await;
    land(7, 12).await;
    gained(&exports.export("").await, 5, 5);
    let there = exports.there().await;
    let expected: Vec<_> = (0..12).map(|id| format!("{id}|n{}", id % 3)).collect();
    let mut sorted = there.clone();
    sorted.sort_by_key(|row| row.split('|').next().unwrap().parse::<u32>().unwrap());
    assert_eq!(sorted, expected);
    exports.has_all("").await;
}
