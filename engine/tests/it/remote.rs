//! Files behind a web address and in an object store.

use crate::lab::Lab;
use crate::object_store::{ObjectStore, run_with_store_at};

const CSV: &str = "id,name\n1,Ä\n2,b\n";
const KEYS: [&str; 3] = ["in/year=2023/a.csv", "in/year=2024/b c.csv", "in/_SUCCESS"];

#[test]
fn a_web_address_is_read_and_landed_once() {
    let store = store();
    let lab = Lab::new();
    let address = &store.address;
    let url = format!("http://{address}/bucket/in/year=2023/a.csv");
    let query = format!("SELECT name FROM '{url}' WHERE id = 1");
    assert_eq!(run(&lab, &store, &query).lines().last(), Some("Ä"));
    let copy = format!("COPY INTO raw.t FROM '{url}'");
    assert!(run(&lab, &store, &copy).contains("loaded"));
    let again = run(&lab, &store, &copy);
    assert!(again.contains("skipped") && again.contains(&url), "{again}");
    let missing = store.run(
        &lab,
        &format!("SELECT * FROM 'http://{address}/bucket/no.csv'"),
    );
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("nothing is"), "{}", missing.stderr);
}

#[test]
fn a_folder_of_an_object_store_is_read() {
    let store = store();
    let lab = Lab::new();
    let query = "SELECT year, count(*) FROM 's3://bucket/in' GROUP BY year ORDER BY year";
    let rows = run(&lab, &store, query);
    assert_eq!(
        rows.lines().skip(1).collect::<Vec<_>>(),
        ["2023,2", "2024,2"]
    );
    let glob = run(
        &lab,
        &store,
        "SELECT count(*) FROM 's3://bucket/in/*/b*.csv'",
    );
    assert_eq!(glob.lines().last(), Some("2"));
    let refused = run_with_store_at("127.0.0.1:1", &lab, "SELECT * FROM 's3://bucket/in'");
    assert_eq!(refused.code, Some(5), "{}", refused.stderr);
}

fn store() -> ObjectStore {
    ObjectStore::with(KEYS.map(|key| (key, CSV)))
}

fn run(lab: &Lab, store: &ObjectStore, sql: &str) -> String {
    store.run(lab, sql).succeeded().stdout
}
