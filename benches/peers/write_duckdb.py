"""DuckDB: typed columns in memory to Parquet in folders per month: what is left of landing without reading."""

from driver import run
from duckdb_session import connect, csv


def prepare(task):
    connection = connect(task)
    connection.execute(f"CREATE TABLE rows AS SELECT * FROM {csv(task['input'])}")
    statement = f"""
        COPY (SELECT *, year(discharge_date) AS year, month(discharge_date) AS month FROM rows)
        TO '{task["output"]}'
        (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARTITION_BY (year, month))
    """
    return lambda: connection.execute(statement)


run(prepare)
