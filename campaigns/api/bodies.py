"""What callers send of campaigns; everything that the wizard asks for can be said."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import ConfigDict

from campaigns.sequences.steps import MAX_STEPS, MAX_TEXTS, StepDraft
from campaigns.services.drafts import VariantDraft

StopOn = Literal["replied", "booked", "closed"]
Stops = Annotated[list[StopOn], Field(max_length=3)]


def usual_stops() -> list[StopOn]:
    return ["replied", "booked"]


class VariantIn(Schema):
    body: str = Field(min_length=1, max_length=4096)
    weight: int = Field(1, ge=1, le=100)


class HoursIn(Schema):
    """``days`` counts from Monday = 0; times are HH:MM in the organization's time zone."""

    days: list[int] = Field(default_factory=list, max_length=7)
    start: str = Field(max_length=5)
    end: str = Field(max_length=5)


class FieldRuleIn(Schema):
    """``key`` as in a placeholder of a message, e.g. ``plano``; ``value`` is for ``is``, ``is_not`` and ``contains``."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=60)
    operator: Literal["is", "is_not", "contains", "filled", "empty"]
    value: str = Field("", max_length=120)


class AudienceIn(Schema):
    """Whom of the lists the campaign is for; without a member everybody who may be written to.

    ``temperatures`` may hold ``none`` for people not qualified yet. Of ``silent_days`` and ``recent_days`` the first means people
    who wrote nothing for so long (or never), the second those who wrote within them. ``not_in_campaign``, ``not_customer`` and
    ``cap_count`` messages in ``cap_days`` days leave people out with the reason; so does ``unanswered``, the messages of
    campaigns without an answer after which one is left in peace.
    """

    model_config = ConfigDict(extra="forbid")

    temperatures: list[Literal["quente", "morno", "frio", "muito_frio", "none"]] = Field(
        default_factory=list, max_length=5
    )
    tags: list[str] = Field(default_factory=list, max_length=20)
    without_tags: list[str] = Field(default_factory=list, max_length=20)
    fields: list[FieldRuleIn] = Field(default_factory=list, max_length=5)
    silent_days: int = Field(0, ge=0, le=3650)
    recent_days: int = Field(0, ge=0, le=3650)
    not_in_campaign: bool = False
    not_customer: bool = False
    cap_count: int = Field(0, ge=0, le=100)
    cap_days: int = Field(0, ge=0, le=3650)
    unanswered: int = Field(3, ge=1, le=100)


class RecurrenceIn(Schema):
    """Every ``interval`` days, weeks or months from ``first_on`` (today where it is left out), at a wall time of the organization.

    ``weekdays`` (Monday = 0) are for weeks, ``month_day`` is for months: in a shorter month its last day. It ends after the day
    ``until`` or after ``count`` times, or never. ``holidays``: send all the same, skip that time, or move it to the next working day.
    """

    model_config = ConfigDict(extra="forbid")

    unit: Literal["day", "week", "month"]
    interval: int = Field(1, ge=1, le=365)
    weekdays: list[Annotated[int, Field(ge=0, le=6)]] = Field(default_factory=list, max_length=7)
    month_day: int | None = Field(None, ge=1, le=31)
    at: time
    first_on: date | None = None
    until: date | None = None
    count: int | None = Field(None, ge=1, le=500)
    holidays: Literal["send", "skip", "move"] = "move"


class StepIn(Schema):
    """A further message to who got the one before: after the wait, in one of ``texts``, which have equal shares."""

    model_config = ConfigDict(extra="forbid")

    wait: int = Field(ge=1, le=720)
    unit: Literal["hours", "days"] = "days"
    texts: list[Annotated[str, Field(min_length=1, max_length=4096)]] = Field(min_length=1, max_length=MAX_TEXTS)

    def draft(self) -> StepDraft:
        return StepDraft(self.wait, self.texts, self.unit)


class CampaignPatch(Schema):
    """What is named is changed, the rest stays. A campaign that runs takes ``steps`` and ``stops_on`` alone.

    ``recurrence`` null turns a series that has not sent into an ordinary draft. ``late_hours`` null is as the organization says.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", min_length=1, max_length=120)
    list_ids: list[UUID] = Field(default_factory=list, min_length=1, max_length=50)
    variants: list[VariantIn] = Field(default_factory=list, min_length=1, max_length=20)
    channel_ids: list[UUID] = Field(default_factory=list, min_length=1, max_length=50)
    start_at: datetime | None = None
    recurrence: RecurrenceIn | None = None
    steps: list[StepIn] = Field(default_factory=list, max_length=MAX_STEPS)
    stops_on: Stops = Field(default_factory=list)
    late_hours: Literal[0, 1, 2, 4, 8, 24] | None = None
    sending_hours: HoursIn | None = None
    skips_holidays: bool = False
    priority: int = Field(0, ge=-100, le=100)
    audience: AudienceIn | None = None
    split: Literal["weights", "auto"] = "weights"

    def changes(self) -> dict[str, Any]:
        """Return what was named, in the words of the services."""
        said = self.dict(exclude_unset=True)
        ready: dict[str, Any] = {
            "variants": [VariantDraft(one.body, one.weight) for one in self.variants],
            "steps": [one.draft() for one in self.steps],
            "audience": said.get("audience") or {},
            "sending_hours": said.get("sending_hours") or {},
            "recurrence": self.recurrence and self.recurrence.dict(),
        }
        return {name: ready.get(name, value) for name, value in said.items()}


class CampaignIn(CampaignPatch):
    """A campaign with ``start_at`` starts by itself then, one with ``recurrence`` at each of its times; it has one of them or none."""

    model_config = ConfigDict(extra="ignore")

    name: str = Field(min_length=1, max_length=120)
    list_ids: list[UUID] = Field(min_length=1, max_length=50)
    variants: list[VariantIn] = Field(min_length=1, max_length=20)
    channel_ids: list[UUID] = Field(min_length=1, max_length=50)
    stops_on: Stops = Field(default_factory=usual_stops)


class OccurrenceIn(Schema):
    """A time of a series by its day of the rule, as ``coming`` names it."""

    model_config = ConfigDict(extra="forbid")

    planned_on: date


class DealIn(Schema):
    """One deal more or less; without a body one more. A member that is not named here is refused, not overlooked."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["increment", "decrement"] = "increment"
    delta: Literal[1, -1] | None = None

    @property
    def step(self) -> int:
        return self.delta or (-1 if self.action == "decrement" else 1)
