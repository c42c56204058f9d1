SELECT
  "billing_period_start",
  COUNT(*) AS "row_count",
  MAX("day") AS "last_day",
  CAST(SUM("billed") AS DECIMAL(38, 18)) AS "billed_cost",
  CAST(SUM("effective") AS DECIMAL(38, 18)) AS "effective_cost"
FROM (
  SELECT
    CAST(AT_TIMEZONE("chargeperiodstart", 'UTC') AS DATE) AS "day",
    CAST("billingperiodstart" AS DATE) AS "billing_period_start",
    CAST("serviceprovidername" AS VARCHAR) AS "provider",
    CAST("subaccountid" AS VARCHAR) AS "sub_account_id",
    CAST("subaccountname" AS VARCHAR) AS "sub_account_name",
    CAST("servicename" AS VARCHAR) AS "service",
    CAST("regionid" AS VARCHAR) AS "region",
    CAST("billingcurrency" AS VARCHAR) AS "currency",
    CAST("chargecategory" AS VARCHAR) AS "charge_category",
    CAST(NULL AS VARCHAR) AS "charge_subcategory",
    JSON_FORMAT(CAST("tags" AS JSON)) AS "tags",
    CAST("billedcost" AS DECIMAL(38, 18)) AS "billed",
    CASE
      WHEN "effectivecost" > CAST('-1000000000000000' AS DOUBLE)
      AND "effectivecost" < CAST('1000000000000000' AS DOUBLE)
      THEN CAST(CAST("effectivecost" AS VARCHAR) AS DECIMAL(38, 18))
    END AS "effective"
  FROM "hive"."billing"."focus"
  WHERE
    "billingperiodstart" >= CAST('2025-10-01 00:00:00' AS TIMESTAMP)
    AND "billingperiodstart" < CAST('2026-11-01 00:00:00' AS TIMESTAMP)
) AS "charges"
GROUP BY
  "billing_period_start"
