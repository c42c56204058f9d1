SELECT
  `billing_period_start`,
  COUNT(*) AS `row_count`
FROM (
  SELECT
    CAST(FROM_UTC_TIMESTAMP(`BillingPeriodStart`, 'UTC') AS DATE) AS `billing_period_start`
  FROM `main`.`billing`.`focus`
) AS `charges`
GROUP BY
  `billing_period_start`
