-- The daily averages as the former system computed them: from all rows, duplicates included.
CREATE OR REPLACE VIEW curated.daily_billing AS
SELECT
  medical_condition,
  hospital,
  insurance_provider,
  admission_type,
  discharge_date,
  CAST(round(avg(CAST(round(billing_amount, 2) AS DECIMAL(12,2))), 2) AS DECIMAL(12,2))
    AS average_bill_amount
FROM raw.admissions
GROUP BY medical_condition, hospital, insurance_provider, admission_type, discharge_date;
