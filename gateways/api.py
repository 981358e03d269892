from dataclasses import replace
from datetime import time
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema
from ninja.errors import HttpError

from accounts.models import Role
from core.clock import now
from core.pagination import keyset_page
from gateways import pacing, queries
from gateways.models import Channel
from gateways.services import channels as services
from gateways.services.health import webhook_url

router = Router(tags=["channels"])
SIZE = 100
QuietHours = tuple[time, time]


class PaceIn(Schema):
    """What is left out keeps its value, at first the safe default; ``quiet_hours: null`` means none."""

    min_gap_ms: int | None = Field(None, ge=0, le=3_600_000)
    max_gap_ms: int | None = Field(None, ge=0, le=3_600_000)
    daily_limit: int | None = Field(None, ge=1, le=1_000_000)
    warm_up: bool = True
    quiet_hours: QuietHours | None = Field(None, examples=[["22:00", "08:00"]])


class PaceOut(Schema):
    """``daily_limit`` is what was asked for, ``daily_cap`` what holds today (warm-up, halved after a restriction)."""

    min_gap_ms: int
    max_gap_ms: int
    daily_limit: int | None
    daily_cap: int | None
    warm_up: bool
    quiet_hours: tuple[str, str] | None


class ChannelIn(Schema):
    provider: str = Field(max_length=20)
    name: str = Field(min_length=1, max_length=80)
    phone: str = Field("", max_length=40)
    role: Literal["active", "warming", "standby"] = "active"
    config: dict[str, Any] = Field(default_factory=dict)
    pace: PaceIn | None = None


class ChannelPatch(Schema):
    """``config`` is merged into what is kept; ``paused`` stops or resumes the number."""

    name: str | None = Field(None, min_length=1, max_length=80)
    phone: str | None = Field(None, max_length=40)
    role: Literal["active", "warming", "standby"] | None = None
    config: dict[str, Any] | None = None
    pace: PaceIn | None = None
    paused: bool | None = None


class ChannelOut(Schema):
    """``webhook_url`` holds a secret and is empty for tokens that only read."""

    id: UUID
    provider: str
    name: str
    phone: str
    state: str
    state_reason: str
    role: str
    webhook_url: str
    pace: PaceOut
    sent_today: int


class ChannelPage(Schema):
    items: list[ChannelOut]
    next_cursor: str | None


@router.get("/channels", response=ChannelPage)
def list_channels(request: HttpRequest, cursor: str | None = None) -> dict[str, Any]:
    page = keyset_page(Channel.objects.filter(removed_at=None), order="created_at", cursor=cursor, size=SIZE)
    return {"items": [_out(request, channel) for channel in page.items], "next_cursor": page.next_cursor}


@router.post("/channels", response={201: ChannelOut})
def create_channel(request: HttpRequest, data: ChannelIn) -> tuple[int, dict[str, Any]]:
    """Create a number and connect it. Settings that the provider does not accept are a 422."""
    _manages(request)
    pace = _pace(data.pace, services.PaceSettings())
    channel = services.create_channel(
        provider=data.provider, name=data.name, phone=data.phone, role=data.role, config=data.config, pace=pace
    )
    return 201, _out(request, channel)


@router.get("/channels/{uuid:channel_id}", response=ChannelOut)
def read_channel(request: HttpRequest, channel_id: UUID) -> dict[str, Any]:
    return _out(request, queries.get_channel(channel_id))


@router.patch("/channels/{uuid:channel_id}", response=ChannelOut)
def change_channel(request: HttpRequest, channel_id: UUID, data: ChannelPatch) -> dict[str, Any]:
    channel = queries.get_channel(channel_id)
    _manages(request)
    pace = _pace(data.pace, services.pace_settings(channel)) if data.pace else None
    services.update_channel(
        channel, actor=None, name=data.name, role=data.role, phone=data.phone, pace=pace, config=data.config
    )
    if data.paused is not None:
        (services.pause_channel if data.paused else services.resume_channel)(channel, actor=None)
    return _out(request, channel)


@router.delete("/channels/{uuid:channel_id}", response={204: None})
def delete_channel(request: HttpRequest, channel_id: UUID) -> tuple[int, None]:
    """Take the number off: nothing is sent or received by it any more, its conversations stay."""
    channel = queries.get_channel(channel_id)
    _manages(request)
    services.remove_channel(channel, actor=None)
    return 204, None


def _manages(request: HttpRequest) -> None:
    token = request.auth  # type: ignore[attr-defined]  # set by ninja
    if Role(token.role).rank < Role.ADMIN.rank:
        raise HttpError(403, "This token may not manage numbers")


def _pace(data: PaceIn | None, before: services.PaceSettings) -> services.PaceSettings:
    if data is None:
        return before
    given = data.dict(exclude_unset=True)
    if "quiet_hours" in given:
        given["quiet"] = given.pop("quiet_hours") or pacing.NO_QUIET_HOURS
    return replace(before, **given)


def _out(request: HttpRequest, channel: Channel) -> dict[str, Any]:
    at, zone = now(), request.organization.timezone  # type: ignore[attr-defined]  # set by the middleware
    pace = pacing.pace_of(channel, at)
    reads_only = Role(request.auth.role).rank < Role.ADMIN.rank  # type: ignore[attr-defined]
    return {
        "id": channel.pk,
        "provider": channel.provider,
        "name": channel.name,
        "phone": channel.phone,
        "state": channel.state,
        "state_reason": channel.state_reason,
        "role": channel.role,
        "webhook_url": "" if reads_only else webhook_url(channel),
        "pace": {
            "min_gap_ms": round(pace.min_gap.total_seconds() * 1000),
            "max_gap_ms": round(pace.max_gap.total_seconds() * 1000),
            "daily_limit": channel.daily_limit,
            "daily_cap": pace.daily_cap,
            "warm_up": channel.warm_up,
            "quiet_hours": tuple(f"{hour:%H:%M}" for hour in pace.quiet) if pace.quiet else None,
        },
        "sent_today": pacing.used_today(channel, at, zone),
    }
