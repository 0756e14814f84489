"""scikit-learn: clusters the rows of Parquet files, from the centroids of the task."""

import numpy
import pyarrow.dataset
from sklearn.cluster import KMeans

import clustered
from driver import run


def prepare(task):
    centroids = numpy.array(task["centroids"])

    def work():
        table = pyarrow.dataset.dataset(task["folder"], format="parquet").to_table(task["features"])
        features = numpy.column_stack([column.to_numpy() for column in table.columns])
        model = KMeans(
            n_clusters=len(centroids),
            init=centroids,
            n_init=1,
            max_iter=task["iterations"],
            tol=0,
            algorithm=task["algorithm"],
        )
        model.fit(features)
        return features, model

    return work


def keep(task, result):
    features, model = result
    clustered.write(task["output"], task["features"], features, model.labels_, model.cluster_centers_)


run(prepare, keep)
