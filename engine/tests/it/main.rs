//! Tests against the outside: the binary, real databases, real files. One binary, because linking costs minutes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing"
)]

mod attach;
mod attached;
mod cli;
mod concurrent_loads;
mod csv_round_trip;
mod cutting_proxy;
mod database_aggregates;
mod database_limits;
mod database_statements;
mod export_faults;
mod export_refusals;
mod export_scenarios;
mod export_target;
mod external_readers;
mod following;
mod formats;
mod full_disk;
mod kill;
mod kill_rejects;
mod lab;
mod ledger_rights;
mod object_store;
mod on_both;
mod pipeline;
mod pipeline_status;
mod plain_readers;
mod pooler;
mod postgres_connect;
mod postgres_cuts;
mod postgres_export;
mod postgres_full_disk;
mod postgres_kills;
mod postgres_login;
mod postgres_pipeline;
mod postgres_read;
mod postgres_roles;
mod postgres_server;
mod real_csv;
mod real_files_again;
mod reference;
mod remote;
mod shared;
mod sqlite_export;
mod sqlite_kills;
mod sqlite_read;
mod terminal;
mod unload;
mod unload_remote;
mod unload_round_trip;
mod watermark;
