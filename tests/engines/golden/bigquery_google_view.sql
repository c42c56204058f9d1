SELECT
  `day`,
  `billing_period_start`,
  `provider`,
  `sub_account_id`,
  `sub_account_name`,
  `service`,
  `region`,
  `currency`,
  `charge_category`,
  `charge_subcategory`,
  `tags`,
  COUNT(*) AS `row_count`,
  COUNT(`billed`) AS `billed_rows`,
  COUNT(`effective`) AS `effective_rows`,
  ROUND(CAST(SUM(`billed`) AS BIGNUMERIC), 18) AS `billed_cost`,
  ROUND(CAST(SUM(`effective`) AS BIGNUMERIC), 18) AS `effective_cost`
FROM (
  SELECT
    CAST(TIMESTAMP(DATETIME(`ChargePeriodStart`, 'UTC')) AS DATE) AS `day`,
    CAST(TIMESTAMP(DATETIME(`BillingPeriodStart`, 'UTC')) AS DATE) AS `billing_period_start`,
    CAST(`ProviderName` AS STRING) AS `provider`,
    CAST(`SubAccountId` AS STRING) AS `sub_account_id`,
    CAST(`SubAccountName` AS STRING) AS `sub_account_name`,
    CAST(`ServiceName` AS STRING) AS `service`,
    CAST(`RegionId` AS STRING) AS `region`,
    CAST(`BillingCurrency` AS STRING) AS `currency`,
    CAST(`ChargeCategory` AS STRING) AS `charge_category`,
    CAST(NULL AS STRING) AS `charge_subcategory`,
    TO_JSON_STRING(`Tags`) AS `tags`,
    ROUND(CAST(`BilledCost` AS BIGNUMERIC), 18) AS `billed`,
    ROUND(CAST(`EffectiveCost` AS BIGNUMERIC), 18) AS `effective`
  FROM `acme-costs`.`gcp_billing_immutable_010101_eu`.`gcp_billing_export_focus_010101`
  WHERE
    `BillingPeriodStart` >= CAST('2026-10-01 00:00:00+00:00' AS TIMESTAMP)
    AND `BillingPeriodStart` < CAST('2026-11-01 00:00:00+00:00' AS TIMESTAMP)
) AS `charges`
GROUP BY
  `day`,
  `billing_period_start`,
  `provider`,
  `sub_account_id`,
  `sub_account_name`,
  `service`,
  `region`,
  `currency`,
  `charge_category`,
  `charge_subcategory`,
  `tags`
