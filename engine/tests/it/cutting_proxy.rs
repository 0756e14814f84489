//! A proxy in front of Postgres that cuts the first connection that commits, just before or just
//! after the server has done so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// As a query of the client, and as the tag with which the server says that it is done.
const COMMIT: &[u8] = b"COMMIT\0";
const CHUNK: usize = 64 * 1024;

/// When the connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The server never hears of the commit.
    BeforeCommit,
    /// The client never hears of it.
    AfterCommit,
}

/// Starts a proxy and gives the URL that goes through it, without TLS.
pub async fn cutting_proxy(server: &str, cut: Cut) -> String {
    let mut url = url::Url::parse(server).unwrap();
    let address = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(listener.local_addr().unwrap().port()))
        .unwrap();
    url.set_query(Some("sslmode=disable"));
    let is_sharp = Arc::new(AtomicBool::new(true));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&address).await.unwrap();
            tokio::spawn(relay(client, server, cut, Arc::clone(&is_sharp)));
        }
    });
    url.to_string()
}

/// Passes on what both sides send, until one of them ends or the connection is cut.
async fn relay(
    mut client: TcpStream,
    mut server: TcpStream,
    cut: Cut,
    is_sharp: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let (mut asked, mut answered) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut cuts_next_answer = false;
    loop {
        tokio::select! {
            length = from_client.read(&mut asked) => {
                let sent = &asked[..length?];
                if sent.is_empty() {
                    return Ok(());
                }
                if holds_commit(sent) && is_sharp.swap(false, Ordering::SeqCst) {
                    match cut {
                        Cut::BeforeCommit => return Ok(()),
                        Cut::AfterCommit => cuts_next_answer = true,
                    }
                }
                to_server.write_all(sent).await?;
            }
            length = from_server.read(&mut answered) => {
                let sent = &answered[..length?];
                if sent.is_empty() || cuts_next_answer && holds_commit(sent) {
                    return Ok(());
                }
                to_client.write_all(sent).await?;
            }
        }
    }
}

fn holds_commit(message: &[u8]) -> bool {
    message.windows(COMMIT.len()).any(|window| window == COMMIT)
}
