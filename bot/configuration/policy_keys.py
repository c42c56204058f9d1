"""The keys of finops.yaml that say when somebody is called: tiers, materiality, alerts and calendars."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from bot.configuration.values import (
    Clock,
    Country,
    Day,
    Fraction,
    Hours,
    Span,
    clock,
    clocks,
    known_subdivision,
    span,
)
from finops.budget_request import BudgetRules
from finops.calendar import QuietHours, WorkCalendar
from finops.explanation import ExplanationRules
from finops.policy import THRESHOLDS, AlertRules, Kind, Materiality, ReportRules, Role, Threshold, Tier

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Keys(BaseModel):
    """A mapping of finops.yaml: what it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class MaterialityKeys(Keys):
    """`materiality:`, of the company or a team."""

    amount: Decimal = Field(default=Decimal(0), ge=0)
    """least variance that climbs the ladder, in the team's currency"""
    ratio: Fraction = Field(default=Decimal(0), ge=0)
    """least ratio that does, `5 %` or 0.05"""
    rule: Literal["and", "or"] = "and"
    """whether both must be reached or either is enough"""

    def value(self) -> Materiality:
        """As the policy has it."""
        return Materiality(self.amount, self.ratio, self.rule == "and")


class TierKeys(Keys):
    """One of `tiers:`."""

    name: str
    """as shown; required"""
    above: Fraction
    """the ratio over which the step begins, `5 %` or 0.05; the edge belongs to the step below; required"""
    who: tuple[Role, ...] = ()
    """whom it calls on overspend, beside the owners"""
    duty: str = ""
    """what they must do on overspend"""
    due: int | None = Field(default=None, ge=0, le=250)
    """working days until that is to be done; no date where left out"""
    answer_within: int | None = Field(default=None, ge=1, le=250)
    """working hours until silence calls the next step's people; never where left out"""
    who_under: tuple[Role, ...] = (Role.FINOPS,)
    """whom it calls on underspend, beside the owners"""
    duty_under: str = "update the forecast"
    """what they must do on underspend"""
    duty_closed: str = "explain the variance"
    """what they must do when a month has closed with overspend"""
    above_amount: Decimal | None = None
    """the variance over which the step begins where the budget is zero"""
    chance: Fraction | None = None
    """the chance of a running month to end beyond `above` from which on it is on the step, `70 %` or 0.7; where left \
out, the expected amount decides"""
    explanation_review_within: int | None = Field(default=None, ge=1, le=60)
    """working days until a review of its explanation is overdue; `explanations.review_within` where left out"""
    explanation_answer_within: int | None = Field(default=None, ge=1, le=60)
    """working days until its author's answer is overdue; `explanations.answer_within` where left out"""

    @field_validator("chance")
    @classmethod
    def _known_chance(cls, value: Decimal | None) -> Decimal | None:
        if value is not None and not Decimal("0.01") <= value <= Decimal("0.99"):
            raise ValueError("a chance lies from 1 % to 99 %")
        return value

    def value(self) -> Tier:
        """As the ladder has it."""
        return Tier(**dict(self))


class ThresholdKeys(Keys):
    """One of `alerts.thresholds:`."""

    above: Fraction = Field(gt=0)
    """share of the budget whose passing by the actual is said, `80 %` or 0.8, rising; exactly that much is not past"""
    who: tuple[Role, ...] = ()
    """whom it calls"""


class QuietKeys(Keys):
    """`alerts.quiet_hours:`."""

    begins: Clock = Field(default="20:00", alias="from")
    """when pings stop, `HH:MM` on the team's clock; what rises then is said afterwards; `quiet_hours: off` for none"""
    ends: Clock = Field(default="07:00", alias="to")
    """when they go on, the next morning where it is earlier than `from`"""
    days_off: bool = False
    """whether weekends and holidays are quiet from end to end"""

    def value(self) -> QuietHours:
        """As the rules have it."""
        return QuietHours(clock(self.begins), clock(self.ends), self.days_off)


def _off(value: Any) -> Any:
    if isinstance(value, str) and value != "off":
        raise ValueError('write {from: "20:00", to: "07:00"}, or off')
    return None if value == "off" else value


class AlertKeys(Keys):
    """`alerts:`."""

    mode: Literal["live", "shadow"] = "live"
    """`shadow` evaluates and records alerts, and posts none"""
    kinds: tuple[Kind, ...] = tuple(Kind)
    """the readings of a month that raise alerts"""
    channel: str = ""
    """where alerts of a team without a channel go, `#name` or a channel id; nowhere where left out"""
    thresholds: tuple[ThresholdKeys, ...] = tuple(ThresholdKeys(above=each.above, who=each.who) for each in THRESHOLDS)
    """shares of the budget"""
    acknowledgement_holds: int = Field(default=3, ge=1, le=60)
    """working days until an acknowledgement expires and whoever gave it is asked again"""
    longest_snooze: int = Field(default=14, ge=1, le=366)
    """days for which an alert can be snoozed at most"""
    realert_after: Span = "1d"
    """a rise within this time of a call that went to all it would call is only noted: `90m`, `24h`, `2d`"""
    most_pings: int = Field(default=7, ge=0)
    """calls per team and week, Monday to Sunday; more go into the week's digest, those of the highest step never"""
    quiet_hours: Annotated[QuietKeys | None, BeforeValidator(_off)] = QuietKeys()
    """hours without pings, or `off`"""
    close_on: int = Field(default=5, ge=1, le=20)
    """working day of the next month, by the company's calendar, from which on a month's final actual is judged"""

    @field_validator("thresholds")
    @classmethod
    def _some(cls, value: tuple[ThresholdKeys, ...]) -> tuple[ThresholdKeys, ...]:
        if not value:
            raise ValueError("name one at least; to be told of none, leave threshold out of alerts.kinds")
        return value

    def value(self) -> AlertRules:
        """As the policy has it."""
        return AlertRules(
            live=self.mode == "live",
            kinds=tuple(kind for kind in Kind if kind in self.kinds),
            channel=self.channel,
            thresholds=tuple(Threshold(each.above, each.who) for each in self.thresholds),
            holds=self.acknowledgement_holds,
            longest_snooze=self.longest_snooze,
            realert_after=span(self.realert_after),
            most_pings=self.most_pings,
            quiet=self.quiet_hours.value() if self.quiet_hours else None,
            close_on=self.close_on,
        )


class ExplanationKeys(Keys):
    """`explanations:`."""

    reviewers: tuple[Role, ...] = (Role.FINOPS, Role.FINANCE)
    """who may review; nobody reviews what they wrote"""
    review_within: int = Field(default=3, ge=1, le=60)
    """working days until a review is overdue, where the tier names none"""
    answer_within: int = Field(default=3, ge=1, le=60)
    """working days until the answer to a question, a return or a void is overdue, where the tier names none"""
    moved: MaterialityKeys = MaterialityKeys(ratio=Decimal("0.01"))
    """the movement of a variance that voids what was said of it; its ratio is of the budget"""

    @field_validator("reviewers")
    @classmethod
    def _some(cls, value: tuple[Role, ...]) -> tuple[Role, ...]:
        if not value:
            raise ValueError("name one role at least: an explanation that nobody may review stays open for ever")
        return value

    def value(self) -> ExplanationRules:
        """As the company has it."""
        return ExplanationRules(self.reviewers, self.review_within, self.answer_within, self.moved.value())


class BudgetKeys(Keys):
    """`budgets:`."""

    askers: tuple[Role, ...] = BudgetRules().askers
    """who may ask for another budget; none of them decides on what they asked for"""
    approvers: tuple[Role, ...] = BudgetRules().approvers
    """who may decide on it, and approve a plan that is accepted in the terminal"""
    answer_within: int = Field(default=3, ge=1, le=60)
    """working days until a decision is overdue, and who may make it is reminded"""

    @field_validator("askers", "approvers")
    @classmethod
    def _some(cls, value: tuple[Role, ...]) -> tuple[Role, ...]:
        if not value:
            raise ValueError("name one role at least: what nobody asks for or decides on stays as it is for ever")
        return value

    def value(self) -> BudgetRules:
        """As the company has it."""
        return BudgetRules(self.askers, self.approvers, self.answer_within)


class ReportKeys(Keys):
    """`report:`."""

    channel: str = ""
    """where the monthly variance report is posted, `#name` or a channel id; where left out, in `alerts.channel` \
unless `visibility` is `own`"""

    def value(self) -> ReportRules:
        """As the company has it."""
        return ReportRules(self.channel)


class CalendarKeys(Keys):
    """`calendar:`, of the company or a team."""

    hours: Hours = "09:00-17:00"
    """working hours of a working day, `HH:MM-HH:MM` on the team's clock"""
    weekend: tuple[Weekday, ...] = ("saturday", "sunday")
    """days of the week that are free"""
    country: Country = ""
    """ISO 3166 code whose public holidays are free; none where left out"""
    subdivision: str = ""
    """of the country, ISO 3166-2 without the country, for its own holidays"""
    holidays: tuple[Day, ...] = ()
    """further free days, `2026-12-24`"""

    @field_validator("weekend")
    @classmethod
    def _leaves_a_day(cls, value: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        if len(set(value)) == len(WEEKDAYS):
            raise ValueError("names every day of the week; one at least must be left to work on")
        return value

    @field_validator("subdivision")
    @classmethod
    def _known(cls, value: str, info: ValidationInfo) -> str:
        return known_subdivision(info.data["country"], value) if value and "country" in info.data else value

    def value(self) -> WorkCalendar:
        """As the policy has it, on UTC's clock."""
        begins, ends = clocks(self.hours)
        return WorkCalendar(
            begins=begins,
            ends=ends,
            weekend=frozenset(WEEKDAYS.index(day) for day in self.weekend),
            country=self.country,
            subdivision=self.subdivision,
            days_off=frozenset(self.holidays),
        )
