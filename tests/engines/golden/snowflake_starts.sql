SELECT
  "billing_period_start",
  COUNT(*) AS "row_count"
FROM (
  SELECT
    CAST("BILLINGPERIODSTART" AS DATE) AS "billing_period_start"
  FROM "BILLING"."FOCUS"
) AS "charges"
GROUP BY
  "billing_period_start"
