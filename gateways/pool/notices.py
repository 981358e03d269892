"""What the bell tells: alerts of numbers and decisions about templates, kept once and seen by each person for themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from core.clock import now
from core.live import signal
from gateways.events import NumberAlert
from gateways.models import Channel, ChannelEvent, MessageTemplate, PoolIncident
from gateways.pool.words import Told, told_of
from gateways.services.states import ALERT, log_event

KEPT_FOR = timedelta(days=14)
SHOWN = 50
# Whoever has been away finds the list, not fifty toasts.
TOASTS = 3
NONE_YET = UUID(int=0)


@dataclass(frozen=True)
class Bell:
    """How many alerts are new to somebody, and the newest of all, after which the next ones are looked for."""

    count: int
    newest: UUID


@dataclass(frozen=True)
class Notice:
    event: ChannelEvent
    told: Told
    is_new: bool


def keep_alert(event: NumberAlert) -> None:
    """Write an alert down for the bell, and tell the open pages."""
    channel = Channel.objects.filter(pk=event.channel_id).first()
    if channel is None:
        return
    log_event(channel, ALERT, event.code, level=event.level, incident=event.incident_id, subject=event.subject)
    signal(channel.organization_id, "notices")


def bell(seen_at: datetime) -> Bell:
    """Return the bell of somebody who last looked then; one query."""
    rows = list(_kept().values_list("pk", "at")[:SHOWN])
    return Bell(len([at for _pk, at in rows if at > seen_at]), rows[0][0] if rows else NONE_YET)


def notices(seen_at: datetime) -> list[Notice]:
    """Return what was told lately, the newest first."""
    return _told(list(_kept()[:SHOWN]), seen_at)


def notices_after(last: UUID) -> list[Notice]:
    """Return what has been told since the page was shown, the oldest first; no more than a person can take in."""
    return _told(list(_kept().filter(pk__gt=last)[:TOASTS]), now())[::-1]


def _kept() -> "QuerySet[ChannelEvent]":
    rows: QuerySet[ChannelEvent] = ChannelEvent.objects.filter(kind=ALERT, at__gte=now() - KEPT_FOR)
    return rows.select_related("channel").order_by("-at", "-pk")


def _told(events: Sequence[ChannelEvent], seen_at: datetime) -> list[Notice]:
    incidents = PoolIncident.objects.select_related("replaced_by").in_bulk(_ids(events, "incident"))
    templates = MessageTemplate.objects.in_bulk(_ids(events, "subject"))
    return [
        Notice(
            event,
            told_of(event, incidents.get(_id(event, "incident")), templates.get(_id(event, "subject"))),
            event.at > seen_at,
        )
        for event in events
    ]


def _ids(events: Sequence[ChannelEvent], name: str) -> list[UUID]:
    return [found for event in events if (found := _id(event, name))]


def _id(event: ChannelEvent, name: str) -> UUID | None:
    value = str(event.data.get(name) or "")
    return UUID(value) if value else None
