"""A DuckDB session as all drivers use it, and the sources that they read."""

import duckdb

from admissions import COLUMNS, normalised

TYPES = {"text": "VARCHAR", "integer": "BIGINT", "double": "DOUBLE", "date": "DATE"}


def connect(task):
    """In memory, with the threads of the task and its folder to spill to."""
    settings = {"threads": task["threads"], "temp_directory": task["spill"]}
    return duckdb.connect(config=settings)


def csv(path):
    """The hospital's file with its types given, so that nothing is guessed."""
    columns = ", ".join(f"'{normalised(name)}': '{TYPES[kind]}'" for name, kind in COLUMNS.items())
    return f"read_csv('{path}', header = true, columns = {{{columns}}})"


def csv_of_unknown_types(path):
    """The hospital's file, its types found in all of it: by default they are guessed from its first rows."""
    names = ", ".join(f"'{normalised(name)}'" for name in COLUMNS)
    return f"read_csv('{path}', header = true, names = [{names}], sample_size = -1)"


def parquet(pattern):
    """The files of a table, with its partition columns."""
    return f"read_parquet('{pattern}', hive_partitioning = true, union_by_name = true)"
