"""What the record of a restriction says of its reasons."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.clock import now
from gateways.contract import InboundMessage
from gateways.models import Channel, ChannelEvent, ChannelHour, MessageStatus
from gateways.pool import causes
from gateways.pool.causes import Facts, causes_of, facts_of
from gateways.pool.hours import note_received
from gateways.pool.words import cause_words

CALM = Facts(
    age_days=100, sent_hour=40, sent_day=400, sent_week=2000, failed_day=4, received_week=600, night_day=0,
    smallest_gap=45.0, daily_cap=600, normal_cap=600, restrictions_month=1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, [causes.UNCLEAR]),
        ({"age_days": 3, "normal_cap": 60}, [causes.YOUNG]),
        ({"smallest_gap": 5.0}, [causes.TOO_FAST]), ({"sent_hour": 200}, [causes.TOO_FAST]),
        ({"sent_day": 700}, [causes.TOO_MANY]), ({"failed_day": 80}, [causes.BAD_LIST]),
        ({"received_week": 20}, [causes.UNANSWERED]), ({"sent_week": 30, "received_week": 0}, [causes.UNCLEAR]),
        ({"night_day": 150}, [causes.AT_NIGHT]), ({"restrictions_month": 3}, [causes.AGAIN]),
        ({"sent_day": 0, "failed_day": 0, "smallest_gap": 1.0}, [causes.UNPROVOKED]),
        ({"smallest_gap": 5.0, "received_week": 20}, [causes.TOO_FAST, causes.UNANSWERED]),
    ],
)  # fmt: skip
def test_each_rule_that_was_broken_is_named(changes: dict[str, float], found: list[str]) -> None:
    assert causes_of(replace(CALM, **changes)) == found  # type: ignore[arg-type]


def test_every_cause_has_words_of_its_own() -> None:
    codes = [
        causes.YOUNG, causes.TOO_FAST, causes.TOO_MANY, causes.UNANSWERED, causes.BAD_LIST, causes.AGAIN, causes.AT_NIGHT,
        causes.UNPROVOKED, causes.UNCLEAR,
    ]  # fmt: skip
    assert len({cause_words(code) for code in codes}) == len(codes)


@pytest.mark.django_db
@pytest.mark.usefixtures("inside")
def test_the_evidence_is_counted_from_what_the_provider_said(main: Channel) -> None:
    zone = "America/Sao_Paulo"
    at = datetime(2026, 11, 20, 14, 0, tzinfo=ZoneInfo(zone))
    spans = [timedelta(minutes=5), timedelta(hours=5), timedelta(hours=15), timedelta(days=3), timedelta(days=9)]
    MessageStatus.objects.bulk_create(
        MessageStatus(
            organization=main.organization, channel=main, external_id=str(n), state="sent", sent_at=at - span, updated_at=at - span
        )
        for n, span in enumerate(spans)
    )  # fmt: skip
    MessageStatus.objects.create(
        organization=main.organization, channel=main, external_id="f", state="failed", failed_at=at, updated_at=at
    )
    ChannelHour.objects.create(channel=main, hour=at - timedelta(days=1), received=7)
    ChannelHour.objects.create(channel=main, hour=at - timedelta(days=8), received=7)
    event = ChannelEvent.objects.create(channel=main, kind="restricted")
    ChannelEvent.objects.filter(pk=event.pk).update(at=at)
    facts = facts_of(main, at, zone)
    assert (facts.sent_hour, facts.sent_day, facts.sent_week, facts.failed_day) == (1, 3, 4, 1)
    assert (facts.received_week, facts.night_day, facts.restrictions_month) == (7, 1, 1)
    assert (facts.smallest_gap, facts.daily_cap, facts.age_days > 90) == (45.0, 600, True)


@pytest.mark.django_db
@pytest.mark.usefixtures("inside")
def test_what_people_write_is_counted_by_hour_and_our_own_is_not(main: Channel) -> None:
    at = now().replace(minute=10)

    def message(chat: str, moment: datetime, *, from_me: bool = False) -> InboundMessage:
        return InboundMessage(
            external_id=f"{chat}{moment}", chat_id=chat, phone=None, identities=(), name="", kind="text", text="Oi",
            at=moment, from_me=from_me,
        )  # fmt: skip

    first = [message("a", at), message("a", at), message("b", at), message("a", at, from_me=True)]
    note_received(main, [*first, message("a", at - timedelta(hours=1))])
    note_received(main, [message("c", at)])
    note_received(main, [message("c", at, from_me=True)])
    rows = list(ChannelHour.objects.order_by("hour").values_list("received", "people"))
    assert rows == [(1, 1), (4, 3)]
