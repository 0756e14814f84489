-- Every row and every digit of the hospital's file. Duplicates stay: see 20.
COPY INTO raw.admissions FROM $source (
  FORMAT csv,
  COLUMNS (billing_amount DECIMAL(20,15), date_of_admission DATE, discharge_date DATE),
  PARTITION_BY (year(discharge_date), month(discharge_date)),
  ON_ERROR abort
);
