"""Rehearsals of a ban in a sandbox: asked for here, played by whoever knows campaigns, and kept with their figures."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.clock import now
from core.errors import DomainError
from core.live import signal
from core.tenancy import current_organization_id
from gateways.events import DrillAsked
from gateways.models import DrillState, PoolDrill
from sagas.outbox import publish

# NUM-11 asks for five minutes; this is what we hold ourselves to.
GOAL_SECONDS = 15.0
LIMIT_SECONDS = 300.0
GIVEN_UP_AFTER = timedelta(minutes=15)


class DrillRunningError(DomainError):
    """One rehearsal at a time is enough."""

    def __init__(self) -> None:
        super().__init__(_("A drill is running already."))


def ask_for_drill(actor: Membership | None) -> PoolDrill:
    """Start a rehearsal; raises :class:`DrillRunningError` while another runs."""
    give_up_old(now())
    try:
        with transaction.atomic():
            drill: PoolDrill = PoolDrill.objects.create(asked_by=str(actor.user) if actor else "")
    except IntegrityError as error:
        raise DrillRunningError from error
    record_audit("pool.drill", actor=actor, target=str(drill.pk))
    publish(DrillAsked(str(current_organization_id()), str(drill.pk)))
    return drill


def give_up_old(at: datetime) -> int:
    """End rehearsals whose player has died."""
    rows = PoolDrill.objects.filter(state__in=[DrillState.WAITING, DrillState.RUNNING])
    old = rows.filter(created_at__lt=at - GIVEN_UP_AFTER)
    return int(old.update(state=DrillState.FAILED, reason="given_up", finished_at=at))


def finish(drill: PoolDrill, reason: str = "") -> None:
    """Judge the rehearsal by its figures and keep it."""
    in_time = drill.seconds is not None and drill.seconds <= LIMIT_SECONDS
    is_good = in_time and not drill.duplicates and not drill.missing and not reason
    drill.state = DrillState.PASSED if is_good else DrillState.FAILED
    drill.reason, drill.finished_at = reason[:300], now()
    drill.save()
    tell(drill)


def tell(drill: PoolDrill) -> None:
    signal(drill.organization_id, "channels")


def drills() -> "QuerySet[PoolDrill]":
    """Return the rehearsals of the active organization, the newest first."""
    rows: QuerySet[PoolDrill] = PoolDrill.objects.order_by("-created_at")
    return rows
