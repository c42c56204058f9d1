"""The interactive answer: how soon, from how much memory, and without the raw bill."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from statistics import median

from tests.bench.asking import AT_A_TIME, Asked, ask, out_of_reach
from tests.bench.ingesting import ingested
from tests.bench.measured import Findings, megabytes, milliseconds, seconds, step
from tests.bench.place import EXPORT, Place
from tests.bench.processes import answer, start_work, work
from tests.bench.web import Web, served

ROUNDS, EACH, WARM_UP = 3, 1_000, 400
MOST_SECONDS, MOST_BYTES = 0.050, 120e6
TURNS, EACH_TURN, AS_FAST = 50, 100, 1.2
"""Turns are short, so that whatever else the machine does falls on both."""
PACE = 20
"""Requests a second where an ingest runs beside it: a busy workspace, not a stress test."""
TRIED = (("--workers", "1"), ("--threads", "2"))
"""Other ways to start it, for comparison."""
Environment = Mapping[str, str]


def measure_serving(place: Place, environment: Environment, actuals: Mapping[str, str], findings: Findings) -> None:
    """The claims about the web process."""
    step("ask for the month just closed")
    with served(place, environment) as web:
        heavy = web.heavy
        before = web.worked
        rounds = _ask_in_rounds(place, environment, web, actuals, str(place.month))
        each = (web.worked - before) / (WARM_UP + ROUNDS * EACH)
        _claim_answers(findings, f"month {place.month}, closed", rounds)
        findings.fact("processor time of the server for each of these answers", milliseconds(each))
        heavy |= web.heavy
        findings.claim(
            "the web process starts and answers without duckdb, pandas, matplotlib or pyarrow",
            "none loaded",
            f"loaded: {', '.join(sorted(heavy)) or 'none'}",
            not heavy,
        )
        peaks = web.peaks
        findings.claim(
            "peak memory of a process of `finops web` (VmHWM; the largest counts)",
            "< 120 MB",
            " / ".join(map(megabytes, peaks)),
            max(peaks) < MOST_BYTES,
        )
        findings.fact("the same summed over its processes, shared pages counted in each", megabytes(sum(peaks)))
        findings.fact("memory of `finops web` with shared pages counted once (PSS)", megabytes(web.together))
        findings.fact("`finops web`: from the command to the first healthy answer", seconds(web.started_in))
    step("ask for the month that runs")
    last_day = datetime.combine(place.month.last, time(12), UTC)
    with served(place, environment, at=last_day) as web:
        rounds = _ask_in_rounds(place, environment, web, actuals, "")
        _claim_answers(findings, "the running month with its forecast, clock set back", rounds)
    for words in TRIED:
        shown = f"`finops web {' '.join(words)}`"
        with served(place, environment, *words) as web:
            rounds = _ask_in_rounds(place, environment, web, actuals, str(place.month))
            findings.fact(f"`/finops variance`, {AT_A_TIME} at a time (closed month), {shown}", _percentiles(rounds))
            findings.fact(f"memory of {shown}, shared pages counted once (PSS)", megabytes(web.together))


def measure_as_fast(
    place: Place, environment: Environment, small: Place, actuals: Mapping[str, str], findings: Findings
) -> None:
    """The claim that answers stay as fast as with a tenth of the rows and teams, both asked in turn.

    Args:
        small: whose bill is taken in here.
        actuals: of `place`.
    """
    step(f"ask where {small.rows:,} rows are and where {place.rows:,} are")
    other = small.begin("small")
    ingested(small, other, small.bill, small.rows)
    answer_of = small.folder / "truth-small.json"
    work("truth", {}, bill=small.bill, answer=answer_of)
    ways = ((small, other, json.loads(answer_of.read_text())), (place, environment, actuals))
    month = str(place.month)
    asked: tuple[list[Asked], list[Asked]] = ([], [])
    with served(small, other) as first, served(place, environment) as second:
        webs = (first, second)
        for web, (where, _, known) in zip(webs, ways, strict=True):
            ask(where, web, known, WARM_UP, words=month, seed=99)
        before = [web.worked for web in webs]
        for number in range(TURNS):
            for web, (where, _, known), found in zip(webs, ways, asked, strict=True):
                found.append(ask(where, web, known, EACH_TURN, words=month, seed=number))
        worked = [(web.worked - start) / TURNS / EACH_TURN for web, start in zip(webs, before, strict=True)]
    small.forget("small")
    few, many = (median(turn.percentile(50) for turn in found) for found in asked)
    findings.claim(
        f"answers with {place.rows:,} rows are as fast as with {small.rows:,}: median p50 of {TURNS} turns each",
        f"≤ {AS_FAST} × (1, and a fifth for noise)",
        f"{many / few:.2f} × ({milliseconds(many)} against {milliseconds(few)})",
        many <= AS_FAST * few,
    )
    findings.fact(
        "the server's processor time for each of those answers, against the same",
        f"{worked[1] / worked[0]:.2f} × ({milliseconds(worked[1])} against {milliseconds(worked[0])})",
    )
    for (where, *_), found in zip(ways, asked, strict=True):
        findings.fact(f"the same with {where.rows:,} rows", _percentiles(found))
    wrong = sum(each.wrong for found in asked for each in found)
    count = sum(len(each.seconds) for found in asked for each in found)
    findings.claim(
        "those answers, each with the actual of the bill", "all", f"{count - wrong:,} of {count:,}", not wrong
    )


def measure_beside_ingest(
    place: Place, environment: Environment, actuals: Mapping[str, str], bill: Path, findings: Findings
) -> None:
    """Answers at a steady pace, alone and while the export is delivered anew beside them."""
    step("ask while an ingest runs beside it")
    month = str(place.month)
    with served(place, environment) as web:
        ask(place, web, actuals, WARM_UP, words=month)
        alone = ask(place, web, actuals, PACE * 10, words=month, rate=PACE)
        ingest = start_work("ingest", environment, config=place.config, bill=bill, export=EXPORT)
        beside = ask(place, web, actuals, PACE * 600, words=month, rate=PACE, beside=ingest.pid)
        answer(ingest)
    findings.fact(f"answer at {PACE} requests a second, alone", _percentiles([alone]))
    findings.fact(
        f"the same while the whole bill is delivered anew beside it ({len(beside.seconds)} answers)",
        _percentiles([beside]),
    )
    findings.claim(
        "answers while an ingest replaces the month beside them, each with the actual of the bill",
        "all",
        f"{len(beside.seconds) - beside.wrong:,} of {len(beside.seconds):,}",
        not beside.wrong,
    )


def _ask_in_rounds(
    place: Place, environment: Environment, web: Web, actuals: Mapping[str, str], words: str
) -> list[Asked]:
    """The raw bill and the whole ledger are not where they were meanwhile."""
    with out_of_reach(Path(environment["FINOPS_LEDGER"]), place.bill):
        ask(place, web, actuals, WARM_UP, words=words, seed=99)
        return [ask(place, web, actuals, EACH, words=words, seed=number) for number in range(ROUNDS)]


def _claim_answers(findings: Findings, what: str, rounds: list[Asked]) -> None:
    slowest = median(found.percentile(99) for found in rounds)
    findings.claim(
        f"`/finops variance` over signed HTTP, {AT_A_TIME} at a time ({what}): p99",
        "< 50 ms",
        milliseconds(slowest),
        slowest < MOST_SECONDS,
    )
    count, wrong = sum(len(found.seconds) for found in rounds), sum(found.wrong for found in rounds)
    findings.claim(
        f"answers in the ack with the team's actual as the raw bill has it, bill and ledger out of reach ({what})",
        "all",
        f"{count - wrong:,} of {count:,}",
        not wrong,
    )
    findings.fact(f"`/finops variance`, {AT_A_TIME} at a time ({what})", _percentiles(rounds))


def _percentiles(rounds: list[Asked]) -> str:
    shown = [
        f"p{percent} {milliseconds(median(found.percentile(percent) for found in rounds))}" for percent in (50, 95, 99)
    ]
    rate = median(len(found.seconds) / found.elapsed for found in rounds)
    return f"{', '.join(shown)}; {rate:,.0f} a second"
