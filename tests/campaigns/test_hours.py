"""When people answer: the map of a week, its page, and the pace that follows it in the plan and in the sender alike."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from accounts.models import Membership, Organization, User
from campaigns.models import Campaign, Recipient
from campaigns.queries.replies import replies_of
from campaigns.sender.due import look
from campaigns.services import lifecycle
from core.clock import now
from core.week import Week
from gateways.models import Channel, ChannelHour, PaceSettings
from gateways.pacing import pace_of
from gateways.pool.shape import answers_of, learn

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
PATH = "/campanhas/respostas/"
SAO_PAULO = "America/Sao_Paulo"


def heard(channel: Channel, count: int = 40, days: int = 10) -> None:
    """Let people write at 10 h of the business's clock on each of the last days."""
    ten = now().astimezone(ZoneInfo(SAO_PAULO)).replace(hour=10, minute=0, second=0, microsecond=0)
    for number in range(1, days + 1):
        at = (ten - timedelta(days=number)).astimezone(UTC)
        ChannelHour.objects.create(channel=channel, hour=at, received=count)


# ---- The map


def test_a_week_counts_by_day_and_hour() -> None:
    week = Week.of([(0, 9, 3), (0, 9, 2), (6, 23, 10), (3, 0, 1)])
    assert (week.counts[0][9], week.counts[6][23], week.total) == (5, 10, 16)
    assert week.best == (6, 23)
    assert (week.level(6, 23), week.level(0, 9), week.level(3, 0), week.level(1, 1)) == (5, 3, 1, 0)
    assert week.hours == range(24)
    assert Week.of([(0, 9, 1)]).hours == range(8, 20)
    assert (Week.of([]).best, Week.of([]).level(0, 0)) == (None, 0)


def test_answers_to_a_campaign_fall_on_the_clock_of_the_business(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(3))
    rows = list(Recipient.objects.filter(campaign=campaign))
    # A Monday, 00:30 in UTC, is still Sunday evening in São Paulo.
    for row, at in zip(
        rows, [datetime(2026, 11, 16, 0, 30, tzinfo=UTC), datetime(2026, 11, 16, 13, 5, tzinfo=UTC)], strict=False
    ):
        Recipient.objects.filter(pk=row.pk).update(state="read", sent_at=at, replied_at=at)
    week = replies_of(campaign)
    assert (week.counts[6][21], week.counts[0][10], week.total) == (1, 1, 2)


def test_the_map_of_the_business_takes_its_own_numbers_alone(
    in_acme: Organization, make_channel: Any, carla: Membership
) -> None:
    heard(make_channel())
    week = answers_of(SAO_PAULO, now())
    assert week.total == 400 and sum(day[10] for day in week.counts) == 400


# ---- The page


def test_the_page_shows_a_table_that_can_be_read_aloud(
    ana: Membership, login: Login, in_acme: Organization, make_channel: Any
) -> None:
    heard(make_channel())
    page = login(ana).get(PATH).content.decode()
    table = page[page.index('<table class="heat"') : page.index("</table>")]
    assert table.count('scope="col"') == 8 and table.count('scope="row"') == 12
    assert len(re.findall(r"<td ", table)) == 12 * 7
    assert 'data-level="5"' in table and "A maioria escreve" in page


def test_with_too_little_the_page_says_how_much_is_missing(
    ana: Membership, login: Login, in_acme: Organization, make_channel: Any
) -> None:
    heard(make_channel(), count=29)
    assert "faltam 10 mensagens" in login(ana).get(PATH).content.decode()


def test_nobody_wrote_yet(bruno: Membership, login: Login) -> None:
    page = login(bruno).get(PATH).content.decode()
    assert "Ninguém respondeu ainda" in page and "<table" not in page


def test_an_administrator_switches_it_and_nobody_else(
    ana: Membership, bruno: Membership, login: Login, in_acme: Organization, make_channel: Any
) -> None:
    heard(make_channel())
    learn(in_acme.pk, now())
    assert "Manter o mesmo ritmo" not in login(bruno).get(PATH).content.decode()
    assert login(bruno).post(f"{PATH}ritmo/", {"follows": "no"}).status_code == 403
    assert "Manter o mesmo ritmo" in login(ana).get(PATH).content.decode()
    assert login(ana).post(f"{PATH}ritmo/", {"follows": "no"})["Location"] == PATH
    assert PaceSettings.objects.get().follows_answers is False
    assert Channel.objects.get().hour_shape is None
    assert "desligado" in login(ana).get(PATH).content.decode()
    login(ana).post(f"{PATH}ritmo/", {"follows": "yes"})
    assert Channel.objects.get().hour_shape is not None


def test_the_map_of_a_campaign_is_a_page_and_a_part_of_its_report(
    bruno: Membership, carla: Membership, login: Login, in_acme: Organization, make_campaign: Any
) -> None:
    campaign = lifecycle.start(make_campaign(2))
    Recipient.objects.filter(campaign=campaign).update(state="read", sent_at=now(), replied_at=now())
    path = f"/campanhas/{campaign.pk}/respostas/"
    client = login(bruno)
    whole, part = client.get(path), client.get(path, headers={"HX-Request": "true"})
    assert "<html" in whole.content.decode() and "<html" not in part.content.decode()
    assert 'id="heat"' in part.content.decode()
    # Answers go on coming in while the report is open.
    assert f'hx-get="{path}" hx-trigger="live:campaign:{campaign.pk} ' in part.content.decode()
    assert f'hx-get="{path}"' in client.get(f"/campanhas/{campaign.pk}/").content.decode()
    assert login(carla).get(path).status_code == 404


# ---- The pace


def test_plan_and_sender_stretch_the_same_hours(in_acme: Organization, make_channel: Any) -> None:
    channel = make_channel(
        provider="waha", gap_ms=1_000, config={"base_url": "https://waha.test", "session": "x", "api_key": "k"}
    )
    heard(channel)
    learn(in_acme.pk, now())
    facts = look(channel.pk, in_acme.pk)
    assert facts.pace == pace_of(facts.channel, facts.at)
    day = datetime(2026, 11, 25, tzinfo=ZoneInfo(SAO_PAULO))
    busy, slow = (pace_of(facts.channel, day.replace(hour=hour)).min_gap for hour in (10, 17))
    assert (busy, slow) == (timedelta(seconds=1), timedelta(seconds=2))


def test_a_campaign_of_nobody_has_no_map(in_acme: Organization, make_campaign: Any) -> None:
    assert replies_of(make_campaign(1)).total == 0
    assert Campaign.objects.count() == 1
