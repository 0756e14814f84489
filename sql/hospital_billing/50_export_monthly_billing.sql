-- The monthly averages for readers of the database; a later run updates them by their key.
COPY INTO serving.public.monthly_billing FROM curated.monthly_billing
  (MODE merge, KEY (year_month, medical_condition, hospital));
