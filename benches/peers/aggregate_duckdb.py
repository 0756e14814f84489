"""DuckDB: a grouping of the admissions, from Parquet files to rows in memory."""

import pyarrow.parquet

from driver import run
from duckdb_session import connect, parquet


def prepare(task):
    connection = connect(task)
    stay = "discharge_date - date_of_admission AS stay_days"
    query = task["query"].replace("{admissions}", f"(SELECT *, {stay} FROM {parquet(task['input'])}) AS admissions")
    return lambda: connection.sql(query).to_arrow_table()


def keep(task, table):
    pyarrow.parquet.write_table(table, task["output"])


run(prepare, keep)
