//! Files written to an object store: a small server of the test keeps them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::lab::{Lab, Ran};

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

#[test]
fn an_object_is_written_whole_and_read_back() {
    let (server, objects) = serve();
    let lab = Lab::new();
    let copy = "COPY INTO 's3://bucket/out/t.csv.gz' FROM (SELECT value AS n FROM range(0, 1000))";
    run(&lab, &server, copy).succeeded();
    let count = run(
        &lab,
        &server,
        "SELECT sum(n) FROM 's3://bucket/out/t.csv.gz'",
    );
    assert_eq!(count.succeeded().stdout.lines().last(), Some("499500"));
    assert_eq!(keys(&objects), ["out/t.csv.gz"]);

    run(&lab, &server, copy)
        .failed_with(1)
        .says(&["exists", "add OVERWRITE"]);
    let checksum = format!("{copy} (OVERWRITE, CHECKSUM)");
    run(&lab, &server, &checksum).succeeded();
    assert_eq!(keys(&objects), ["out/t.csv.gz", "out/t.csv.gz.sha256"]);
}

#[test]
fn a_folder_of_objects_has_the_names_of_partitions() {
    let (server, objects) = serve();
    let lab = Lab::new();
    let copy = "COPY INTO 's3://bucket/parts' FROM \
        (SELECT value AS n, CASE value % 2 WHEN 0 THEN 'a b' ELSE 'ü' END AS place FROM range(0, 10)) \
        (FORMAT parquet, PARTITION_BY (place))";
    run(&lab, &server, copy).succeeded();
    let folders: Vec<_> = keys(&objects)
        .iter()
        .map(|key| key.rsplit_once('/').unwrap().0.to_owned())
        .collect();
    assert_eq!(folders, ["parts/place=a%20b", "parts/place=ü"]);
    let query = "SELECT place, sum(n) FROM 's3://bucket/parts' GROUP BY place ORDER BY place";
    let rows = run(&lab, &server, query).succeeded().stdout;
    assert_eq!(rows.lines().skip(1).collect::<Vec<_>>(), ["a b,20", "ü,25"]);
    run(&lab, &server, copy).failed_with(1).says(&["exists"]);
}

#[test]
fn a_store_that_does_not_answer_is_worth_a_retry() {
    let lab = Lab::new();
    let copy = "COPY INTO 's3://bucket/t.csv' FROM (SELECT 1 AS a)";
    run(&lab, "127.0.0.1:1", copy).failed_with(5);
}

fn run(lab: &Lab, server: &str, sql: &str) -> Ran {
    let mut command = lab.command(["--format", "csv", "-c", sql]);
    command
        .env("AWS_ENDPOINT", format!("http://{server}"))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_SKIP_SIGNATURE", "true")
        .env("AWS_REGION", "here")
        .env("no_proxy", "127.0.0.1");
    command.output().unwrap().into()
}

fn keys(objects: &Objects) -> Vec<String> {
    objects.lock().unwrap().keys().cloned().collect()
}

/// Serves until the process ends; gives the address and what is kept.
fn serve() -> (String, Objects) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let objects = Objects::default();
    let kept = Arc::clone(&objects);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let kept = Arc::clone(&kept);
            std::thread::spawn(move || {
                let mut reader = BufReader::new(&stream);
                while answer(&mut reader, &stream, &kept).is_some() {}
            });
        }
    });
    (address, objects)
}

/// Answers one request; `None` at the end of the connection.
fn answer(
    reader: &mut BufReader<&TcpStream>,
    mut stream: &TcpStream,
    objects: &Objects,
) -> Option<()> {
    let mut request = String::new();
    reader.read_line(&mut request).ok()?;
    let mut parts = request.split_whitespace();
    let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let (mut header, mut length) = (String::new(), 0);
    while reader.read_line(&mut header).ok()? > 2 {
        let (name, value) = header.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
        header.clear();
    }
    let mut content = vec![0; length];
    reader.read_exact(&mut content).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let decode = |text: &str| {
        let decoded = percent_encoding::percent_decode_str(text);
        decoded.decode_utf8_lossy().into_owned()
    };
    let path = decode(path);
    let key = path.strip_prefix("/bucket").unwrap_or(&path);
    let key = key.trim_start_matches('/').to_owned();
    let mut objects = objects.lock().unwrap();
    let (status, body) = match (method.as_str(), objects.get(&key)) {
        ("PUT", _) => {
            objects.insert(key, content);
            ("200 OK", Vec::new())
        }
        ("DELETE", _) => {
            objects.remove(&key);
            ("204 No Content", Vec::new())
        }
        _ if query.contains("list-type=2") => ("200 OK", listing(&objects, &decode(query))),
        (_, Some(body)) => ("200 OK", body.clone()),
        (_, None) => ("404 Not Found", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nLast-Modified: Wed, 31 Jan 2024 10:00:00 GMT\r\nETag: \"1\"\r\n\r\n",
        body.len(),
    );
    stream.write_all(head.as_bytes()).ok()?;
    if method != "HEAD" {
        stream.write_all(&body).ok()?;
    }
    Some(())
}

fn listing(objects: &BTreeMap<String, Vec<u8>>, query: &str) -> Vec<u8> {
    let prefix = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("prefix="))
        .unwrap_or_default();
    let listed: String = objects
        .iter()
        .filter(|(key, _)| key.starts_with(prefix))
        .map(|(key, body)| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2024-01-31T10:00:00.000Z</LastModified><ETag>\"1\"</ETag><Size>{}</Size></Contents>",
                body.len()
            )
        })
        .collect();
    format!("<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>")
        .into_bytes()
}
