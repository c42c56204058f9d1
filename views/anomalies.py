"""The answer to `/finops anomalies`: what lasts, ranked by money, or what was and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from finops.anomaly import Anomaly
from finops.company import Team
from views import blocks
from views.anomaly import SHOW
from views.anomaly_words import GLASS, cause_lines, lead, standing
from views.fit import lines_that_fit, message
from views.message import Block, Message
from views.sentences import withheld_of
from views.text import escape

MOST = 20
"""Most anomalies that are named; the others are counted."""
HISTORY_DAYS = 92
"""Days back that the history goes."""


def anomalies_message(
    anomalies: Sequence[Anomaly],
    teams: Mapping[str, Team],
    names: Mapping[str, str],
    todays: Mapping[str, date],
    *,
    history: bool = False,
    asked: str = "",
    withheld: int = 0,
) -> Message:
    """Anomalies in the order in which they are given.

    Args:
        teams, todays: slug → team, and its local day, of each of them.
        history: whether these are over or withdrawn.
        asked: the team that was asked for, as written; empty for all.
        withheld: anomalies that the person may not see.
    """
    head = _head(len(anomalies), history, f" for “{escape(asked)}”" if asked else "")
    lines = [_line(each, teams, names, todays) for each in anomalies[:MOST]]
    body: list[Block] = [blocks.section(head)]
    for each, line in zip(anomalies, lines, strict=False):
        body.append(blocks.section(line, accessory=blocks.button("Show", SHOW, str(each.number))))
    last = [
        text for text in (_more(len(anomalies) - len(lines)), withheld_of(withheld, "anomaly", "anomalies")) if text
    ]
    body += [blocks.context(*last)] if last else []
    return message(_text(head, lines, last, len(anomalies)), body)


def _head(number: int, history: bool, about: str) -> str:
    if history:
        if not number:
            return f"*No anomaly of the last {HISTORY_DAYS} days is over*{about}."
        noun = "anomaly is" if number == 1 else "anomalies are"
        return f"*{number:,} {noun} over*{about}, of the last {HISTORY_DAYS} days, the latest first."
    if not number:
        over = "`/finops anomalies history` shows those that are over."
        return f":white_check_mark: *No anomaly lasts or waits for an answer*{about}. {over}"
    noun = "anomaly lasts or waits" if number == 1 else "anomalies last or wait"
    return f"{GLASS} *{number:,} {noun} for an answer*{about}, the largest amount first in each currency."


def _line(anomaly: Anomaly, teams: Mapping[str, Team], names: Mapping[str, str], todays: Mapping[str, date]) -> str:
    """The finding, its first cause of each kind, and where it stands."""
    slug = anomaly.key.series.team
    return "\n".join((lead(anomaly, teams[slug]), *cause_lines(anomaly), *standing(anomaly, names, todays[slug])))


def _more(left: int) -> str:
    return f"… and {left:,} more: name a team to see its own; `finops anomalies` shows all." if left > 0 else ""


def _text(head: str, lines: Sequence[str], last: Sequence[str], number: int) -> str:
    """All of it while it fits; whatever does not is counted."""
    text, said = lines_that_fit(head, lines)
    rest = [_more(number - said), *last[-1:]] if said < len(lines) else last
    return "\n".join(part for part in (text, *dict.fromkeys(rest)) if part)
