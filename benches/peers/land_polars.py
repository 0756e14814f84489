"""Polars: the CSV file to Parquet in folders per month."""

import polars

from admissions import COLUMNS, normalised
from driver import run

TYPES = {"text": polars.String, "integer": polars.Int64, "double": polars.Float64, "date": polars.Date}


def prepare(task):
    schema = {name: TYPES[kind] for name, kind in COLUMNS.items()}
    rows = polars.scan_csv(task["input"], schema=schema).rename(normalised)
    discharge = polars.col("discharge_date").dt
    rows = rows.with_columns(year=discharge.year(), month=discharge.month())
    target = polars.PartitionBy(task["output"], key=["year", "month"], include_key=False)
    return lambda: rows.sink_parquet(target, compression="zstd", compression_level=1, mkdir=True)


run(prepare)
