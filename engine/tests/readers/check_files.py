"""Reads files that COPY INTO 'path' has written with DuckDB, Polars and pyarrow, and compares the rows with those written.

    python3 check_files.py --venv FOLDER --tidemill BINARY --folder FOLDER

Every reader reads every format that it knows, with the types said where the format has none. Ends with 1 and says where
a reader finds other rows.
"""

import argparse
import os
import pathlib
import subprocess
from datetime import date, datetime
from decimal import Decimal

from check import enter

# Before 1970 with a fraction, the ends of what a DOUBLE says short, and texts that CSV and JSON must quote.
ROWS = [
    (1, 'ü, "quoted"\nline; \\ \t', Decimal("12.50"), date(2024, 2, 29), datetime(2024, 2, 29, 10, 11, 12, 500000), True, 0.1),
    (2, "", Decimal("-0.05"), date(1969, 12, 31), datetime(1950, 1, 2, 3, 4, 5, 678900), False, 1e300),
    (3, None, None, None, None, None, None),
    (4, "東京 🏥", Decimal("99999999.99"), date(1, 1, 1), datetime(2024, 1, 1), True, -5e-324),
]
COLUMNS = ["id", "name", "amount", "day", "at", "flag", "ratio"]
TYPES = ["BIGINT", "VARCHAR", "DECIMAL(10,2)", "DATE", "TIMESTAMP", "BOOLEAN", "DOUBLE"]
DUCKDB_COLUMNS = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in zip(COLUMNS, TYPES)) + "}"
FILES = {
    "t.csv": "",
    "t.csv.gz": "",
    "t.ndjson": "",
    "t.ndjson.gz": "",
    "t.json": "",
    "t.parquet": "",
    "snappy.parquet": "(COMPRESSION snappy)",
    "t.avro": "",
    "t.orc": "",
    "t.arrow": "",
    "zstd.arrow": "(COMPRESSION zstd)",
    "parts": "(FORMAT parquet, PARTITION_BY (id))",
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    for name in ("venv", "tidemill", "folder"):
        arguments.add_argument(f"--{name}", type=pathlib.Path, required=True)
    arguments = arguments.parse_args()
    enter(arguments.venv)
    write(arguments.tidemill, arguments.folder)
    differences = []
    for name in FILES:
        for reader, read in readers(arguments.folder / name):
            differences.extend(compare(f"{name}, {reader}", read, name))
    print("\n".join(differences) or f"{len(FILES)} files", flush=True)
    # The thread pools of several native libraries do not always end in peace with each other.
    os._exit(1 if differences else 0)


def write(tidemill, folder):
    script = "CREATE TABLE raw.t (id BIGINT, name TEXT, amount DECIMAL(10,2), day DATE, at TIMESTAMP, flag BOOLEAN, ratio DOUBLE);"
    script += f"INSERT INTO raw.t VALUES {', '.join(values(row) for row in ROWS)};"
    for name, options in FILES.items():
        # ORC is written without DECIMAL.
        amount = "CAST(amount AS TEXT) AS amount" if name.endswith("orc") else "amount"
        query = f"SELECT id, name, {amount}, day, at, flag, ratio FROM raw.t ORDER BY id"
        script += f"COPY INTO '{folder / name}' FROM ({query}) {options};"
    subprocess.run([tidemill, "--warehouse", folder / "warehouse", "-c", script], check=True, stdout=subprocess.DEVNULL)


def values(row):
    return f"({', '.join(literal(value) for value in row)})"


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, (str, date)):
        text = value if isinstance(value, str) else value.isoformat()
        return "'" + text.replace("'", "''") + "'"
    if isinstance(value, float):
        return f"'{value!r}'::DOUBLE"
    return str(value)


def readers(path):
    """Each reader of a file, and a function that gives its rows as dictionaries."""
    import duckdb
    import polars
    import pyarrow
    import pyarrow.csv
    import pyarrow.dataset
    import pyarrow.feather
    import pyarrow.orc
    import pyarrow.parquet

    def sql(source):
        return lambda: duckdb.sql(f"SELECT * FROM {source}").to_arrow_table().to_pylist()

    arrow_types = [pyarrow.int64(), pyarrow.string(), pyarrow.decimal128(10, 2), pyarrow.date32(), pyarrow.timestamp("us"), pyarrow.bool_(), pyarrow.float64()]
    converting = pyarrow.csv.ConvertOptions(column_types=dict(zip(COLUMNS, arrow_types)), strings_can_be_null=True, quoted_strings_can_be_null=False)
    parsing = pyarrow.csv.ParseOptions(newlines_in_values=True)
    kind = path.name.removesuffix(".gz").rsplit(".", 1)[-1]
    return {
        "csv": [
            ("DuckDB", sql(f"read_csv('{path}', columns = {DUCKDB_COLUMNS}, header = true, allow_quoted_nulls = false)")),
            ("pyarrow", lambda: pyarrow.csv.read_csv(path, convert_options=converting, parse_options=parsing).to_pylist()),
        ],
        "ndjson": [("DuckDB", sql(f"read_json('{path}', columns = {DUCKDB_COLUMNS})"))],
        "json": [("DuckDB", sql(f"read_json('{path}', columns = {DUCKDB_COLUMNS}, format = 'array')"))],
        "parquet": [
            ("DuckDB", sql(f"read_parquet('{path}')")),
            ("Polars", lambda: polars.read_parquet(path).to_dicts()),
            ("pyarrow", lambda: pyarrow.parquet.read_table(path).to_pylist()),
        ],
        "avro": [("Polars", lambda: polars.read_avro(path).to_dicts())],
        "orc": [("pyarrow", lambda: pyarrow.orc.read_table(path).to_pylist())],
        "arrow": [
            ("Polars", lambda: polars.read_ipc(path).to_dicts()),
            ("pyarrow", lambda: pyarrow.feather.read_table(path).to_pylist()),
        ],
        "parts": [
            ("DuckDB", sql(f"read_parquet('{path}/**/*.parquet', hive_partitioning = true)")),
            ("Polars", lambda: polars.read_parquet(path, hive_partitioning=True).to_dicts()),
            ("pyarrow", lambda: pyarrow.dataset.dataset(path, partitioning="hive").to_table().to_pylist()),
        ],
    }[kind]


def compare(what, read, name):
    found = sorted((tuple(plain(row[column]) for column in COLUMNS) for row in read()), key=lambda row: row[0])
    expected = [tuple(plain(as_text(value, name)) for value in row) for row in ROWS]
    for ours, theirs in zip(expected, found):
        if ours != theirs:
            yield f"{what}: {theirs} instead of {ours}"
    if len(found) != len(expected):
        yield f"{what}: {len(found)} rows instead of {len(expected)}"


def as_text(value, name):
    return str(value) if name.endswith("orc") and isinstance(value, Decimal) else value


def plain(value):
    """Without what only the reader adds: the zone of ORC, the type of a time in pandas."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="microseconds")
    return value


if __name__ == "__main__":
    main()
