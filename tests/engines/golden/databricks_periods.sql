SELECT
  `billing_period_start`,
  COUNT(*) AS `row_count`,
  MAX(`day`) AS `last_day`,
  CAST(SUM(`billed`) AS DECIMAL(38, 18)) AS `billed_cost`,
  CAST(SUM(`effective`) AS DECIMAL(38, 18)) AS `effective_cost`
FROM (
  SELECT
    CAST(`ChargePeriodStart` AS DATE) AS `day`,
    CAST(FROM_UTC_TIMESTAMP(`BillingPeriodStart`, 'UTC') AS DATE) AS `billing_period_start`,
    CAST(`ServiceProviderName` AS STRING) AS `provider`,
    CAST(`SubAccountId` AS STRING) AS `sub_account_id`,
    CAST(`SubAccountName` AS STRING) AS `sub_account_name`,
    CAST(`ServiceName` AS STRING) AS `service`,
    CAST(`RegionId` AS STRING) AS `region`,
    CAST(`BillingCurrency` AS STRING) AS `currency`,
    CAST(`ChargeCategory` AS STRING) AS `charge_category`,
    CAST(NULL AS STRING) AS `charge_subcategory`,
    TO_JSON(`Tags`) AS `tags`,
    CAST(`BilledCost` AS DECIMAL(38, 18)) AS `billed`,
    CASE
      WHEN `EffectiveCost` > CAST('-1000000000000000' AS DOUBLE)
      AND `EffectiveCost` < CAST('1000000000000000' AS DOUBLE)
      THEN CAST(CAST(`EffectiveCost` AS STRING) AS DECIMAL(38, 18))
    END AS `effective`
  FROM `main`.`billing`.`focus`
  WHERE
    `BillingPeriodStart` >= CAST('2025-10-01 00:00:00+00:00' AS TIMESTAMP)
    AND `BillingPeriodStart` < CAST('2026-11-01 00:00:00+00:00' AS TIMESTAMP)
) AS `charges`
GROUP BY
  `billing_period_start`
