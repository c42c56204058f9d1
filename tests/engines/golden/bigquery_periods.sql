SELECT
  `billing_period_start`,
  COUNT(*) AS `row_count`,
  MAX(`day`) AS `last_day`,
  ROUND(CAST(SUM(`billed`) AS BIGNUMERIC), 18) AS `billed_cost`,
  ROUND(CAST(SUM(`effective`) AS BIGNUMERIC), 18) AS `effective_cost`
FROM (
  SELECT
    CAST(`ChargePeriodStart` AS DATE) AS `day`,
    CAST(TIMESTAMP(DATETIME(`BillingPeriodStart`, 'UTC')) AS DATE) AS `billing_period_start`,
    CAST(`ServiceProviderName` AS STRING) AS `provider`,
    CAST(`SubAccountId` AS STRING) AS `sub_account_id`,
    CAST(`SubAccountName` AS STRING) AS `sub_account_name`,
    CAST(`ServiceName` AS STRING) AS `service`,
    CAST(`RegionId` AS STRING) AS `region`,
    CAST(`BillingCurrency` AS STRING) AS `currency`,
    CAST(`ChargeCategory` AS STRING) AS `charge_category`,
    CAST(NULL AS STRING) AS `charge_subcategory`,
    TO_JSON_STRING(`Tags`) AS `tags`,
    ROUND(CAST(`BilledCost` AS BIGNUMERIC), 18) AS `billed`,
    CASE
      WHEN `EffectiveCost` > CAST('-1000000000000000' AS FLOAT64)
      AND `EffectiveCost` < CAST('1000000000000000' AS FLOAT64)
      THEN ROUND(CAST(CAST(`EffectiveCost` AS STRING) AS BIGNUMERIC), 18)
    END AS `effective`
  FROM `acme-costs`.`billing`.`focus`
  WHERE
    `BillingPeriodStart` >= CAST('2025-10-01 00:00:00+00:00' AS TIMESTAMP)
    AND `BillingPeriodStart` < CAST('2026-11-01 00:00:00+00:00' AS TIMESTAMP)
) AS `charges`
GROUP BY
  `billing_period_start`
