//! The disk of the server becomes full in the middle of an export: an error that says so, nothing
//! half written, and the rows are right when there is space again.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use tempfile::TempDir;

use crate::attached::Attached;
use crate::full_disk::{Disk, incompressible};
use crate::postgres_server::PostgresServer;

const ROWS: usize = 30_000;

/// A server with a small disk beside its own; they end in this order.
struct Small {
    server: PostgresServer,
    disk: Disk,
    _folder: TempDir,
}

impl Small {
    /// `None` where nobody may mount a disk.
    fn start() -> Option<Small> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let disk = Disk::mount(&folder.path().join("disk"))?;
        let server = PostgresServer::without_tls();
        let owner = std::fs::metadata(server.folder()?).unwrap();
        std::os::unix::fs::chown(disk.path(), Some(owner.uid()), Some(owner.gid())).unwrap();
        Some(Small {
            server,
            disk,
            _folder: folder,
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_fills_the_disk_says_so_and_leaves_nothing() {
    let Some(small) = Small::start() else {
        return eprintln!("skipped: no tmpfs can be mounted here");
    };
    let place = small.disk.path();
    let url = small.server.create_database().await;
    let database = url.rsplit('/').next().unwrap().to_owned();
    let db = Attached::to(url);
    let create = format!("CREATE TABLESPACE small LOCATION '{}'", place.display());
    db.there(&create).await;
    // Where exported tables lie, and then also where their rows are staged.
    let lies_there = format!("ALTER DATABASE {database} SET default_tablespace = 'small'");
    db.there(&lies_there).await;

    let land = async |name: &str, rows| {
        let file = db.lab.folder().join(name);
        std::fs::write(&file, incompressible(rows)).unwrap();
        let copy = format!("COPY INTO raw.t FROM '{}' (FORMAT csv)", file.display());
        db.execute(&copy).await.unwrap();
    };
    let count = "SELECT count(*) || ' ' || count(DISTINCT id) FROM db.t";
    land("few.csv", 100).await;
    let export = |mode: &str| {
        db.lab
            .run(["-c", &format!("COPY INTO db.t FROM raw.t ({mode})")])
    };
    export("MODE append").succeeded();
    land("many.csv", ROWS).await;
    let modes = ["MODE append", "MODE replace"];
    for (mode, staged_there) in modes.iter().flat_map(|mode| [(mode, false), (mode, true)]) {
        let spaces = if staged_there { "small" } else { "" };
        let stage = format!("ALTER DATABASE {database} SET temp_tablespaces = '{spaces}'");
        db.there(&stage).await;
        export(mode).failed_with(5).says(&[
            "No space left on device",
            "hint: the disk of the server is full",
        ]);
        assert_eq!(db.rows(count).await, ["100 100"], "{mode}");
    }

    let mut grow = Command::new("mount");
    let grown = grow.args(["-o", "remount,size=64m"]).arg(place).status();
    assert!(grown.unwrap().success());
    export("MODE append").succeeded();
    let all = format!("{} {ROWS}", ROWS + 100);
    assert_eq!(db.rows(count).await, [all]);
}
