"""The result of a clustering as the check reads it: features, cluster and distance of each row."""

import numpy
import pyarrow
import pyarrow.parquet


def write(path, names, features, clusters, centroids):
    """Writes a Parquet file; the distance is computed here, from the final centroids, alike for all."""
    distances = numpy.sqrt(((features - centroids[clusters]) ** 2).sum(axis=1))
    columns = {name: features[:, place] for place, name in enumerate(names)}
    columns |= {"cluster": clusters.astype("int64"), "distance": distances}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
