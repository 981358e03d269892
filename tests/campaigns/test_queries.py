from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import Http404

from accounts.models import Organization
from campaigns import queries
from campaigns.models import Campaign, Recipient
from campaigns.rates import conversion_rate, success_rate
from campaigns.services import lifecycle, watch
from core.clock import now
from core.pagination import keyset_page
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelState

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sent", "failed", "invalid", "rate"),
    [(0, 0, 0, 0.0), (742, 11, 23, 95.62), (2, 1, 0, 66.67), (5, 0, 0, 100.0), (0, 1, 1, 0.0)],
)
def test_success_is_what_was_sent_of_what_was_tried(sent: int, failed: int, invalid: int, rate: float) -> None:
    assert success_rate(sent=sent, failed=failed, invalid=invalid) == rate


@pytest.mark.parametrize(("deals", "sent", "rate"), [(0, 0, 0.0), (3, 0, 0.0), (9, 742, 1.21), (1, 3, 33.33)])
def test_conversion_is_deals_of_what_was_sent(deals: int, sent: int, rate: float) -> None:
    assert conversion_rate(closed_deals=deals, sent=sent) == rate


@pytest.fixture
def campaign(in_acme: Organization, make_campaign: Any) -> Campaign:
    """A running campaign with recipients in every state, two of them answered."""
    running = lifecycle.start(make_campaign(13))
    rows = Recipient.objects.filter(campaign=running)
    states = ["queued", "queued", "sending", "sent", "delivered", "delivered", "read", "read", "read", "failed", "invalid",
              "skipped", "unknown"]  # fmt: skip
    for position, state in enumerate(states, 1):
        rows.filter(position=position).update(state=state)
    rows.filter(position__in=[7, 8]).update(replied_at=now())
    rows.filter(state="skipped").update(skip_reason="opted_out")
    lifecycle.adjust_deals(running, 2)
    running.refresh_from_db()
    return running


def test_the_figures_are_exactly_those_of_the_api(campaign: Campaign) -> None:
    assert queries.stats(campaign.pk).as_dict() == {
        "state": "running", "total": 12, "pending": 3, "sent": 6, "delivered": 5, "read": 3, "replied": 2, "failed": 1,
        "invalid": 1, "skipped": 1, "unknown": 1, "closed_deals": 2, "success_rate": 75.0, "conversion_rate": 33.33,
    }  # fmt: skip


def test_the_parts_add_up_to_the_total(campaign: Campaign) -> None:
    figures = queries.stats(campaign)
    assert figures.total == figures.pending + figures.sent + figures.failed + figures.invalid + figures.unknown
    assert (figures.done, figures.percent) == (9, 75)


def test_a_draft_has_zeros(in_acme: Organization, make_campaign: Any) -> None:
    figures = queries.stats(make_campaign())
    assert (figures.total, figures.percent, figures.success_rate, figures.reply_rate) == (0, 0, 0.0, 0.0)


def test_the_figures_of_many_campaigns_take_one_query(
    campaign: Campaign, make_campaign: Any, make_list: Any, django_assert_num_queries: Any
) -> None:
    other = make_campaign(lists=[make_list(2, first=100)])
    lifecycle.start(other)
    with django_assert_num_queries(1):
        figures = queries.stats_of([campaign, other])
    assert (figures[campaign.pk].total, figures[other.pk].pending) == (12, 2)


def test_campaigns_of_others_are_absent(campaign: Campaign, make_organization: Any) -> None:
    with activate_organization(make_organization("Bela Flor").pk), pytest.raises(Http404):
        queries.get_campaign(campaign.pk)


def test_recipients_by_state(campaign: Campaign) -> None:
    assert queries.recipients(campaign).count() == 13
    assert queries.recipients(campaign, "read").count() == 3
    assert queries.recipients(campaign, "replied").count() == 2
    page = keyset_page(queries.recipients(campaign), order="position", cursor=None, size=5)
    rest = keyset_page(queries.recipients(campaign), order="position", cursor=page.next_cursor, size=50)
    assert [row.position for row in [*page.items, *rest.items]] == list(range(1, 14))


def test_left_out_by_reason(campaign: Campaign) -> None:
    assert queries.skipped_reasons(campaign) == {"opted_out": 1}


def test_variants_and_numbers_side_by_side(campaign: Campaign) -> None:
    channel = campaign.channels.get()
    Recipient.objects.update(channel=channel)
    (variant,), (number,) = queries.variant_figures(campaign), queries.channel_figures(campaign)
    assert (variant["variant"].label, variant["sent"], variant["replied"], variant["reply_rate"]) == ("A", 6, 2, 33.33)
    assert (number["channel"], number["total"], number["read"], number["failed"], number["took_over_at"]) == (
        channel, 12, 3, 2, None,
    )  # fmt: skip


def codes(campaign: Campaign) -> list[str]:
    return [wait.code for _name, wait in queries.waits(campaign)]


def test_a_campaign_that_may_send_waits_for_nothing(campaign: Campaign) -> None:
    assert codes(campaign) == []
    assert queries.waiting_reasons(campaign) == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"state": ChannelState.DISCONNECTED}, "disconnected"),
        ({"state": ChannelState.RESTRICTED}, "restricted"),
        ({"state": ChannelState.QR_REQUIRED}, "qr_required"),
        ({"state": ChannelState.PAUSED}, "paused"),
        ({"paused_until": datetime(2199, 1, 1, tzinfo=UTC)}, "rest"),
        ({"next_send_at": datetime(2199, 1, 1, tzinfo=UTC)}, "gap"),
        ({"daily_limit": 0}, "daily_cap"),
        ({"removed_at": datetime(2026, 1, 1, tzinfo=UTC)}, "removed"),
    ],
)
def test_a_number_that_holds_the_campaign_back_is_named(campaign: Campaign, values: dict[str, Any], code: str) -> None:
    Channel.objects.update(**values)
    assert codes(campaign) == [code]
    (sentence,) = queries.waiting_reasons(campaign)
    assert "%" not in sentence


def test_one_free_number_is_enough(campaign: Campaign, make_channel: Any) -> None:
    Channel.objects.update(state=ChannelState.DISCONNECTED)
    campaign.channels.add(make_channel("Dois"), through_defaults={"organization_id": campaign.organization_id})
    assert codes(campaign) == []


def test_a_standby_does_not_count_until_it_took_over(campaign: Campaign, make_channel: Any) -> None:
    Channel.objects.update(state=ChannelState.DISCONNECTED)
    standby = make_channel("Reserva", role="standby")
    campaign.channels.add(standby, through_defaults={"organization_id": campaign.organization_id})
    assert codes(campaign) == ["disconnected"]
    campaign.campaign_channels.filter(channel=standby).update(took_over_at=now())
    assert codes(campaign) == []


def test_outside_the_sending_hours(campaign: Campaign) -> None:
    local = datetime.now(UTC) - timedelta(hours=3)
    campaign.sending_hours = {"days": [(local.weekday() + 2) % 7], "start": "09:00", "end": "10:00"}
    assert codes(campaign) == ["sending_hours"]


def test_waiting_for_the_next_try(campaign: Campaign) -> None:
    Recipient.objects.filter(state="queued").update(next_attempt_at=now() + timedelta(seconds=16))
    assert codes(campaign) == ["retry"]


def test_being_prepared(campaign: Campaign) -> None:
    campaign.audience_built_at = None
    assert codes(campaign) == ["preparing"]


def test_paused_campaigns_wait_for_a_person_not_for_a_number(campaign: Campaign) -> None:
    Channel.objects.update(state=ChannelState.DISCONNECTED)
    lifecycle.pause(campaign)
    campaign.refresh_from_db()
    assert codes(campaign) == []


@pytest.mark.parametrize("reason", ["plan:daily_limit", "plan:monthly_limit", "plan:trial_expired", "late_start"])
def test_a_pause_by_the_system_is_put_into_words(campaign: Campaign, reason: str) -> None:
    lifecycle.pause_by_system(campaign.pk, reason)
    campaign.refresh_from_db()
    assert queries.pause_words(campaign) not in {"", reason}


def test_the_watchdog_notes_why_a_campaign_waits(campaign: Campaign) -> None:
    assert watch.watch_running() == 0
    Channel.objects.update(state=ChannelState.DISCONNECTED)
    assert watch.watch_running() == 1
    campaign.refresh_from_db()
    assert campaign.wait_reason["code"] == "disconnected"
    assert queries.waiting_note(campaign) == queries.waiting_reasons(campaign)
    Channel.objects.update(state=ChannelState.CONNECTED)
    assert watch.watch_running() == 1
    campaign.refresh_from_db()
    assert (campaign.wait_reason, queries.waiting_note(campaign)) == ({}, [])


def test_a_campaign_that_stands_still_without_a_reason_is_noticed(campaign: Campaign) -> None:
    Campaign.objects.update(started_at=now() - timedelta(minutes=10))
    watch.watch_running()
    campaign.refresh_from_db()
    assert campaign.wait_reason["code"] == "no_progress"


def test_the_end_is_forecast_from_the_pace(campaign: Campaign) -> None:
    Channel.objects.update(min_gap_ms=60_000, max_gap_ms=60_000)
    at = datetime(2026, 11, 23, 15, tzinfo=UTC)
    end = queries.eta(campaign, at)
    assert end is not None
    assert end - at == timedelta(minutes=1)


def test_the_forecast_heeds_cap_and_sending_hours(in_acme: Organization, make_campaign: Any, make_channel: Any) -> None:
    channel = make_channel(gap_ms=60_000, daily_limit=4)
    campaign = make_campaign(6, channels=[channel], sending_hours={"start": "09:00", "end": "18:00"})
    lifecycle.start(campaign)
    end = queries.eta(campaign, datetime(2026, 11, 23, 15, tzinfo=UTC))
    assert end is not None
    assert end == datetime(2026, 11, 24, 12, 1, tzinfo=UTC)


def test_there_is_no_forecast_without_a_number(campaign: Campaign) -> None:
    Channel.objects.update(state=ChannelState.DISCONNECTED)
    assert queries.eta(campaign) is None
