SELECT
  "day",
  "billing_period_start",
  "provider",
  "sub_account_id",
  "sub_account_name",
  "service",
  "region",
  "currency",
  "charge_category",
  "charge_subcategory",
  "tags",
  COUNT(*) AS "row_count",
  COUNT("billed") AS "billed_rows",
  COUNT("effective") AS "effective_rows",
  CAST(SUM("billed") AS DECIMAL(38, 18)) AS "billed_cost",
  CAST(SUM("effective") AS DECIMAL(38, 18)) AS "effective_cost"
FROM (
  SELECT
    CAST(CONVERT_TIMEZONE('UTC', "CHARGEPERIODSTART") AS DATE) AS "day",
    CAST("BILLINGPERIODSTART" AS DATE) AS "billing_period_start",
    CAST("SERVICEPROVIDERNAME" AS VARCHAR) AS "provider",
    CAST("SUBACCOUNTID" AS VARCHAR) AS "sub_account_id",
    CAST("SUBACCOUNTNAME" AS VARCHAR) AS "sub_account_name",
    CAST("SERVICENAME" AS VARCHAR) AS "service",
    CAST("REGIONID" AS VARCHAR) AS "region",
    CAST("BILLINGCURRENCY" AS VARCHAR) AS "currency",
    CAST("CHARGECATEGORY" AS VARCHAR) AS "charge_category",
    CAST(NULL AS VARCHAR) AS "charge_subcategory",
    TO_JSON("TAGS") AS "tags",
    CAST("BILLEDCOST" AS DECIMAL(38, 18)) AS "billed",
    CASE
      WHEN "EFFECTIVECOST" > CAST('-1000000000000000' AS DOUBLE)
      AND "EFFECTIVECOST" < CAST('1000000000000000' AS DOUBLE)
      THEN CAST(CAST("EFFECTIVECOST" AS VARCHAR) AS DECIMAL(38, 18))
    END AS "effective"
  FROM "BILLING"."FOCUS"
  WHERE
    "BILLINGPERIODSTART" >= CAST('2026-10-01 00:00:00' AS TIMESTAMPNTZ)
    AND "BILLINGPERIODSTART" < CAST('2026-11-01 00:00:00' AS TIMESTAMPNTZ)
) AS "charges"
GROUP BY
  "day",
  "billing_period_start",
  "provider",
  "sub_account_id",
  "sub_account_name",
  "service",
  "region",
  "currency",
  "charge_category",
  "charge_subcategory",
  "tags"
