SELECT
  "place",
  CASE
    WHEN "value" > CAST('-1000000000000000' AS DOUBLE)
    AND "value" < CAST('1000000000000000' AS DOUBLE)
    THEN CAST(CAST("value" AS VARCHAR) AS DECIMAL(38, 18))
  END AS "made"
FROM (
  SELECT
    0 AS "place",
    CAST('0.1' AS DOUBLE) AS "value"
  UNION ALL
  SELECT
    1 AS "place",
    CAST('-0.3' AS DOUBLE) AS "value"
  UNION ALL
  SELECT
    2 AS "place",
    CAST('4.35' AS DOUBLE) AS "value"
  UNION ALL
  SELECT
    3 AS "place",
    CAST('1234.56' AS DOUBLE) AS "value"
  UNION ALL
  SELECT
    4 AS "place",
    CAST('-2.2' AS DOUBLE) AS "value"
  UNION ALL
  SELECT
    5 AS "place",
    CAST('1e-7' AS DOUBLE) AS "value"
  UNION ALL
  SELECT
    6 AS "place",
    CAST('5.7e-16' AS DOUBLE) AS "value"
  UNION ALL
  SELECT
    7 AS "place",
    CAST('0.000123456789012345' AS DOUBLE) AS "value"
  UNION ALL
  SELECT
    8 AS "place",
    CAST('0.3333333333333333' AS DOUBLE) AS "value"
  UNION ALL
  SELECT
    9 AS "place",
    CAST('0.30000000000000004' AS DOUBLE) AS "value"
  UNION ALL
  SELECT
    10 AS "place",
    CAST('123456789.12345678' AS DOUBLE) AS "value"
  UNION ALL
  SELECT
    11 AS "place",
    CAST('999999999999999.9' AS DOUBLE) AS "value"
) AS "doubles"
