"""Reading finops.yaml: keys checked one by one, then against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.configuration.company import company_of, laid_over
from bot.configuration.file import File, configuration_schema
from bot.configuration.positions import Document, Place
from finops.calendar import WorkCalendar
from finops.company import Company
from finops.errors import ConfigurationRefused
from finops.names import nearest
from finops.scope import UNALLOCATED


def load_company(path: Path) -> Company:
    """Read finops.yaml.

    Raises:
        ConfigurationRefused: the file is missing, is not YAML, repeats a key, or holds what is not understood.
    """
    document = Document(path)
    company = company_of(_checked(document), path.parent)
    _refuse_unreachable(document, company)
    _refuse_ownerless(document, company)
    return company


def load_policy(path: Path, current: Company) -> Company:
    """Read a policy to be tried: a finops.yaml, or one without teams, whose keys replace the current company's.

    Raises:
        ConfigurationRefused: as load_company.
    """
    document = Document(path)
    company = laid_over(current, _checked(document), path.parent)
    _refuse_unreachable(document, company)
    return company


def _checked(document: Document) -> File:
    try:
        file = File.model_validate(document.data or {})
    except ValidationError as error:
        raise _first_fault(document, error) from None
    _refuse_repeats(document, file)
    _refuse_falling(document, file)
    _refuse_unshared(document, file)
    return file


def _first_fault(document: Document, error: ValidationError) -> ConfigurationRefused:
    fault = error.errors()[0]
    place = tuple(step for step in fault["loc"] if step != "[key]")
    dotted = ".".join(str(step) for step in place) or "file"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        near = nearest(str(place[-1]), _keys_at(place[:-1]), 1)
        message = "is not a key that exists" + (f"; did you mean {near[0]}?" if near else "")
    more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
    end = "?" if message.endswith("?") else "."
    return document.refusal(place, f"{dotted}: {message.rstrip('.?')}{end}{more}")


def _keys_at(place: Place) -> list[str]:
    """The keys that may stand in the mapping at a place."""
    schema = configuration_schema()
    part: dict[str, Any] = schema
    for step in place:
        part = (
            part.get("items", {})
            if isinstance(step, int)
            else part.get("properties", {}).get(step, {}) or part.get("additionalProperties", {})
        )
        part = next((option for option in part.get("anyOf", []) if "$ref" in option), part)
        part = schema["$defs"][part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part
    return list(part.get("properties", {}))


def _refuse_repeats(document: Document, file: File) -> None:
    seen: set[str] = {UNALLOCATED}
    for number, team in enumerate(file.teams):
        if team.slug in seen:
            reason = "is the name of what no team owns" if team.slug == UNALLOCATED else "stands twice"
            raise document.refusal(("teams", number), f"team '{team.slug}' {reason}.")
        seen.add(team.slug)


def _refuse_unshared(document: Document, file: File) -> None:
    """Refuse allocations between teams that are not listed, and those of which one would have to be made first."""
    listed = {team.slug for team in file.teams}
    pools = [each.team for each in file.allocations]
    for number, each in enumerate(file.allocations):
        place: Place = ("allocations", number)
        if unknown := [team for team in (each.team, *each.receivers) if team not in listed]:
            near = nearest(unknown[0], listed, 1)
            hint = f"; did you mean {near[0]}?" if near else "."
            raise document.refusal(place, f"'{unknown[0]}' is not one of `teams`{hint}")
        if pools.count(each.team) > 1:
            raise document.refusal(place, f"the cost of '{each.team}' is shared twice.")
        if chained := [team for team in each.receivers if team in pools]:
            reason = f"'{chained[0]}' shares its own cost with others, so that it cannot share another's."
            raise document.refusal(place, reason)


def _refuse_falling(document: Document, file: File) -> None:
    edges = [tier.above for tier in file.tiers]
    if file.tiers and (edges != sorted(set(edges)) or edges[0] != 0):
        raise document.refusal(("tiers",), "tiers begin with `above: 0` and rise from step to step.")
    shares = [each.above for each in file.alerts.thresholds]
    for number in range(1, len(shares)):
        if shares[number] <= shares[number - 1]:
            raise document.refusal(("alerts", "thresholds", number), "alerts.thresholds rise from one to the next.")


def _refuse_unreachable(document: Document, company: Company) -> None:
    """Refuse quiet hours that hold all of a team's working hours: it could be pinged in none of them."""
    quiet = company.alerts.quiet
    if quiet is None:
        return
    if quiet.begins == quiet.ends and not quiet.days_off:
        reason = "alerts.quiet_hours: `from` and `to` are the same; for none write `quiet_hours: off`."
        raise document.refusal(("alerts", "quiet_hours"), reason)
    own = [(("teams", number, "calendar"), team) for number, team in enumerate(company.teams) if team.calendar]
    cases: list[tuple[Place, WorkCalendar | None, str]] = [(("alerts", "quiet_hours"), company.calendar, "")]
    cases += [(place, team.calendar, f" of team '{team.slug}'") for place, team in own]
    for place, calendar, whose in cases:
        if calendar and quiet.covers(calendar):
            span = f"the quiet hours, {quiet.begins:%H:%M} to {quiet.ends:%H:%M}, hold all working hours{whose}"
            raise document.refusal(place, f"{span}, {calendar.begins:%H:%M} to {calendar.ends:%H:%M}.")


def _refuse_ownerless(document: Document, company: Company) -> None:
    """Refuse alerts of AWS that would be shown nowhere, or be a team's that does not exist."""
    incoming = company.incoming
    if incoming.are_used and not company.alerts.channel:
        reason = "incoming: `alerts.channel` is needed too, where alerts are shown that no team owns."
        raise document.refusal(("incoming",), reason)
    for number, rule in enumerate(incoming.map):
        # Teams made from the bill are known once it has come.
        if rule.team not in company.listed and not company.derived_teams:
            near = nearest(rule.team, list(company.listed), 1)
            hint = f"; did you mean {near[0]}?" if near else "."
            place = ("incoming", "map", number, "team")
            raise document.refusal(place, f"incoming.map.{number}.team: there is no team '{rule.team}'{hint}")
