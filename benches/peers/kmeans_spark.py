"""Spark: clusters the rows of Parquet files.

Its KMeans takes no centroids from outside, it draws them with its seed. So the whole suite begins with the ones that it
draws: without iterations (`start`) it returns them as they are.
"""

import json

import numpy
from pyspark.ml.clustering import KMeans
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.sql.functions import col

import clustered
from driver import run
from spark_session import connect, parquet

SEED = 42


def prepare(task):
    spark = connect(task)
    assembler = VectorAssembler(inputCols=task["features"], outputCol="features")
    kmeans = KMeans(k=task["k"], initMode="random", seed=SEED, maxIter=task["iterations"], tol=0.0)

    def work():
        rows = assembler.transform(parquet(spark, task["folder"])).select("features")
        model = kmeans.fit(rows)
        assigned = model.transform(rows)
        if not task.get("start"):
            # Lazily as it works, nothing is assigned before something asks for it.
            assigned.groupBy("prediction").count().collect()
        return model, assigned

    return work


def keep(task, result):
    model, assigned = result
    centroids = numpy.array(model.clusterCenters())
    if task.get("start"):
        with open(task["output"], "w") as file:
            json.dump(centroids.tolist(), file)
        return
    table = assigned.select(vector_to_array(col("features")).alias("features"), "prediction").toArrow()
    features = table["features"].combine_chunks().flatten().to_numpy().reshape(len(table), -1)
    clustered.write(task["output"], task["features"], features, table["prediction"].to_numpy(), centroids)


run(prepare, keep)
