"""DuckDB: the CSV file to Parquet in folders per month."""

from driver import run
from duckdb_session import connect, csv


def prepare(task):
    connection = connect(task)
    statement = f"""
        COPY (SELECT *, year(discharge_date) AS year, month(discharge_date) AS month FROM {csv(task["input"])})
        TO '{task["output"]}'
        (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARTITION_BY (year, month))
    """
    return lambda: connection.execute(statement)


run(prepare)
