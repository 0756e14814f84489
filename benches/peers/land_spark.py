"""Spark: the CSV file to Parquet in folders per month."""

from pyspark.sql import functions
from pyspark.sql.types import DateType, DoubleType, LongType, StringType, StructField, StructType

from admissions import COLUMNS, normalised
from driver import run
from spark_session import connect

TYPES = {"text": StringType(), "integer": LongType(), "double": DoubleType(), "date": DateType()}


def prepare(task):
    spark = connect(task)
    schema = StructType([StructField(normalised(name), TYPES[kind]) for name, kind in COLUMNS.items()])
    reader = spark.read.schema(schema).option("header", True).option("escape", '"').option("dateFormat", "yyyy-MM-dd")

    def work():
        rows = reader.csv(task["input"])
        rows = rows.withColumn("year", functions.year("discharge_date"))
        rows = rows.withColumn("month", functions.month("discharge_date"))
        writer = rows.write.mode("overwrite").partitionBy("year", "month")
        writer = writer.option("compression", "zstd").option("parquet.compression.codec.zstd.level", 1)
        writer.parquet(task["output"])

    return work


run(prepare)
