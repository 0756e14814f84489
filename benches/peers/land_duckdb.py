"""DuckDB: the CSV file to Parquet in folders per month."""

from driver import run
from duckdb_session import connect, csv, csv_of_unknown_types


def prepare(task):
    connection = connect(task)
    file = csv(task["input"]) if task["types"] == "given" else csv_of_unknown_types(task["input"])
    statement = f"""
        COPY (SELECT *, year(discharge_date) AS year, month(discharge_date) AS month FROM {file})
        TO '{task["output"]}'
        (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARTITION_BY (year, month))
    """
    return lambda: connection.execute(statement)


run(prepare)
