"""ADBC: the rows of Parquet files into a table of Postgres, in one transaction."""

import pyarrow.dataset

from adbc_session import connect
from driver import run


def prepare(task):
    connection = connect()

    def work():
        rows = pyarrow.dataset.dataset(task["folder"], format="parquet").scanner().to_reader()
        with connection.cursor() as cursor:
            cursor.adbc_ingest(task["table"], rows, mode=task["mode"])
        connection.commit()

    return work


run(prepare)
