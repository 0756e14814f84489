"""Between Parquet and the flat files of linfa's driver, which knows no Parquet.

    flatten   features of Parquet files to numbers (f64, row by row)
    raise     such numbers, clusters (u32) and centroids (f64) to the Parquet file that the check reads
    start     k rows at even distances, as centroids where no contestant demands its own
"""

import json
import sys

import numpy
import pyarrow.dataset

import clustered


def main():
    task = json.loads(sys.argv[1])
    {"flatten": flatten, "raise": lift, "start": start}[task["what"]](task)


def flatten(task):
    features_of(task).astype("<f8").tofile(task["output"])


def lift(task):
    width = len(task["features"])
    features = numpy.fromfile(task["numbers"], "<f8").reshape(-1, width)
    clusters = numpy.fromfile(task["clusters"], "<u4")
    centroids = numpy.fromfile(task["centroids"], "<f8").reshape(-1, width)
    clustered.write(task["output"], task["features"], features, clusters, centroids)


def start(task):
    rows = numpy.unique(features_of(task), axis=0)
    chosen = numpy.linspace(0, len(rows) - 1, task["k"]).astype(int)
    with open(task["output"], "w") as file:
        json.dump(rows[chosen].tolist(), file)


def features_of(task):
    table = pyarrow.dataset.dataset(task["folder"], format="parquet").to_table(task["features"])
    return numpy.column_stack([column.to_numpy() for column in table.columns])


if __name__ == "__main__":
    main()
