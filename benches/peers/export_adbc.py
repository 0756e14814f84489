"""ADBC: the rows of Parquet files into a table of Postgres, in one transaction.

Where the database is and the password come by the environment, as for psql.
"""

import os

import adbc_driver_postgresql.dbapi
import pyarrow.dataset

from driver import run


def prepare(task):
    # libpq reads PGHOST, PGUSER, PGPASSWORD and the others by itself.
    connection = adbc_driver_postgresql.dbapi.connect(f"postgresql:///{os.environ['PGDATABASE']}")

    def work():
        rows = pyarrow.dataset.dataset(task["folder"], format="parquet").scanner().to_reader()
        with connection.cursor() as cursor:
            cursor.adbc_ingest(task["table"], rows, mode="create")
        connection.commit()

    return work


run(prepare)
