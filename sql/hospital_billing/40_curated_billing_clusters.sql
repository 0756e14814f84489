-- Five classes of bills in every quarter, one model per quarter, named in the order of the amount.
CREATE OR REPLACE TABLE curated.billing_clusters AS
SELECT
  year_quarter, medical_condition, hospital, insurance_provider, average_bill_amount,
  cluster, label, distance
FROM kmeans(
  (SELECT * FROM curated.quarterly_billing),
  k => 5,
  features => ['average_bill_amount'],
  partition_by => ['year_quarter'],
  label_by => 'average_bill_amount',
  labels => ['Very Low', 'Low', 'Moderate', 'High', 'Very High'],
  seed => 42
);
