SELECT
  "billing_period_start",
  COUNT(*) AS "row_count",
  MAX("day") AS "last_day",
  CAST(SUM("billed") AS DECIMAL(38, 18)) AS "billed_cost",
  CAST(SUM("effective") AS DECIMAL(38, 18)) AS "effective_cost"
FROM (
  SELECT
    CAST("ChargePeriodStart" AT TIME ZONE 'UTC' AS DATE) AS "day",
    CAST("BillingPeriodStart" AS DATE) AS "billing_period_start",
    CAST("ServiceProviderName" AS TEXT) AS "provider",
    CAST("SubAccountId" AS TEXT) AS "sub_account_id",
    CAST("SubAccountName" AS TEXT) AS "sub_account_name",
    CAST("ServiceName" AS TEXT) AS "service",
    CAST("RegionId" AS TEXT) AS "region",
    CAST("BillingCurrency" AS TEXT) AS "currency",
    CAST("ChargeCategory" AS TEXT) AS "charge_category",
    CAST(NULL AS TEXT) AS "charge_subcategory",
    CAST(TO_JSON("Tags") AS TEXT) AS "tags",
    CAST("BilledCost" AS DECIMAL(38, 18)) AS "billed",
    CASE
      WHEN "EffectiveCost" > CAST('-1000000000000000' AS DOUBLE)
      AND "EffectiveCost" < CAST('1000000000000000' AS DOUBLE)
      THEN CAST(CAST("EffectiveCost" AS TEXT) AS DECIMAL(38, 18))
    END AS "effective"
  FROM READ_PARQUET('/bills/*.parquet', "hive_partitioning" = FALSE, "binary_as_string" = TRUE)
  WHERE
    "BillingPeriodStart" >= CAST('2025-10-01 00:00:00' AS TIMESTAMP)
    AND "BillingPeriodStart" < CAST('2026-11-01 00:00:00' AS TIMESTAMP)
) AS "charges"
GROUP BY
  "billing_period_start"
