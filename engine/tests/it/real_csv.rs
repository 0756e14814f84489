//! Real CSV files with the quirks that they came with.

use crate::lab::Lab;
use crate::shared::shared;

#[tokio::test(flavor = "multi_thread")]
async fn dates_with_the_day_first_and_a_comma_at_the_end_of_every_line() {
    let Some(file) = shared("healthcare/healthcare_dataset_ddmmyyyy_trailing_comma.csv") else {
        return;
    };
    let lab = Lab::new();
    let ran = lab
        .run([
            "-c",
            &format!("COPY INTO raw.admissions FROM '{}'", file.display()),
        ])
        .succeeded();
    assert!(
        ran.stdout.contains("column 16 has neither"),
        "{}",
        ran.stdout
    );
    assert_eq!(columns(&lab, "admissions").await, "15");
    let types = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'admissions' AND data_type = 'Date32'";
    assert_eq!(lab.value(types).await, "2");
    // No stay ends before it began, which the other order of day and month would have.
    let row = "SELECT count(*) || ' ' || bool_and(discharge_date >= date_of_admission) || ' ' || min(date_of_admission) FROM raw.admissions";
    let row = lab.value(row).await;
    assert!(row.starts_with("3227 true "), "{row}");
    assert_eq!(
        lab.value(
            "SELECT date_of_admission FROM raw.admissions WHERE name = 'Angela Montgomery' LIMIT 1"
        )
        .await,
        "2020-04-07"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_order_mark_and_carriage_returns() {
    let Some(file) = shared("fraud/paysim_first_19999_bom_crlf.csv") else {
        return;
    };
    let lab = Lab::new();
    lab.run([
        "-c",
        &format!("COPY INTO raw.payments FROM '{}'", file.display()),
    ])
    .succeeded();
    assert_eq!(columns(&lab, "payments").await, "11");
    let row =
        "SELECT count(*) || ' ' || min(step) || ' ' || max(is_flagged_fraud) FROM raw.payments";
    assert!(lab.value(row).await.starts_with("19999 1 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_and_formulas_stay_text_and_identifiers_whole() {
    let Some(file) = shared("medicare/usa_presc_medicare_sample_105.csv") else {
        return;
    };
    let lab = Lab::new();
    lab.run([
        "-c",
        &format!("COPY INTO raw.presc FROM '{}'", file.display()),
    ])
    .succeeded();
    assert_eq!(columns(&lab, "presc").await, "22");
    let row = "SELECT count(*) || ' ' || count(DISTINCT npi) || ' ' || min(character_length(CAST(npi AS TEXT))) FROM raw.presc";
    assert_eq!(lab.value(row).await, "105 99 10");
    let text = "SELECT count(*) FROM raw.presc WHERE years_of_exp LIKE '= %' AND bene_count_ge65_suppress_flag IN ('*', '#', '')";
    assert_eq!(lab.value(text).await, "105");
}

async fn columns(lab: &Lab, table: &str) -> String {
    let count =
        format!("SELECT count(*) FROM information_schema.columns WHERE table_name = '{table}'");
    lab.value(&count).await
}
