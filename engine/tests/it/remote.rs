//! Files behind a web address and in an object store, served by a small server of the test.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use crate::lab::{Lab, Ran};

const CSV: &str = "id,name\n1,Ä\n2,b\n";
const KEYS: [&str; 3] = ["in/year=2023/a.csv", "in/year=2024/b c.csv", "in/_SUCCESS"];

#[test]
fn a_web_address_is_read_and_landed_once() {
    let server = serve();
    let lab = Lab::new();
    let url = format!("http://{server}/bucket/in/year=2023/a.csv");
    let query = format!("SELECT name FROM '{url}' WHERE id = 1");
    assert_eq!(run(&lab, &server, &query).lines().last(), Some("Ä"));
    let copy = format!("COPY INTO raw.t FROM '{url}'");
    assert!(run(&lab, &server, &copy).contains("loaded"));
    let again = run(&lab, &server, &copy);
    assert!(again.contains("skipped") && again.contains(&url), "{again}");
    let missing = try_run(
        &lab,
        &server,
        &format!("SELECT * FROM 'http://{server}/bucket/no.csv'"),
    );
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("nothing is"), "{}", missing.stderr);
}

#[test]
fn a_folder_of_an_object_store_is_read() {
    let server = serve();
    let lab = Lab::new();
    let query = "SELECT year, count(*) FROM 's3://bucket/in' GROUP BY year ORDER BY year";
    let rows = run(&lab, &server, query);
    assert_eq!(
        rows.lines().skip(1).collect::<Vec<_>>(),
        ["2023,2", "2024,2"]
    );
    let glob = run(
        &lab,
        &server,
        "SELECT count(*) FROM 's3://bucket/in/*/b*.csv'",
    );
    assert_eq!(glob.lines().last(), Some("2"));
    let refused = try_run(&lab, "127.0.0.1:1", "SELECT * FROM 's3://bucket/in'");
    assert_eq!(refused.code, Some(5), "{}", refused.stderr);
}

fn run(lab: &Lab, server: &str, sql: &str) -> String {
    let ran = try_run(lab, server, sql);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    ran.stdout
}

fn try_run(lab: &Lab, server: &str, sql: &str) -> Ran {
    let mut command = lab.command(["--format", "csv", "-c", sql]);
    command
        .env("AWS_ENDPOINT", format!("http://{server}"))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_SKIP_SIGNATURE", "true")
        .env("AWS_REGION", "here")
        .env("no_proxy", "127.0.0.1");
    command.output().unwrap().into()
}

/// Serves the objects until the process ends; gives the address.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let listener = Arc::new(listener);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || while answer(&stream).is_some() {});
        }
    });
    address
}

/// Answers one request; `None` at the end of the connection.
fn answer(mut stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request).ok()?;
    let mut parts = request.split_whitespace();
    let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut header = String::new();
    while reader.read_line(&mut header).ok()? > 2 {
        header.clear();
    }
    let target = percent_encoding::percent_decode_str(&target)
        .decode_utf8_lossy()
        .into_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let key = path
        .strip_prefix("/bucket")
        .unwrap_or(path)
        .trim_start_matches('/');
    let (status, body) = if query.contains("list-type=2") {
        ("200 OK", listing(query))
    } else if KEYS.contains(&key) {
        ("200 OK", CSV.to_owned())
    } else {
        ("404 Not Found", String::new())
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nLast-Modified: Wed, 31 Jan 2024 10:00:00 GMT\r\nETag: \"{}\"\r\n\r\n",
        body.len(),
        key.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    if method != "HEAD" {
        stream.write_all(body.as_bytes()).ok()?;
    }
    Some(())
}

fn listing(query: &str) -> String {
    let prefix = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("prefix="))
        .unwrap_or_default();
    let objects: String = KEYS
        .iter()
        .filter(|key| key.starts_with(prefix))
        .map(|key| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2024-01-31T10:00:00.000Z</LastModified><ETag>\"{}\"</ETag><Size>{}</Size></Contents>",
                key.len(),
                CSV.len()
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>{objects}</ListBucketResult>"
    )
}
