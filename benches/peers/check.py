"""Whether the results of contestants are equal: the first one is compared with each of the others.

    python check.py '{"kind": "rows", "results": [{"name": .., "files": ..}, ..], ..}'

Kinds:
  rows      Parquet files: same columns, same types, same rows in any order, exactly.
  groups    CSV or Parquet files with a row per key: same keys, numbers equal up to a relative tolerance.
  clusters  Parquet files with features, cluster and distance: the same rows together up to a share of the rows,
            whatever the clusters' numbers, and the sum of the squared distances equal up to a relative tolerance.

Prints what is equal, in words, and ends with 0; else says which rows differ and ends with 1. Before it answers it
compares the first result with a copy in which one value is another: a check that sees no fault there is broken.
"""

import json
import sys

import duckdb

SHOWN = 5


class Different(Exception):
    """Two results are not equal: where."""


def main():
    task = json.loads(sys.argv[1])
    connection = duckdb.connect(config={"threads": task.get("threads", 2)})
    compare, changed_value = KINDS[task["kind"]]
    first, *others = task["results"]
    connection.execute(f"CREATE VIEW ours AS SELECT * FROM {source(first, task)}")
    said = {}
    try:
        for other in others:
            connection.execute(f"CREATE OR REPLACE VIEW theirs AS SELECT * FROM {source(other, task)}")
            try:
                said.setdefault(compare(connection, {**task, **other}), []).append(other["name"])
            except Different as difference:
                raise Different(f"{first['name']} (-) and {other['name']} (+) differ: {difference}") from None
        prove(connection, compare, changed_value, task)
    except Different as difference:
        sys.exit(str(difference))
    print(describe(said))


def describe(said):
    """Whom it is said of only where it is not the same for all."""
    if len(said) == 1:
        return next(iter(said))
    return "; ".join(f"{', '.join(names)}: {text}" for text, names in said.items()) or "nothing to compare with"


def source(result, task):
    """Where a result is read from; a CSV file has the types of the task."""
    files = result["files"]
    if files.endswith(".csv"):
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in task["columns"].items())
        return f"read_csv('{files}', header = true, types = {{{columns}}})"
    return f"read_parquet('{files}', hive_partitioning = true, union_by_name = true)"


def prove(connection, compare, changed_value, task):
    """Refuses to answer when one changed value is not seen."""
    column, value = changed_value(task)
    connection.execute(f"""
        CREATE OR REPLACE VIEW theirs AS
        SELECT * EXCLUDE (row_place) REPLACE (CASE row_place WHEN 1 THEN {value} ELSE {column} END AS {column})
        FROM (SELECT *, row_number() OVER () AS row_place FROM ours)
    """)
    try:
        compare(connection, {**task, "share": 0})
    except Different:
        return
    raise Different("the check does not see that one value is another: it is broken")


def rows(connection, task):
    """Rows in any order, each as often as on the other side."""
    ours, theirs = columns_of(connection, "ours"), columns_of(connection, "theirs")
    if ours != theirs:
        raise Different(f"columns {sorted(ours.items() ^ theirs.items())}")
    differences(connection, "ours", "theirs", list(ours), 0)
    return f"{count(connection):,} rows x {len(ours)} columns in type and value"


def groups(connection, task):
    """Keys exactly, all other columns as numbers."""
    ours, theirs = columns_of(connection, "ours"), columns_of(connection, "theirs")
    if set(ours) != set(theirs):
        raise Different(f"columns {sorted(ours)} and {sorted(theirs)}")
    same = " AND ".join(f"ours.{key} IS NOT DISTINCT FROM theirs.{key}" for key in task["keys"])
    # Beside a row that is missing there is NULL, which is near to nothing.
    near = " AND ".join(
        f"abs(ours.{name} - theirs.{name}) <= {task['tolerance']} * abs(ours.{name})"
        for name in ours
        if name not in task["keys"]
    )
    query = f"SELECT ours, theirs FROM ours FULL JOIN theirs ON {same} WHERE ({near}) IS NOT TRUE"
    found = connection.execute(query).fetchall()
    if found:
        shown = [f"- {left}\n+ {right}" for left, right in found[:SHOWN]]
        raise Different("\n".join([f"{len(found)} groups", *shown]))
    return f"{count(connection):,} groups, numbers to {task['tolerance']:g}"


def clusters(connection, task):
    """Clusters get numbers in the order of the mean of one feature, so that their own do not matter."""
    features = ", ".join(task["features"])
    for table in ("ours", "theirs"):
        connection.execute(f"""
            CREATE OR REPLACE TEMP VIEW {table}_ranked AS SELECT {features}, rank FROM {table} JOIN (
                SELECT cluster, row_number() OVER (ORDER BY avg({task["rank_by"]})) AS rank FROM {table} GROUP BY ALL
            ) USING (cluster)
        """)
    total = count(connection)
    differences(connection, "ours_ranked", "theirs_ranked", [*task["features"], "rank"], task["share"] * total)
    ours, theirs = inertia(connection, "ours"), inertia(connection, "theirs")
    if not abs(ours - theirs) <= task["tolerance"] * abs(ours):
        raise Different(f"inertia {ours!r} and {theirs!r}")
    return f"clusters of all but {task['share']:g} of {total:,} rows, inertia to {task['tolerance']:g}"


def differences(connection, ours, theirs, columns, allowed):
    """Refuses more than `allowed` rows that one side has more often than the other. Rows are compared by a hash."""
    values = ", ".join(columns)
    counted = f"SELECT hash({values}) AS row_hash, count(*) AS times FROM"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE differences AS
        SELECT row_hash, coalesce(b.times, 0) - coalesce(a.times, 0) AS surplus
        FROM ({counted} {ours} GROUP BY ALL) a FULL JOIN ({counted} {theirs} GROUP BY ALL) b USING (row_hash)
        WHERE a.times IS DISTINCT FROM b.times
    """)
    lines, most = [], 0
    for sign, table, side in [("-", ours, "surplus < 0"), ("+", theirs, "surplus > 0")]:
        query = f"SELECT coalesce(sum(abs(surplus)), 0)::BIGINT FROM differences WHERE {side}"
        number = connection.execute(query).fetchone()[0]
        most = max(most, number)
        chosen = f"hash({values}) IN (SELECT row_hash FROM differences WHERE {side})"
        shown = connection.execute(f"SELECT {values} FROM {table} WHERE {chosen} LIMIT {SHOWN}").fetchall()
        lines += [f"{sign} {number} rows, such as ({values}):", *(f"{sign} {row}" for row in shown)]
    if most > allowed:
        raise Different("\n".join(["rows", *lines]))


def columns_of(connection, table):
    """The type of each column, by name."""
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    return {row[0]: row[1] for row in sorted(described)}


def count(connection):
    return connection.execute("SELECT count(*) FROM ours").fetchone()[0]


def inertia(connection, table):
    return connection.execute(f"SELECT fsum(distance * distance) FROM {table}").fetchone()[0]


def next_number(task):
    """The smallest change that a number can have."""
    return task["proof"], f"nextafter({task['proof']}, 'infinity'::DOUBLE)"


def other_number(task):
    """A change above the tolerance."""
    return task["proof"], f"{task['proof']} * (1 + 10 * {task['tolerance']})"


def other_cluster(_):
    return "cluster", "(SELECT max(cluster) FROM ours) - cluster + 1"


KINDS = {"rows": (rows, next_number), "groups": (groups, other_number), "clusters": (clusters, other_cluster)}

if __name__ == "__main__":
    main()
