"""What is said of a campaign and its schedule, by the wizard and by programs, written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from campaigns.errors import CampaignIncompleteError
from campaigns.forms import CampaignForm
from campaigns.models import Campaign, CampaignState
from campaigns.schedules.series import once, repeat
from campaigns.schedules.settings import set_late_hours
from campaigns.sequences.steps import USUAL_STOPS, StepDraft, drafts_of, save_steps
from campaigns.services import lifecycle
from campaigns.services.drafts import content_of, create_campaign, update_draft
from campaigns.services.transitions import lock
from core.clock import local, now

OF_STEPS = {"steps", "stops_on"}


@dataclass(frozen=True)
class Schedule:
    """How a campaign goes on: its rule, None for one that does not repeat, and its further steps."""

    rule: Mapping[str, Any] | None
    steps: Sequence[StepDraft]
    stops_on: Sequence[str]
    late_hours: int | None


def keep_schedule(campaign: Campaign, form: CampaignForm, *, starts: bool, actor: Membership | None) -> Campaign:
    """Let the campaign repeat or not, with its steps, and keep what becomes of a missed start, as the wizard says."""
    said = form.cleaned_data
    rule = form.written_rule if form.is_repeating else None
    schedule = Schedule(rule, form.step_drafts, said["stops_on"], said["late_hours"])
    return _keep(campaign, schedule, starts=starts, actor=actor)


@transaction.atomic
def create(said: Mapping[str, Any], *, actor: Membership | None = None) -> Campaign:
    """Create a campaign from what a program says: scheduled when it has a start or repeats, else a draft.

    ``said`` is what :func:`campaigns.services.drafts.create_campaign` takes, with ``recurrence``, ``steps``, ``stops_on``,
    ``late_hours`` and ``skips_holidays``.
    """
    made = create_campaign(**_content({"sending_hours": {}}, said), actor=actor)
    schedule = Schedule(
        _rule(made, said.get("recurrence")), said.get("steps", ()), said.get("stops_on", USUAL_STOPS), said.get("late_hours")
    )  # fmt: skip
    _check_one_start(said.get("start_at"), schedule)
    return _keep(made, schedule, starts=True, actor=actor)


@transaction.atomic
def change(campaign: Campaign, said: Mapping[str, Any], *, actor: Membership | None = None) -> Campaign:
    """Change what a program names and leave the rest; a series that is held or a draft stays so unless its rule is named.

    A campaign that runs takes steps alone. Raises :class:`CampaignStateError` for anything else.
    """
    locked = lock(campaign)
    schedule = Schedule(
        _rule(locked, said["recurrence"]) if "recurrence" in said else locked.recurrence.rule if locked.repeats else None,
        said["steps"] if "steps" in said else drafts_of(locked),
        said.get("stops_on", locked.stops_on or USUAL_STOPS),
        said.get("late_hours", locked.late_hours),
    )  # fmt: skip
    if said.keys() <= OF_STEPS:
        return save_steps(locked, schedule.steps, schedule.stops_on, actor=actor) if said else locked
    _check_one_start(said.get("start_at"), schedule)
    is_held, is_active = locked.state == CampaignState.PAUSED, locked.state == CampaignState.SCHEDULED
    content = _content(content_of(locked) | ({"start_at": None} if locked.repeats else {}), said)
    if schedule.rule is not None:
        content["start_at"] = None
    if "start_at" in said:
        content["is_draft"] = False
    changed = _keep(
        update_draft(locked, **content, actor=actor), schedule,
        starts=not is_held and (is_active or "recurrence" in said), actor=actor,
    )  # fmt: skip
    if is_held and changed.repeats:
        changed.state = CampaignState.PAUSED
        changed.save(update_fields=["state"])
    return changed


def begin(campaign: Campaign, *, actor: Membership | None = None) -> Campaign:
    """Start a campaign now; a series that is a draft begins to wait for its first time."""
    if campaign.repeats and campaign.state == CampaignState.DRAFT:
        return repeat(campaign, campaign.recurrence.rule, actor=actor)
    return lifecycle.start(campaign, actor=actor)


def _keep(campaign: Campaign, schedule: Schedule, *, starts: bool, actor: Membership | None) -> Campaign:
    set_late_hours(campaign, schedule.late_hours)
    if schedule.steps or campaign.steps.exists():
        campaign = save_steps(campaign, schedule.steps, schedule.stops_on, actor=actor)
    if schedule.rule is None:
        return once(campaign)
    return repeat(campaign, schedule.rule, starts=starts, actor=actor)


def _content(before: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the services of drafts take, with what is said in place of what was."""
    apart = {"recurrence", "late_hours", "skips_holidays", *OF_STEPS}
    content = {**before, **{name: value for name, value in said.items() if name not in apart}}
    rests = said.get("skips_holidays", before["sending_hours"].get("skips_holidays", False))
    return content | {"sending_hours": {**content["sending_hours"], "skips_holidays": rests}}


def _rule(campaign: Campaign, said: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a rule as it is kept, from today on where it does not say from when."""
    if said is None:
        return None
    return {**said, "first_on": said.get("first_on") or local(now(), campaign.organization.timezone).date()}


def _check_one_start(start_at: Any, schedule: Schedule) -> None:
    if start_at is not None and schedule.rule is not None:
        raise CampaignIncompleteError(_("A campaign starts at a time or repeats, not both."), code="recurrence")
