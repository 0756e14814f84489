-- One row per admission. Rows that differ at most in the age are the same admission, entered
-- twice; the lowest age stays, so that the result does not depend on the order of the rows.
CREATE OR REPLACE VIEW cleansed.admissions AS
SELECT
  initcap(name) AS name,
  min(age) AS age,
  gender,
  blood_type,
  medical_condition,
  date_of_admission,
  doctor,
  hospital,
  insurance_provider,
  CAST(round(billing_amount, 2) AS DECIMAL(12,2)) AS billing_amount,
  billing_amount < 0 AS is_negative,
  room_number,
  admission_type,
  discharge_date,
  medication,
  test_results,
  year,
  month
FROM raw.admissions
GROUP BY
  name, gender, blood_type, medical_condition, date_of_admission, doctor, hospital,
  insurance_provider, billing_amount, room_number, admission_type, discharge_date,
  medication, test_results, year, month;
