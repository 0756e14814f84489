"""Spark: a grouping of the admissions, from Parquet files to rows in memory."""

import pyarrow.parquet
from pyspark.sql import functions

from driver import run
from spark_session import connect, parquet


def prepare(task):
    spark = connect(task)
    query = task["query"].replace("{admissions}", "admissions")

    def work():
        admissions = parquet(spark, task["folder"])
        stay = functions.datediff("discharge_date", "date_of_admission")
        admissions.withColumn("stay_days", stay).createOrReplaceTempView("admissions")
        return spark.sql(query).toArrow()

    return work


def keep(task, table):
    pyarrow.parquet.write_table(table, task["output"])


run(prepare, keep, warm=True)
