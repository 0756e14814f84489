"""Polars: a grouping of the admissions, from Parquet files to rows in memory."""

import polars
from polars import col

from driver import run


def prepare(task):
    admissions = polars.scan_parquet(task["input"], hive_partitioning=True, missing_columns="insert")
    query = GROUPINGS[task["grouping"]](admissions)
    return query.collect


def by_month(admissions):
    bill = col("billing_amount")
    stay = (col("discharge_date") - col("date_of_admission")).dt.total_days()
    return admissions.group_by("year", "month", "medical_condition", "insurance_provider").agg(
        bills=polars.len(),
        total=bill.sum(),
        average=bill.mean(),
        minimum=bill.min(),
        maximum=bill.max(),
        average_stay=stay.mean(),
    )


def by_hospital(admissions):
    bill = col("billing_amount")
    groups = admissions.group_by("year", "month", "medical_condition", "hospital").agg(
        bills=polars.len(), average=bill.mean(), minimum=bill.min(), maximum=bill.max()
    )
    return groups.group_by("medical_condition").agg(
        groups=polars.len(),
        bills=col("bills").cast(polars.Int64).sum(),
        averages=col("average").sum(),
        minimum=col("minimum").min(),
        maximum=col("maximum").max(),
    )


def keep(task, rows):
    rows.write_parquet(task["output"])


GROUPINGS = {"by_month": by_month, "by_hospital": by_hospital}

run(prepare, keep)
