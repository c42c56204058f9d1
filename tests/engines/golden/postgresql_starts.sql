SELECT
  "billing_period_start",
  COUNT(*) AS "row_count"
FROM (
  SELECT
    CAST("BillingPeriodStart" AS DATE) AS "billing_period_start"
  FROM "billing"."focus"
) AS "charges"
GROUP BY
  "billing_period_start"
