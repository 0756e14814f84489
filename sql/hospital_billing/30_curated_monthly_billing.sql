-- What a bill costs on average, per condition and hospital, in the month of discharge.
CREATE OR REPLACE VIEW curated.monthly_billing AS
SELECT
  year_month(discharge_date) AS year_month,
  medical_condition,
  hospital,
  CAST(round(avg(billing_amount), 2) AS DECIMAL(12,2)) AS average_bill_amount,
  count(*) AS bills,
  min(billing_amount) AS minimum_bill_amount,
  max(billing_amount) AS maximum_bill_amount
FROM cleansed.admissions
GROUP BY year_month(discharge_date), medical_condition, hospital;
