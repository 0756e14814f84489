"""A connection of ADBC. Where the database is and the password come by the environment, as for psql."""

import os

import adbc_driver_postgresql.dbapi


def connect():
    # libpq reads PGHOST, PGUSER, PGPASSWORD and the others by itself.
    return adbc_driver_postgresql.dbapi.connect(f"postgresql:///{os.environ['PGDATABASE']}")
