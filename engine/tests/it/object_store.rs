//! A small object store of the test, which is a web server, too.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::lab::{Lab, Ran};

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// Serves the objects of one bucket, `bucket`, until the process ends.
pub struct ObjectStore {
    /// Host and port.
    pub address: String,
    objects: Objects,
}

impl ObjectStore {
    /// A store that holds objects, by their keys.
    pub fn with<'o>(objects: impl IntoIterator<Item = (&'o str, &'o str)>) -> ObjectStore {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let objects = objects
            .into_iter()
            .map(|(key, body)| (key.to_owned(), body.as_bytes().to_vec()));
        let store = ObjectStore {
            address: listener.local_addr().unwrap().to_string(),
            objects: Arc::new(Mutex::new(objects.collect())),
        };
        let kept = Arc::clone(&store.objects);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(&stream);
                    while answer(&mut reader, &stream, &kept).is_some() {}
                });
            }
        });
        store
    }

    /// The keys of all objects.
    pub fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    /// Runs a statement that finds its buckets here.
    pub fn run(&self, lab: &Lab, sql: &str) -> Ran {
        run_with_store_at(&self.address, lab, sql)
    }
}

/// Runs a statement that looks for its buckets at an address.
pub fn run_with_store_at(address: &str, lab: &Lab, sql: &str) -> Ran {
    let mut command = lab.command(["--format", "csv", "-c", sql]);
    command
        .env("AWS_ENDPOINT", format!("http://{address}"))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_SKIP_SIGNATURE", "true")
        .env("AWS_REGION", "here")
        .env("no_proxy", "127.0.0.1");
    command.output().unwrap().into()
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
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nLast-Modified: Wed, 31 Jan 2024 10:00:00 GMT\r\nETag: {}\r\n\r\n",
        body.len(),
        tag(&body)
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
                "<Contents><Key>{key}</Key><LastModified>2024-01-31T10:00:00.000Z</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
                tag(body),
                body.len()
            )
        })
        .collect();
    format!("<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>")
        .into_bytes()
}

/// Another content has another tag.
fn tag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{:x}\"", hasher.finish())
}
