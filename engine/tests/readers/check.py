"""Reads every table of a warehouse with DuckDB, Polars, pyarrow, delta-rs and Spark, and compares it with Tidemill's SQL.

    python3 check.py --venv FOLDER --tidemill BINARY --warehouse FOLDER

Makes the virtual environment itself, with the pinned packages of requirements.txt; Spark reads where there is a JVM,
and is said to be left out where there is none. Compared are the number of rows and, per
column, the number of values, the exact sum of integers and decimals, the sum of doubles, the characters of texts, and
the first and last date. Ends with 1 and says where readers differ.
"""

import argparse
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import venv
from decimal import Decimal

REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    for name in ("venv", "tidemill", "warehouse"):
        arguments.add_argument(f"--{name}", type=pathlib.Path, required=True)
    arguments = arguments.parse_args()
    enter(arguments.venv)
    tidemill = Tidemill(arguments.tidemill, arguments.warehouse)
    tables = tidemill.tables()
    if not tables:
        sys.exit("the warehouse has no tables")
    differences = [difference for table in tables for difference in compare(tidemill, table)]
    print("\n".join(differences) or f"{len(tables)} tables: " + ", ".join(tables), flush=True)
    # The thread pools of four native libraries do not always end in peace with each other.
    os._exit(1 if differences else 0)


def enter(folder):
    """Starts this script again in the virtual environment, which is made when it is not there or not current."""
    python = folder / "bin" / "python"
    if pathlib.Path(sys.prefix).resolve() == folder.resolve():
        return
    stamp = folder / "requirements.installed"
    if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS], check=True)
        stamp.write_text(REQUIREMENTS.read_text())
    os.execv(python, [str(python), *sys.argv])


class Tidemill:
    """Asks the binary."""

    def __init__(self, binary, warehouse):
        self.binary = binary
        self.warehouse = warehouse

    def query(self, sql):
        command = [self.binary, "--warehouse", self.warehouse, "--format", "json", "-c", sql]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return json.loads(output, parse_float=Decimal)

    def tables(self):
        return [f"{row['zone']}.{row['name']}" for row in self.query("SHOW TABLES") if row["kind"] == "table"]

    def summary(self, table):
        columns = [(row["column"], row["type"]) for row in self.query(f"DESCRIBE {table}")]
        parts = ["count(*) AS rows"]
        for index, (column, kind) in enumerate(columns):
            parts.append(f'count("{column}") AS n{index}')
            parts.append(f"{self.measure(column, kind)} AS m{index}")
        row = self.query(f"SELECT {', '.join(parts)} FROM {table}")[0]
        values = {column: (row[f"n{i}"], row[f"m{i}"]) for i, (column, _) in enumerate(columns)}
        return row["rows"], values

    @staticmethod
    def measure(column, kind):
        if kind in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT") or kind.startswith("DECIMAL"):
            return f'CAST(sum("{column}") AS TEXT)'
        if kind in ("REAL", "DOUBLE"):
            return f'sum("{column}")'
        if kind == "TEXT":
            return f'CAST(sum(character_length("{column}")) AS TEXT)'
        if kind == "DATE":
            return f"""CAST(min("{column}") AS TEXT) || ' ' || CAST(max("{column}") AS TEXT)"""
        return "NULL"


def compare(tidemill, table):
    rows, ours = tidemill.summary(table)
    folder = tidemill.warehouse / table.replace(".", "/")
    for reader, read in readers().items():
        theirs = read(folder)
        if theirs.num_rows != rows:
            yield f"{table}: {reader} reads {theirs.num_rows} rows, Tidemill {rows}"
        if set(theirs.column_names) != set(ours):
            yield f"{table}: {reader} sees the columns {sorted(theirs.column_names)}, Tidemill {sorted(ours)}"
            continue
        for column, expected in ours.items():
            found = measured(theirs.column(column))
            if not alike(expected, found):
                yield f"{table}.{column}: {reader} finds {found}, Tidemill {expected}"


def measured(column):
    import pyarrow
    import pyarrow.compute

    count = len(column) - column.null_count
    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if count == 0:
        return 0, None
    if pyarrow.types.is_integer(kind):
        return count, sum(value for value in column.to_pylist() if value is not None)
    if pyarrow.types.is_decimal(kind):
        return count, sum(value for value in column.to_pylist() if value is not None)
    if pyarrow.types.is_floating(kind):
        return count, pyarrow.compute.sum(column).as_py()
    if pyarrow.types.is_date(kind):
        values = pyarrow.compute.min_max(column).as_py()
        return count, f"{values['min']} {values['max']}"
    if pyarrow.types.is_timestamp(kind) or pyarrow.types.is_boolean(kind):
        return count, None
    return count, pyarrow.compute.sum(pyarrow.compute.utf8_length(column)).as_py()


def alike(expected, found):
    if expected[0] != found[0]:
        return False
    ours, theirs = expected[1], found[1]
    if isinstance(theirs, float):
        return abs(float(ours) - theirs) <= 1e-9 * max(1.0, abs(theirs))
    if isinstance(theirs, (int, Decimal)):
        return Decimal(ours) == theirs
    return ours == theirs


def duckdb(folder):
    import duckdb

    scan = f"read_parquet('{folder}/**/part-*.parquet', hive_partitioning = true, union_by_name = true)"
    result = duckdb.sql(f"SELECT * FROM {scan}")
    return result.to_arrow_table() if hasattr(result, "to_arrow_table") else result.arrow()


def polars(folder):
    import polars

    # The first file, whose columns it would take for all, may be older than a column.
    schema = {}
    for file in folder.rglob("part-*.parquet"):
        schema.update(polars.read_parquet_schema(file))
    files = f"{folder}/**/part-*.parquet"
    scan = polars.scan_parquet(files, schema=schema, hive_partitioning=True, missing_columns="insert")
    return scan.collect().to_arrow()


def pyarrow_dataset(folder):
    import pyarrow.dataset

    found = pyarrow.dataset.dataset(folder, format="parquet", partitioning="hive")
    # The first file, whose columns it would take for all, may be older than a column.
    schemas = [fragment.physical_schema for fragment in found.get_fragments()]
    schema = pyarrow.unify_schemas([found.schema, *schemas])
    return found.replace_schema(schema).to_table()


def delta_rs(folder):
    import deltalake
    import pyarrow

    return pyarrow.table(deltalake.DeltaTable(str(folder)).to_pyarrow_dataset().to_table())


def spark(folder):
    return spark_session().read.option("mergeSchema", "true").parquet(str(folder)).toArrow()


@functools.cache
def spark_session():
    from pyspark.sql import SparkSession

    settings = {
        "spark.master": "local[2]",
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.log.level": "ERROR",
    }
    builder = SparkSession.builder.appName("readers")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


@functools.cache
def readers():
    found = {"DuckDB": duckdb, "Polars": polars, "pyarrow": pyarrow_dataset, "delta-rs": delta_rs}
    if shutil.which("java"):
        found["Spark"] = spark
    else:
        print("Spark is left out: there is no java on the PATH", flush=True)
    return found


if __name__ == "__main__":
    main()
