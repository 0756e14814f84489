"""ADBC: all rows of a table of Postgres as batches of Arrow, each let go before the next."""

import pyarrow
import pyarrow.parquet

from adbc_session import connect
from driver import run


def prepare(task):
    connection = connect()

    def work():
        with connection.cursor() as cursor:
            cursor.execute(query(task))
            return sum(batch.num_rows for batch in cursor.fetch_record_batch())

    return work


def keep(task, row_count):
    """Fetches once more, to write the rows down."""
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(query(task))
        rows = cursor.fetch_arrow_table()
    if len(rows) != row_count:
        raise SystemExit(f"{row_count} rows, then {len(rows)}")
    amounts = rows.schema.get_field_index("amount")
    # The driver leaves decimals as the texts that the server would show.
    texts = pyarrow.chunked_array(chunk.storage for chunk in rows.column(amounts).chunks)
    rows = rows.set_column(amounts, "amount", texts.cast(pyarrow.decimal128(12, 2)))
    pyarrow.parquet.write_table(rows, task["output"])


def query(task):
    return f"SELECT * FROM {task['table']}"


run(prepare, keep)
