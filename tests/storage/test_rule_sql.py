"""What a rule of a mapping file may say, and what it may not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from storage.ledger.rule_sql import FUNCTIONS, RuleRefused, check_rule

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "connect-a-source.md"


HOSTILE = """
(SELECT content FROM read_text('/etc/passwd'))
read_text('/etc/passwd')
{cost} IN (SELECT column0 FROM read_csv('/etc/passwd'))
EXISTS (SELECT 1 FROM glob('/*'))
(FROM 'secret.parquet')
(TABLE secret)
(VALUES (1))
1); ATTACH 'other.db'; SELECT (1
1); COPY (SELECT 1) TO '/tmp/out.csv'; SELECT (1
1); INSTALL httpfs; LOAD httpfs; SELECT (1
1), (2
1) FROM read_csv('/etc/passwd'
1) WHERE (1 = 1
1) UNION SELECT (content) FROM (read_text('/etc/passwd')
1 ORDER BY 1
getenv('AWS_SECRET_ACCESS_KEY')
current_setting('temp_directory')
getvariable('secret')
query('SELECT 1')
query_table('bills')
which_secret('s3://a', 's3')
nextval('who_number')
pg_sleep(10)
repeat('x', 1000000000)
range(1000000000)
sum({cost})
count(*)
row_number() OVER ()
list_transform([{cost}], lambda x: x)
*
COLUMNS('.*')
"BilledCost"
bills.secret
{cost}.secret
{cost}['a']
$1
?
'{cost}'
"{cost}"
{cost} /* {plan} */
{cost} -- {plan}
{cost}{plan}
U&{cost}
$$ {cost} $$
{cost} COLLATE NOCASE
CAST({cost} AS DOUBLE)
{cost}::FLOAT
CAST({cost} AS STRUCT(a INTEGER))
CAST({cost} AS VARCHAR[])
amount({cost}) / 100
amount({cost}) * 1e-2
{'a': 1}
try({cost})
lower({cost}) FILTER (WHERE true)
random()
now()
current_date
'unterminated
/* unterminated
(unbalanced
""".strip().splitlines()


@pytest.mark.parametrize("rule", HOSTILE)
def test_a_rule_reaches_nothing_but_its_columns(rule: str) -> None:
    """No query, file, setting, extension, other row or floating point can be said in a rule."""
    with pytest.raises(RuleRefused):
        check_rule(rule)


RIGHT = """
'USD'
'it''s -- no /* comment */ {"} "at" all; really'
{cost}
{cost|price}
upper(trim({plan}))
CASE WHEN {plan} IN ('a', 'b') THEN 'Usage' WHEN {plan} LIKE 'tax%' THEN 'Tax' ELSE 'Purchase' END
COALESCE({plan}, {month}, 'none')
CAST(amount({cost}) * 0.01 AS DECIMAL(38, 18))
CAST({cost} AS DECIMAL(18, 2)) + 1
concat({plan}, ' ', {month})
{plan} || '-' || {month}
json_merge_patch('{}', json_object('team', {plan}))
strftime(strptime({month}, '%d.%m.%Y'), '%Y-%m-%d')
regexp_extract({plan}, '^(\\w+)', 1)
NULLIF({plan}, '-')
{cost} IS NOT NULL AND NOT {plan} = 'x'
{cost} -- what it cost
""".strip().splitlines()


@pytest.mark.parametrize("rule", RIGHT)
def test_what_a_rule_may_say(rule: str) -> None:
    """Texts, numbers, columns and the listed functions are all that a mapping needs."""
    check_rule(rule)


@pytest.mark.parametrize(
    ("rule", "cut"),
    [
        ("CAST({cost} AS DECIMAL)", "a DECIMAL of 3 places"),
        ("{cost}::NUMERIC(10)", "a DECIMAL of 0 places"),
        ("CAST({cost} AS DECIMAL(18, 2)) + 1", "a DECIMAL of 2 places"),
        ("CASE WHEN {plan} = 'a' THEN CAST({cost} AS numeric(38, 17)) ELSE 0 END", "a DECIMAL of 17 places"),
        ("CAST({cost} AS BIGINT)", "a whole number (BIGINT)"),
        ("1 + {cost}::int", "a whole number (INTEGER)"),
    ],
)
def test_a_rule_of_a_cost_loses_no_digit(rule: str, cut: str) -> None:
    """A type that cuts what is kept of a cost is refused there, and elsewhere it is taken."""
    check_rule(rule)
    with pytest.raises(RuleRefused) as refused:
        check_rule(rule, is_cost=True)
    assert str(refused.value) == f"{cut} would cut the cost; write DECIMAL(38,18)"


@pytest.mark.parametrize("rule", ["CAST({cost} AS DECIMAL(38, 18))", "amount({cost}) * 0.01", "{cost}::NUMERIC(38,24)"])
def test_a_rule_of_a_cost_that_keeps_its_digits(rule: str) -> None:
    """As many places as are kept, or more, are enough."""
    check_rule(rule, is_cost=True)


def test_the_docs_list_what_a_rule_may_call() -> None:
    """The how-to names every function that there is, and none that there is not."""
    [listed] = re.findall(r"```functions\n(.*?)```", HOWTO.read_text(encoding="utf-8"), re.DOTALL)
    assert set(listed.split()) == FUNCTIONS
