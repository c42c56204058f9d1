SELECT
  "billing_period_start",
  COUNT(*) AS "row_count"
FROM (
  SELECT
    CAST("BillingPeriodStart" AS DATE) AS "billing_period_start"
  FROM READ_PARQUET('/bills/*.parquet', "hive_partitioning" = FALSE, "binary_as_string" = TRUE)
) AS "charges"
GROUP BY
  "billing_period_start"
