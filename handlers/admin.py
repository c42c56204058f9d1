"""`/finops admin`: how the bot itself is doing, and what FinOps can make it do; for the FinOps role alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from finops.company import Company, roles_of
from finops.errors import NotAllowed
from finops.names import nearest
from finops.policy import Role
from handlers.arguments import UnknownName
from handlers.request import Command, Reply, Request
from storage.asked import ask
from storage.audit import Entry, append
from storage.deliveries import revive
from storage.people import find_person
from storage.standing import LOOKED_AT, Standing, read_standing
from storage.state import State
from views.admin import Dead, Export, JobRun, Status, status_message
from views.notes import note

PARTS = ("status", "run", "replay")
EVERYTHING = "all"


def answer(request: Request, *, company: Company, state: State, jobs: Sequence[str]) -> Reply:
    """Whoever has the FinOps role asks how things are, has a job run, or has dead messages tried again."""
    with state.reading() as connection:
        person = find_person(connection, request.user_id)
    if Role.FINOPS not in roles_of(person, company):
        raise NotAllowed("Only FinOps may ask this.", "Who that is stands under `roles:` in finops.yaml.")
    part, *words = request.words or ("status",)
    match part.lower():
        case "status":
            return _status(request, company, state, jobs)
        case "run":
            return _run(request, words, state, jobs)
        case "replay":
            return _replay(request, words, state)
    near = nearest(part, PARTS)
    raise UnknownName(f"I do not know 'admin {part}'.", f"There are {', '.join(PARTS)}.", part, near)


def _status(request: Request, company: Company, state: State, jobs: Sequence[str]) -> Reply:
    with state.reading() as connection:
        standing = read_standing(connection, company, jobs, request.now)
    refused = {each.export: each.reason for each in standing.ingests if each.outcome in ("refused", "failed")}
    status = Status(
        live=company.alerts.live,
        exports=[
            Export(each.export, each.last_day, each.confirmed_at, refused.get(each.export, ""))
            for each in standing.data
        ],
        jobs=[JobRun(job.name, company.schedules.get(job.name, ""), job.at, job.failed) for job in standing.jobs],
        deliveries=standing.deliveries,
        waiting_since=standing.waiting_since,
        dead=[Dead(each.key, each.error, each.died_at) for each in standing.dead],
        alerts=_counted(standing, request),
        next_alert_at=standing.next_alert_at,
        unknown=standing.unknown,
        placeless=standing.placeless,
        entries=standing.entries,
        looked_at=LOOKED_AT,
        seal=standing.seal,
        faults=standing.faults,
    )
    return Reply(status_message(status))


def _counted(standing: Standing, request: Request) -> Counter[str]:
    return Counter(str(alert.status(request.now)) if alert.live else "only watched" for alert in standing.alerts)


def _run(request: Request, words: Sequence[str], state: State, jobs: Sequence[str]) -> Reply:
    """Ask for a job: a worker runs it within seconds."""
    if len(words) != 1 or words[0] not in jobs:
        name = words[0] if words else ""
        reason = f"There is no job '{name}'." if name else "Which job?"
        raise UnknownName(reason, f"There are {', '.join(jobs)}.", name, nearest(name, jobs))
    with state.writing() as connection:
        ask(connection, words[0], request.interaction, request.user_id, request.now)
        entry = Entry(request.now, request.user_id, "job.asked", f"job/{words[0]}", became={"job": words[0]})
        append(connection, [entry])
    return Reply(note(f"{words[0]} is asked for: a worker runs it within seconds. See /finops admin status for how."))


def _replay(request: Request, words: Sequence[str], state: State) -> Reply:
    """Try dead messages again; a policy is replayed at the terminal."""
    if words and all(re.fullmatch(r"\d{4}-\d{2}", word) for word in words):
        first, last = words[0], words[-1]
        return Reply(
            note(
                f"A policy is replayed over past months at the terminal: finops policy replay --from {first} "
                f"--to {last}. Here dead messages are tried again: /finops admin replay all."
            )
        )
    if len(words) != 1:
        raise UnknownName("Which messages?", "Say `all`, or what their keys begin with, as /finops admin status shows.")
    prefix = "" if words[0].lower() == EVERYTHING else words[0]
    with state.writing() as connection:
        number = revive(connection, prefix, request.now)
        if number:
            became = {"prefix": prefix, "number": number}
            append(connection, [Entry(request.now, request.user_id, "delivery.replayed", "delivery", became=became)])
    noun = "message is" if number == 1 else "messages are"
    return Reply(note(f"{number:,} {noun} tried again." if number else "Nothing dead has a key that begins so."))


COMMAND = Command(
    "admin",
    "status | run <job> | replay all|<key>",
    "how the bot itself is doing, and what FinOps can make it do",
    answer,
)
