"""A Spark session as all drivers use it."""

import os

from pyspark.sql import SparkSession

# A laptop's share for one JVM: the usual 1 GB does not hold the landing of five million rows.
MEMORY = "6g"


def connect(task):
    """Local, with the threads of the task; started before the clock is."""
    builder = SparkSession.builder.master(f"local[{task['threads']}]").appName("tidemill-benches")
    settings = {
        "spark.driver.memory": MEMORY,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": task["spill"],
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": 2 * task["threads"],
        "spark.sql.warehouse.dir": os.path.join(task["spill"], "warehouse"),
        "spark.ui.enabled": False,
        "spark.ui.showConsoleProgress": False,
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def parquet(spark, folder):
    """The files of a table, with its partition columns."""
    return spark.read.option("pathGlobFilter", "part-*.parquet").parquet(folder)
