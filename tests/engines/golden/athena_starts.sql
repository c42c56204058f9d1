SELECT
  "billing_period_start",
  COUNT(*) AS "row_count"
FROM (
  SELECT
    CAST("billingperiodstart" AS DATE) AS "billing_period_start"
  FROM "focus"
) AS "charges"
GROUP BY
  "billing_period_start"
