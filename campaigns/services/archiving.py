"""Campaigns that are over leave the list, and come back; the same for many at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.errors import CampaignStateError
from campaigns.models import Campaign, CampaignState
from campaigns.services import lifecycle
from campaigns.services.transitions import AT_WORK, lock, tell_pages
from core.clock import now
from core.errors import DomainError
from leads.bulk.kinds import Kind, Outcome, Parameters, register

LIST = "campaigns:list"


@transaction.atomic
def archive(campaign: Campaign, *, actor: Membership | None = None) -> Campaign:
    """Take a campaign off the list; its report stays as it is."""
    locked = lock(campaign)
    if locked.state in AT_WORK or (locked.repeats and locked.state == CampaignState.PAUSED):
        raise CampaignStateError(_("Pause, cancel or end the campaign before archiving it."), code="at_work")
    if locked.archived_at is None:
        _set(locked, now(), "campaign.archived", actor)
    return locked


@transaction.atomic
def unarchive(campaign: Campaign, *, actor: Membership | None = None) -> Campaign:
    """Bring a campaign back to the list."""
    locked = lock(campaign)
    if locked.archived_at is not None:
        _set(locked, None, "campaign.unarchived", actor)
    return locked


def _set(campaign: Campaign, at: Any, action: str, actor: Membership | None) -> None:
    campaign.archived_at = at
    campaign.save(update_fields=["archived_at"])
    if campaign.repeats:
        # The times of a series stand folded in its row, and go where it goes.
        Campaign.objects.filter(series=campaign).exclude(state__in=AT_WORK).update(archived_at=at)
    record_audit(action, actor=actor, target=campaign.name)
    tell_pages(campaign)


Verb = Callable[..., Any]


def _each(ids: Sequence[UUID], is_so: Callable[[Campaign], bool], verb: Verb, actor: Membership | None) -> Outcome:
    """Do one thing to each campaign that is not so already; what its state refuses is refused alone."""
    outcome = Outcome()
    found = {one.pk: one for one in Campaign.objects.filter(pk__in=ids).order_by("pk").select_for_update()}
    for pk in ids:
        campaign = found.get(pk)
        if campaign is None:
            outcome.refused.add(pk)
        elif not is_so(campaign):
            try:
                with transaction.atomic():
                    verb(campaign, actor=actor)
                outcome.changed[pk] = {}
            except DomainError:
                outcome.refused.add(pk)
    return outcome


def _archived(campaign: Campaign) -> bool:
    return campaign.archived_at is not None


def _paused(campaign: Campaign) -> bool:
    return bool(campaign.state == CampaignState.PAUSED and not campaign.waits_for_plan)


def _archive(ids: Sequence[UUID], parameters: Parameters, actor: Membership | None) -> Outcome:
    return _each(ids, _archived, archive, actor)


def _unarchive(ids: Sequence[UUID], parameters: Parameters, actor: Membership | None) -> Outcome:
    return _each(ids, lambda one: not _archived(one), unarchive, actor)


def _pause(ids: Sequence[UUID], parameters: Parameters, actor: Membership | None) -> Outcome:
    return _each(ids, _paused, lifecycle.pause, actor)


def _resume(ids: Sequence[UUID], parameters: Parameters, actor: Membership | None) -> Outcome:
    return _each(ids, lambda one: one.state == CampaignState.RUNNING, lifecycle.resume, actor)


def _resume_again(befores: Mapping[UUID, Any], parameters: Parameters, actor: Membership | None) -> set[UUID]:
    """Resume what the action paused; one that has paused by itself since waits for a person who has read why."""
    by_hand = Campaign.objects.filter(pk__in=befores, pause_reason="").values_list("pk", flat=True)
    return set(_resume(list(by_hand), parameters, actor).changed)


def _reverse(apply: Callable[[Sequence[UUID], Parameters, Membership | None], Outcome]) -> Callable[..., set[UUID]]:
    def undo(befores: Mapping[UUID, Any], parameters: Parameters, actor: Membership | None) -> set[UUID]:
        return set(apply(list(befores), parameters, actor).changed)

    return undo


KINDS = {
    "archive": register(Kind("campaigns-archive", gettext_lazy("Archive"), LIST, _archive, _reverse(_unarchive))),
    "unarchive": register(
        Kind("campaigns-unarchive", gettext_lazy("Take out of the archive"), LIST, _unarchive, _reverse(_archive))
    ),
    "pause": register(Kind("campaigns-pause", gettext_lazy("Pause"), LIST, _pause, _resume_again)),
    "resume": register(Kind("campaigns-resume", gettext_lazy("Resume"), LIST, _resume, _reverse(_pause))),
}
