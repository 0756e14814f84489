//! A server as a careful administrator sets it up: nothing for PUBLIC, one role that may write and one
//! that may only read, default privileges for tables to come, and names checked in certificates.

use tidemill::Kind;

use crate::attached::Attached;
use crate::postgres_connect::everything;
use crate::postgres_server::PostgresServer;

/// The rights of a table.
const RIGHTS: &str = "SELECT * FROM postgres_query('db', \
    'SELECT relacl::text AS rights, relowner::regrole::text AS owner FROM pg_class WHERE relname = ''totals''')";

#[tokio::test(flavor = "multi_thread")]
async fn who_may_write_writes_and_who_may_read_reads() {
    let server = PostgresServer::shared();
    let (Some(authority), Some(by_name)) = (server.authority(), server.url_at("localhost")) else {
        return eprintln!("skipped: needs a private server and the openssl program");
    };
    let database = server
        .create_database()
        .await
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let mut url = url::Url::parse(&by_name).unwrap();
    url.set_path(&database);
    url.set_query(Some(&format!(
        "sslmode=verify-full&sslrootcert={}",
        authority.display()
    )));
    let admin = Attached::to(url.to_string());
    let (user, reader) = (
        format!("db_user_{database}"),
        format!("db_reader_{database}"),
    );
    let roles = format!(
        "REVOKE ALL ON SCHEMA public FROM PUBLIC; REVOKE ALL ON DATABASE {database} FROM PUBLIC;
         CREATE ROLE {user} NOLOGIN; CREATE ROLE {reader} NOLOGIN;
         GRANT CONNECT ON DATABASE {database} TO {user}, {reader}; GRANT TEMPORARY ON DATABASE {database} TO {user};
         GRANT USAGE ON SCHEMA public TO {user}, {reader};
         ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE ON TABLES TO {user};
         ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {reader};
         CREATE ROLE user1_{database} LOGIN PASSWORD 'geheim' IN ROLE {user};
         CREATE ROLE analyst_{database} LOGIN PASSWORD 'geheim' IN ROLE {reader};
         CREATE ROLE stranger_{database} LOGIN PASSWORD 'geheim'"
    );
    let plain = Attached::to(server.url_of(&database));
    plain.there(&roles).await;
    let login = |name: &str| {
        let mut url = url.clone();
        url.set_username(&format!("{name}_{database}")).unwrap();
        url.set_password(Some("geheim")).unwrap();
        Attached::to(url.to_string())
    };
    let (user1, analyst, stranger) = (login("user1"), login("analyst"), login("stranger"));

    let export = |rows: &str, options: &str| {
        format!(
            "COPY INTO db.totals FROM (SELECT * FROM (VALUES {rows}) AS v(kind, total)) ({options})"
        )
    };
    let read = "SELECT kind, total FROM db.totals ORDER BY kind";
    let merge = "MODE merge, KEY (kind)";
    admin
        .execute(&export("('cash', 1), ('debit', 2)", merge))
        .await
        .unwrap();
    assert_eq!(analyst.rows(read).await, ["cash|1", "debit|2"]);
    let rights = admin.rows(RIGHTS).await;
    assert!(
        rights[0].contains(&reader) && rights[0].contains(&user),
        "{rights:?}"
    );

    user1
        .execute(&export("('debit', 3), ('payment', 4)", merge))
        .await
        .unwrap();
    let merged = ["cash|1", "debit|3", "payment|4"];
    assert_eq!(analyst.rows(read).await, merged);

    for (who, sql) in [
        (&analyst, export("('cash', 9)", merge)),
        (&analyst, export("('cash', 9)", "MODE replace")),
        // It may write rows, not take any away.
        (&user1, export("('cash', 9)", "MODE replace")),
        (
            &user1,
            "COPY INTO db.fresh FROM (SELECT 1 AS id) (MODE replace)".to_owned(),
        ),
    ] {
        let error = who.execute(&sql).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Input, "{sql}: {error:?}");
        assert!(
            error.message().contains("permission denied"),
            "{sql}: {error}"
        );
        assert!(error.get_hint().unwrap().contains("GRANT"), "{error:?}");
        assert!(!everything(&error).contains("geheim"));
        assert_eq!(analyst.rows(read).await, merged);
    }
    let error = stranger.error(read).await;
    assert_eq!(error.kind(), Kind::Input);
    assert!(
        error.message().contains("permission denied for database"),
        "{error}"
    );

    // Rights survive when all rows are replaced.
    admin
        .execute(&export("('transfer', 5)", "MODE replace"))
        .await
        .unwrap();
    assert_eq!(admin.rows(RIGHTS).await, rights);
    assert_eq!(analyst.rows(read).await, ["transfer|5"]);
    let encrypted = "SELECT * FROM postgres_query('db', 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')";
    assert_eq!(analyst.rows(encrypted).await, ["true"]);

    let all =
        format!("{user}, {reader}, user1_{database}, analyst_{database}, stranger_{database}");
    drop((user1, analyst, stranger));
    plain
        .there(&format!("DROP OWNED BY {all}; DROP ROLE {all}"))
        .await;
}
