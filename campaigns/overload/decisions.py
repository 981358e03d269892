"""Decisions about an overload: taken by a person, kept, written down, and taken back."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.models import Campaign, CampaignState, DecisionKind, DemandDecision, Help, Overload
from campaigns.overload.moving import PUT_OFF, is_moved
from campaigns.overload.options import margin_end, reckon_now
from campaigns.overload.reserve import candidates
from campaigns.overload.scene import Scene, read_scene
from campaigns.overload.watch import alone, look_at, tell_demand
from campaigns.queries.waiting import MOVED
from campaigns.services import lifecycle
from campaigns.services.standby import send_back_helpers
from core.clock import now
from core.tenancy import current_organization_id

ACCEPT_SLACK = timedelta(hours=1)
OUT_OF_SIGHT = timedelta(days=7)
SHOWN = 50


class DemandError(CampaignStateError):
    """The decision makes no sense any more: the overload is over, or what it was about has changed."""


def decide(
    kind: str, *, actor: Membership | None, campaign: Campaign | None = None, numbers: int = 0
) -> list[DemandDecision]:
    """Take a decision about the overload of the active organization and act by it; return what was kept."""
    with transaction.atomic():
        found = _take(kind, actor, campaign, numbers)
    look_at(found[0].organization_id)
    return found


def _take(kind: str, actor: Membership | None, campaign: Campaign | None, numbers: int) -> list[DemandDecision]:
    row = _open_overload()
    alone(row.organization_id)
    scene = read_scene(now())
    match kind:
        case DecisionKind.RESERVE:
            found = [_call_reserve(row, scene, numbers)]
        case DecisionKind.ACCEPT:
            found = _accept(row, scene)
        case DecisionKind.HOLD | DecisionKind.TOMORROW if campaign is not None:
            found = [_put_off(row, scene, DecisionKind(kind), campaign, actor)]
        case _:
            raise CampaignIncompleteError(_("Choose one of the decisions."), code="decision")
    for one in found:
        one.by, one.organization_id = actor, row.organization_id
        one.save()
        record_audit("demand.decided", actor=actor, target=one.campaign.name if one.campaign else "", data=_data(one))
    tell_demand(row.organization_id)
    return found


def _open_overload() -> Overload:
    row: Overload | None = Overload.objects.filter(ended_at=None).first()
    if row is None:
        raise DemandError(_("Everything fits by now. There is nothing to decide."), code="no_overload")
    return row


def _call_reserve(row: Overload, scene: Scene, numbers: int) -> DemandDecision:
    if scene.settings.help == Help.NEVER:
        raise DemandError(_("The reserve is kept for numbers that stop. Change the settings first."), code="never")
    free = len(candidates(scene, [UUID(pk) for pk in row.late_campaigns]))
    helping = len(scene.helpers)
    if not helping < numbers <= helping + free:
        raise DemandError(_("The reserve has changed meanwhile. Look again."), code="reserve")
    _replace(DemandDecision.objects.filter(kind=DecisionKind.RESERVE))
    return DemandDecision(overload=row, kind=DecisionKind.RESERVE, numbers=numbers)


def _accept(row: Overload, scene: Scene) -> list[DemandDecision]:
    late, ends = reckon_now(scene).late_campaigns, margin_end(scene).campaigns
    late = late or {UUID(pk): count for pk, count in row.late_campaigns.items() if UUID(pk) in ends}
    if not late:
        raise DemandError(_("Everything fits by now. There is nothing to decide."), code="no_overload")
    _replace(DemandDecision.objects.filter(kind=DecisionKind.ACCEPT, campaign__in=list(late)))
    return [
        DemandDecision(
            overload=row, kind=DecisionKind.ACCEPT, campaign=scene.campaigns[pk],
            until=(ends[pk].ends_at or scene.at + OUT_OF_SIGHT) + ACCEPT_SLACK,
        )
        for pk in late
    ]  # fmt: skip


def _put_off(
    row: Overload, scene: Scene, kind: DecisionKind, campaign: Campaign, actor: Membership | None
) -> DemandDecision:  # fmt: skip
    until = scene.next_day(campaign) if kind == DecisionKind.TOMORROW else None
    lifecycle.pause(campaign, actor=actor)
    _replace(DemandDecision.objects.filter(kind__in=PUT_OFF, campaign=campaign))
    if until is not None:
        Campaign.objects.filter(pk=campaign.pk).update(pause_reason=MOVED, resumes_at=until)
    return DemandDecision(overload=row, kind=kind, campaign=campaign, until=until)


def _replace(rows: Any) -> None:
    """A new decision of a kind takes the place of the one before."""
    rows.filter(ended_at=None).update(ended_at=now())


def undo(decision_id: UUID, *, actor: Membership | None) -> DemandDecision:
    """Take a decision back, as far as nothing else has happened since; the second of two clicks is refused."""
    with transaction.atomic():
        decision = _undo(decision_id, actor)
    look_at(decision.organization_id)
    return decision


def _undo(decision_id: UUID, actor: Membership | None) -> DemandDecision:
    alone(current_organization_id())
    rows = DemandDecision.objects.select_for_update(of=("self",)).select_related("campaign")
    decision: DemandDecision | None = rows.filter(pk=decision_id, ended_at=None).first()
    if decision is None:
        raise DemandError(_("This decision does not hold any more."), code="decision_over")
    decision.ended_at, decision.undone = now(), True
    decision.save(update_fields=["ended_at", "undone"])
    if decision.kind == DecisionKind.RESERVE:
        send_back_helpers()
    elif decision.kind in PUT_OFF and decision.campaign and _still_rests(decision):
        lifecycle.resume(decision.campaign, actor=actor)
    name = decision.campaign.name if decision.campaign else ""
    record_audit("demand.undone", actor=actor, target=name, data=_data(decision))
    tell_demand(decision.organization_id)
    return decision


def _still_rests(decision: DemandDecision) -> bool:
    """Tell whether the campaign still rests for this decision, and not for another reason."""
    campaign: Campaign = Campaign.objects.select_for_update().get(pk=decision.campaign_id)
    if decision.kind == DecisionKind.TOMORROW:
        return is_moved(campaign)
    return campaign.state == CampaignState.PAUSED and not campaign.pause_reason


def _data(decision: DemandDecision) -> dict[str, Any]:
    until = decision.until.isoformat() if decision.until else None
    return {"kind": decision.kind, "numbers": decision.numbers, "until": until}


def holding() -> Iterable[DemandDecision]:
    """Return the decisions that hold, the newest first."""
    rows = DemandDecision.objects.filter(ended_at=None).select_related("campaign", "by__user")
    return rows.order_by("-at", "-pk")[:SHOWN]
