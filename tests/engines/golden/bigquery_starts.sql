SELECT
  `billing_period_start`,
  COUNT(*) AS `row_count`
FROM (
  SELECT
    CAST(TIMESTAMP(DATETIME(`BillingPeriodStart`, 'UTC')) AS DATE) AS `billing_period_start`
  FROM `acme-costs`.`billing`.`focus`
) AS `charges`
GROUP BY
  `billing_period_start`
