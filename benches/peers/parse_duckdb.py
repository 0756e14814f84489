"""DuckDB: the CSV file to typed columns and no further: what is left of landing without Parquet."""

from admissions import COLUMNS, normalised
from driver import run
from duckdb_session import connect, csv


def prepare(task):
    connection = connect(task)
    # A column that nobody asks for would not be read.
    values = ", ".join(f"max({normalised(name)})" for name in COLUMNS)
    return lambda: connection.execute(f"SELECT {values} FROM {csv(task['input'])}").fetchall()


run(prepare)
