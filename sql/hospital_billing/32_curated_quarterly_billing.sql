-- The averages that are clustered: per quarter of a year, never across years.
CREATE OR REPLACE VIEW curated.quarterly_billing AS
SELECT
  year_quarter(discharge_date) AS year_quarter,
  medical_condition,
  hospital,
  insurance_provider,
  CAST(round(avg(billing_amount), 2) AS DECIMAL(12,2)) AS average_bill_amount
FROM cleansed.admissions
GROUP BY year_quarter(discharge_date), medical_condition, hospital, insurance_provider;
