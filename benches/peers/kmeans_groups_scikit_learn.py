"""scikit-learn: clusters the rows of each group by themselves, one group after the other."""

import numpy
import pyarrow
import pyarrow.dataset
import pyarrow.parquet
from sklearn.cluster import KMeans

from driver import run


def prepare(task):
    centroids = numpy.array(task["centroids"])

    def work():
        columns = ["part", *task["features"]]
        table = pyarrow.dataset.dataset(task["folder"], format="parquet").to_table(columns)
        parts = table["part"].to_numpy()
        features = numpy.column_stack([table[name].to_numpy() for name in task["features"]])
        order = numpy.argsort(parts, kind="stable")
        names, starts = numpy.unique(parts[order], return_index=True)
        found = []
        for name, rows in zip(names, numpy.split(order, starts[1:])):
            model = KMeans(
                n_clusters=len(centroids), init=centroids, n_init=1, max_iter=task["iterations"], tol=0
            ).fit(features[rows])
            found.append((int(name), len(rows), float(model.inertia_)))
        return found

    return work


def keep(task, result):
    part, rows, inertia = zip(*result)
    pyarrow.parquet.write_table(pyarrow.table({"part": part, "rows": rows, "inertia": inertia}), task["output"])


run(prepare, keep)
