//! `tidemill run`: what runs, what is skipped, what is left when a step fails.

use std::time::Instant;

use tidemill::warehouse::Warehouse;

use crate::lab::{Lab, Ran, assert_same_rows, shipped_pipeline};

const ALL: [&str; 8] = ["10", "20", "30", "31", "32", "40", "50", "51"];

fn run_shipped(lab: &Lab) -> Ran {
    lab.run(["run".as_ref(), shipped_pipeline().as_os_str()])
}

/// Everything that the pipeline of a lab makes, and the embedded database.
async fn results(lab: &Lab) -> Vec<(&'static str, Vec<String>)> {
    let mut results = Vec::new();
    for table in ["raw.admissions", "curated.billing_clusters"] {
        results.push((table, lab.assert_plain(table).await));
    }
    for view in [
        "cleansed.admissions",
        "curated.monthly_billing",
        "curated.daily_billing",
        "curated.quarterly_billing",
    ] {
        results.push((view, lab.table(view).await));
    }
    for table in ["monthly_billing", "billing_clusters"] {
        results.push((table, lab.served(table)));
    }
    results
}

fn assert_same_results(
    left: &[(&'static str, Vec<String>)],
    right: &[(&'static str, Vec<String>)],
) {
    for ((name, left), (_, right)) in left.iter().zip(right) {
        assert!(!left.is_empty(), "{name} is empty");
        assert_same_rows(left, right, name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_makes_everything() {
    let lab = Lab::finished();
    let counts = [
        ("raw.admissions", "55500"),
        ("raw.admissions WHERE billing_amount < 0", "108"),
        ("cleansed.admissions", "50000"),
        ("curated.daily_billing", "50000"),
        ("curated.monthly_billing", "49892"),
        ("curated.quarterly_billing", "49931"),
        ("curated.billing_clusters", "49931"),
        ("system.loads", "1"),
        (
            "system.runs WHERE status = 'succeeded' AND steps_run = 8 AND steps_skipped = 0 AND error IS NULL",
            "1",
        ),
        (
            "system.steps WHERE status = 'succeeded' AND finished_at >= started_at",
            "8",
        ),
    ];
    for (table, expected) in counts {
        let count = lab.value(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(count, expected, "{table}");
    }
    assert_eq!(
        lab.rows("SELECT rows_read, rows_loaded, rows_rejected, rows_duplicate FROM system.loads")
            .await,
        ["55500|55500|0|0"]
    );
    for table in lab.tables() {
        lab.assert_plain(&table).await;
    }
    assert_eq!(lab.served("monthly_billing").len(), 49_892);
    let columns = "year_quarter, medical_condition, hospital, insurance_provider, \
        CAST(average_bill_amount AS DOUBLE) amount, cluster, label, distance";
    let ours = lab
        .rows(&format!("SELECT {columns} FROM curated.billing_clusters"))
        .await;
    // SQLite keeps 12.00 as the whole number 12; as a DOUBLE both are 12.0.
    let columns = columns.replace("DOUBLE", "REAL");
    let served = lab.served(&format!("(SELECT {columns} FROM billing_clusters)"));
    assert_eq!(ours.len(), served.len());
    let split_numbers = |rows: &[String]| -> Vec<(String, f64, f64)> {
        let mut rows: Vec<_> = rows
            .iter()
            .map(|row| {
                let fields: Vec<_> = row.split('|').collect();
                let number = |at: usize| fields[at].parse::<f64>().unwrap();
                let texts = [0, 1, 2, 3, 5, 6].map(|at| fields[at]).join("|");
                (texts, number(4), number(7))
            })
            .collect();
        rows.sort_by(|left, right| left.partial_cmp(right).unwrap());
        rows
    };
    assert!(
        split_numbers(&ours) == split_numbers(&served),
        "the served clusters differ"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_skips_every_step() {
    let lab = Lab::with_pipeline();
    let ran = lab.run_pipeline().succeeded();
    assert_eq!(ran.steps_run(), ALL);
    let before = results(&lab).await;
    let files = lab.data_files("curated.billing_clusters");

    let ran = lab.run_pipeline().succeeded();
    assert_eq!(ran.steps_skipped(), ALL);
    assert!(ran.steps_run().is_empty());
    let ran = ran.says(&["nothing has changed: 0 rows loaded, all 8 steps skipped"]);
    assert!(!ran.stdout.contains("loaded"), "{}", ran.stdout);
    assert_same_results(&before, &results(&lab).await);
    assert_eq!(lab.data_files("curated.billing_clusters"), files);
    assert_eq!(lab.value("SELECT count(*) FROM system.loads").await, "1");
    assert_eq!(
        lab.rows("SELECT status, steps_run, steps_skipped FROM system.runs ORDER BY started_at")
            .await,
        ["succeeded|8|0", "succeeded|0|8"]
    );
}

#[test]
fn a_second_run_takes_under_a_third_of_the_first() {
    let lab = Lab::new();
    let [first, second] = [(); 2].map(|()| {
        let start = Instant::now();
        run_shipped(&lab).succeeded();
        start.elapsed()
    });
    assert!(
        second * 3 < first,
        "the first run took {first:?}, the second {second:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_refresh_runs_all_and_changes_nothing() {
    let lab = Lab::with_pipeline();
    lab.run_pipeline().succeeded();
    let before = results(&lab).await;
    let pipeline = lab.pipeline();
    let ran = lab
        .run([
            "run".as_ref(),
            pipeline.as_os_str(),
            "--full-refresh".as_ref(),
        ])
        .succeeded();
    assert_eq!(ran.steps_run(), ALL);
    assert!(ran.stdout.contains("already loaded"), "{}", ran.stdout);
    assert_same_results(&before, &results(&lab).await);
    assert_eq!(lab.value("SELECT count(*) FROM system.loads").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_are_bands_of_the_amount_in_the_order_of_their_names() {
    let lab = Lab::finished();
    let bands = lab
        .rows(
            "SELECT year_quarter, label, min(average_bill_amount), max(average_bill_amount) \
             FROM curated.billing_clusters GROUP BY year_quarter, label ORDER BY year_quarter, 3",
        )
        .await;
    let bands: Vec<Vec<&str>> = bands.iter().map(|band| band.split('|').collect()).collect();
    assert!(bands.len() >= 5 * 20, "{bands:?}");
    for quarter in bands.chunks(5) {
        let labels: Vec<_> = quarter.iter().map(|band| band[1]).collect();
        assert_eq!(
            labels,
            ["Very Low", "Low", "Moderate", "High", "Very High"],
            "{}",
            quarter[0][0]
        );
        let amount = |text: &str| text.parse::<f64>().unwrap();
        for pair in quarter.windows(2) {
            assert_eq!(pair[0][0], pair[1][0]);
            assert!(amount(pair[0][3]) < amount(pair[1][2]), "{pair:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_step_runs_again_with_what_reads_from_it() {
    let lab = Lab::with_pipeline();
    assert_eq!(lab.run_pipeline().succeeded().steps_run(), ALL);

    // What a view says counts for those who read it, also through other views.
    lab.edit_step("30_curated_monthly_billing.sql", "count(*)", "count(1)");
    let ran = lab.run_pipeline().succeeded();
    assert_eq!(ran.steps_run(), ["30", "50"]);

    lab.edit_step(
        "20_cleansed_admissions.sql",
        "min(age) AS age",
        "max(age) AS age",
    );
    let ran = lab.run_pipeline().succeeded();
    assert_eq!(ran.steps_run(), ["20", "30", "32", "40", "50", "51"]);

    // A comment outside of the query makes the step run, but its view is the same.
    lab.edit_step(
        "31_curated_daily_billing.sql",
        "-- The daily",
        "-- All daily",
    );
    assert_eq!(lab.run_pipeline().succeeded().steps_run(), ["31"]);
    assert!(lab.run_pipeline().succeeded().steps_run().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_gone_is_made_again() {
    let lab = Lab::with_pipeline();
    lab.run_pipeline().succeeded();
    let before = results(&lab).await;

    std::fs::remove_file(lab.serving_file()).unwrap();
    assert_eq!(lab.run_pipeline().succeeded().steps_run(), ["50", "51"]);
    assert_same_results(&before, &results(&lab).await);

    lab.execute("DROP TABLE curated.billing_clusters").await;
    let ran = lab.run_pipeline().succeeded();
    assert_eq!(ran.steps_run(), ["40", "51"]);
    assert_same_results(&before, &results(&lab).await);

    lab.execute("DROP VIEW cleansed.admissions").await;
    let ran = lab.run_pipeline().succeeded();
    assert_eq!(ran.steps_run(), ["20"]);
    assert_same_results(&before, &results(&lab).await);
}

/// Versions start again when a table is dropped and made anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_made_anew_counts_as_changed() {
    let lab = Lab::new();
    lab.write_step(
        "10_raw.sql",
        "COPY INTO raw.t FROM 'in.csv' (FORMAT csv);\n",
    );
    lab.write_step(
        "20_sum.sql",
        "CREATE OR REPLACE TABLE curated.total AS SELECT sum(n) AS n FROM raw.t;\n",
    );
    lab.write_step("in.csv", "n\n1\n2\n");
    lab.run_pipeline().succeeded();
    assert_eq!(lab.value("SELECT n FROM curated.total").await, "3");

    lab.execute("DROP TABLE raw.t").await;
    lab.write_step("in.csv", "n\n10\n20\n");
    assert_eq!(lab.run_pipeline().succeeded().steps_run(), ["10", "20"]);
    assert_eq!(lab.value("SELECT n FROM curated.total").await, "30");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_kept_before_it_is_asked_and_a_new_version_counts_as_changed() {
    let lab = Lab::new();
    lab.write_step(
        "1_ask.sql",
        "CREATE OR REPLACE TABLE curated.banded AS SELECT * FROM curated.bands;\n",
    );
    lab.write_step(
        "2_bands.sql",
        "CREATE OR REPLACE VIEW curated.bands AS
         SELECT * FROM kmeans_predict('bands', (SELECT * FROM (VALUES (1.0), (9.0)) AS v(x)));\n",
    );
    lab.write_step(
        "3_learn.sql",
        "CREATE OR REPLACE MODEL bands OPTIONS (model_type = 'kmeans', k = 2) AS
         SELECT * FROM (VALUES (1.0), (2.0), (8.0), (9.0)) AS v(x);\n",
    );
    assert_eq!(lab.run_pipeline().succeeded().steps_run(), ["3", "2", "1"]);
    assert!(lab.run_pipeline().succeeded().steps_run().is_empty());

    lab.edit_step("3_learn.sql", "(1.0)", "(0.0)");
    assert_eq!(lab.run_pipeline().succeeded().steps_run(), ["3", "2", "1"]);
    lab.edit_step("1_ask.sql", "SELECT *", "SELECT x");
    assert_eq!(lab.run_pipeline().succeeded().steps_run(), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_step_stops_the_run_and_keeps_what_was_done() {
    let lab = Lab::with_pipeline();
    lab.write_step(
        "33_bad.sql",
        "-- comment\nCREATE OR REPLACE TABLE curated.bad AS\nSELECT bills / (bills - bills) AS x FROM curated.monthly_billing;\n",
    );
    let ran = lab.run_pipeline().failed_with(1);
    assert_eq!(ran.steps_run(), ["10", "20", "30", "31", "32"]);
    let ran = ran.says(&[
        "33_bad: failed",
        "divide by zero",
        "33_bad.sql:3:14",
        "SELECT bills / (bills - bills)",
    ]);
    assert!(
        !ran.stderr.contains("40_curated_billing_clusters: "),
        "{}",
        ran.stderr
    );
    assert_eq!(
        lab.tables(),
        [
            "raw.admissions",
            "system.loads",
            "system.runs",
            "system.steps"
        ]
    );
    assert!(!lab.serving_file().exists());
    assert_eq!(
        lab.rows("SELECT status, steps_run, error LIKE '%divide by zero%' FROM system.runs")
            .await,
        ["failed|5|true"]
    );
    assert_eq!(
        lab.rows(
            "SELECT step, error LIKE '%divide by zero%' FROM system.steps WHERE status = 'failed'"
        )
        .await,
        ["33_bad|true"]
    );

    // The same again fails at once; mended, the run goes on from there.
    assert!(lab.run_pipeline().failed_with(1).steps_run().is_empty());
    lab.edit_step("33_bad.sql", "(bills - bills)", "bills");
    let ran = lab.run_pipeline().succeeded();
    assert_eq!(ran.steps_run(), ["33", "40", "50", "51"]);
    assert_eq!(ran.steps_skipped(), ["10", "20", "30", "31", "32"]);
}

#[test]
fn an_error_in_any_file_is_found_before_anything_runs() {
    let lab = Lab::with_pipeline();
    lab.edit_step(
        "51_export_billing_clusters.sql",
        "MODE replace",
        "MOD replace",
    );
    lab.run_pipeline()
        .failed_with(1)
        .says(&["51_export_billing_clusters.sql:2:74", "did you mean MODE"]);
    assert!(lab.tables().is_empty());
}

#[test]
fn steps_that_wait_for_each_other_are_named() {
    let lab = Lab::new();
    lab.write_step(
        "1_a.sql",
        "CREATE OR REPLACE TABLE raw.a AS SELECT * FROM raw.b;\n",
    );
    lab.write_step(
        "2_b.sql",
        "CREATE OR REPLACE TABLE raw.b AS SELECT * FROM raw.a;\n",
    );
    lab.write_step(
        "3_c.sql",
        "CREATE OR REPLACE TABLE raw.c AS SELECT 1 AS id;\n",
    );
    lab.run_pipeline()
        .failed_with(1)
        .says(&["the steps 1_a, 2_b wait for each other", "hint:"]);
    assert!(lab.tables().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sql_decides_the_order_not_the_names() {
    let lab = Lab::new();
    lab.write_step(
        "1_last.sql",
        "CREATE OR REPLACE TABLE curated.last AS SELECT n + 1 AS n FROM v;\n",
    );
    lab.edit_step("1_last.sql", "FROM v", "FROM curated.middle");
    lab.write_step("2_middle.sql", "CREATE OR REPLACE VIEW curated.middle AS WITH t AS (SELECT n FROM raw.first) SELECT n + 1 AS n FROM t;\n");
    lab.write_step(
        "3_first.sql",
        "CREATE OR REPLACE TABLE raw.first AS SELECT 1 AS n;\n",
    );
    let ran = lab.run_pipeline().succeeded();
    assert_eq!(ran.steps_run(), ["3", "2", "1"]);
    assert_eq!(lab.value("SELECT n FROM curated.last").await, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_have_defaults_types_and_names() {
    let lab = Lab::new();
    lab.write_step(
        "pipeline.toml",
        "name = \"p\"\n[parameters]\nlimit = 3\nname = \"O'Hara\"\n",
    );
    lab.write_step(
        "1_t.sql",
        "CREATE OR REPLACE TABLE raw.t AS SELECT $limit AS n, $name AS name;\n",
    );
    lab.run_pipeline().succeeded();
    assert_eq!(lab.rows("SELECT * FROM raw.t").await, ["3|O'Hara"]);

    let run_with = |parameter: &str| {
        let pipeline = lab.pipeline();
        lab.run([
            "run".as_ref(),
            pipeline.as_os_str(),
            "-p".as_ref(),
            parameter.as_ref(),
        ])
    };
    run_with("limit=4").succeeded();
    assert_eq!(lab.value("SELECT n FROM raw.t").await, "4");
    run_with("limit=four")
        .failed_with(2)
        .says(&["parameter `limit`", "four"]);
    run_with("limt=4")
        .failed_with(2)
        .says(&["no parameter `limt`", "did you mean `limit`"]);
    run_with("limit").failed_with(2).says(&["NAME=VALUE"]);

    lab.write_step("2_u.sql", "SELECT\n  $missing;\n");
    lab.run_pipeline()
        .failed_with(1)
        .says(&["missing", "2_u.sql:2:3"]);
}

#[test]
fn a_running_pipeline_locks_out_another_run() {
    let lab = Lab::with_pipeline();
    let warehouse = Warehouse::new(lab.warehouse()).unwrap();
    let lock = warehouse.try_lock_pipeline("hospital_billing").unwrap();
    assert!(lock.is_some());
    lab.run_pipeline()
        .failed_with(6)
        .says(&["pipeline hospital_billing is running already", "hint:"]);
    assert!(lab.tables().is_empty());
    drop(lock);
    lab.run_pipeline().succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_at_once_both_or_one_succeed_and_no_row_is_there_twice() {
    let lab = Lab::with_pipeline();
    let arguments = ["run".into(), lab.pipeline().into_os_string()];
    let start = || {
        let mut command = lab.command(&arguments);
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        command.spawn().unwrap()
    };
    let mut codes: Vec<_> = [start(), start()]
        .map(|mut run| run.wait().unwrap().code())
        .into();
    codes.sort_unstable();
    assert!(
        matches!(codes[..], [Some(0), Some(0 | 6)]),
        "exit codes {codes:?}"
    );
    assert_eq!(lab.assert_plain("raw.admissions").await.len(), 5_000);
    assert_eq!(lab.value("SELECT count(*) FROM system.loads").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_file_is_a_pipeline_of_one_step() {
    let lab = Lab::new();
    lab.write_step("in.csv", "n\n1\n");
    lab.write_step("load.sql", "COPY INTO raw.t FROM 'in.csv' (FORMAT csv);\n");
    let file = lab.pipeline().join("load.sql");
    lab.run(["run".as_ref(), file.as_os_str()]).succeeded();
    assert_eq!(lab.value("SELECT n FROM raw.t").await, "1");
}

#[test]
fn what_cannot_be_run_is_said_with_a_remedy() {
    let lab = Lab::new();
    std::fs::create_dir(lab.folder().join("empty")).unwrap();
    lab.run(["run", "empty"])
        .failed_with(1)
        .says(&["holds no .sql files", "hint:"]);
    lab.run(["run", "nowhere"])
        .failed_with(1)
        .says(&["nowhere", "hint:"]);

    lab.write_step("1.sql", "COPY INTO raw.t FROM 'gone.csv' (FORMAT csv);\n");
    lab.run_pipeline()
        .failed_with(1)
        .says(&["gone.csv", "1.sql:1:22", "hint:"]);
    lab.write_step("1.sql", "COPY INTO raw.t FROM 'empty.csv' (FORMAT csv);\n");
    lab.write_step("empty.csv", "");
    lab.run_pipeline()
        .failed_with(1)
        .says(&["empty.csv", "the file is empty", "hint:"]);
    assert!(
        lab.tables()
            .iter()
            .all(|table| table.starts_with("system."))
    );

    lab.write_step("pipeline.toml", "name = \"p\"\n[parametrs]\na = 1\n");
    lab.run_pipeline()
        .failed_with(1)
        .says(&["parametrs", "pipeline.toml:2"]);
}

/// `/proc` cannot be written by anyone, not even by root.
#[test]
fn a_read_only_warehouse_is_said() {
    let lab = Lab::with_pipeline();
    let pipeline = lab.pipeline();
    let ran: Ran = std::process::Command::new(env!("CARGO_BIN_EXE_tidemill"))
        .args(["run".as_ref(), pipeline.as_os_str()])
        .args(["--warehouse", "/proc/tidemill"])
        .output()
        .unwrap()
        .into();
    ran.failed_with(1)
        .says(&["cannot write to the warehouse", "/proc/tidemill"]);
}
