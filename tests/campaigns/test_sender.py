import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.backends.utils import CursorWrapper

from accounts.models import AuditEntry, Organization
from billing.models import Plan, UsageDay
from campaigns.models import Campaign, CampaignState, Recipient
from campaigns.sender import claiming, claims, ledger, settling
from campaigns.sender.outcomes import Settlement
from campaigns.services import lifecycle
from conversations.models import Conversation, Message
from core.clock import now
from core.tenancy import activate_organization
from gateways.contract import Outcome, OutgoingMessage, SendResult
from gateways.models import Channel, ChannelEvent, ChannelState, MessageStatus, NumberCheck
from leads.services.contacts import opt_out
from tests.campaigns.sending import Provider, install, nothing_open, send_for, send_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    return install(monkeypatch)


def states(campaign: Campaign) -> dict[str, int]:
    return dict(Counter(Recipient.objects.filter(campaign=campaign).values_list("state", flat=True)))


def billed() -> int:
    return sum(UsageDay.objects.values_list("messages", flat=True))


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def test_everybody_receives_once_and_the_campaign_ends(
    in_acme: Organization, make_campaign: Any, provider: Provider
) -> None:
    campaign = lifecycle.start(make_campaign(300))
    send_until()
    assert Counter(provider.phones).most_common(1)[0][1] == 1
    assert len(provider.sent) == 300
    assert states(campaign) == {"sent": 300}
    done = fresh(campaign)
    assert (done.state, done.sent_count, done.errors) == (CampaignState.COMPLETED, 300, {})
    assert billed() == 300


def test_what_was_sent_stands_in_waiting_conversations(
    in_acme: Organization, make_campaign: Any, provider: Provider
) -> None:
    campaign = lifecycle.start(make_campaign(5))
    send_until()
    assert set(Conversation.objects.values_list("status", flat=True)) == {"waiting"}
    written = dict(Message.objects.values_list("campaign_ref", "body"))
    assert written == dict(campaign.recipients.values_list("pk", "body"))
    ids = set(Message.objects.values_list("external_id", flat=True))
    assert ids == set(campaign.recipients.values_list("external_id", flat=True))


def test_messages_leave_in_the_order_of_the_list(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    channel = make_channel(gap_ms=10)
    campaign = lifecycle.start(make_campaign(30, channels=[channel]))
    send_until()
    order = list(campaign.recipients.order_by("position").values_list("phone", flat=True))
    assert provider.phones == order


def test_a_number_waits_its_gap_between_two_sends(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    lifecycle.start(make_campaign(6, channels=[make_channel(gap_ms=300)]))
    send_until()
    moments = [at for _phone, _text, at in provider.sent]
    gaps = [after - before for before, after in zip(moments, moments[1:], strict=False)]
    assert len(gaps) == 5
    assert min(gaps) >= 0.29
    assert max(gaps) < 0.6
    assert provider.most_under_way == 1


def test_quick_gaps_keep_their_rate(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    lifecycle.start(make_campaign(160, channels=[make_channel(gap_ms=12)]))
    send_until()
    span = provider.sent[-1][2] - provider.sent[0][2]
    assert span == pytest.approx(159 * 0.0125, rel=0.15)


REFUSED = SendResult(Outcome.REFUSED, code="400", detail="bad request")


@pytest.mark.parametrize(
    ("result", "state", "in_thread", "count"),
    [
        (REFUSED, "failed", 0, 0),
        (SendResult(Outcome.INVALID_NUMBER, code="no_whatsapp"), "invalid", 0, 0),
        (SendResult(Outcome.UNKNOWN, code="no_answer", detail="reset"), "unknown", 1, 1),
        (SendResult(Outcome.SENT, "abc"), "sent", 1, 1),
    ],
)
def test_final_outcomes(
    in_acme: Organization,
    make_campaign: Any,
    provider: Provider,
    result: SendResult,
    state: str,
    in_thread: int,
    count: int,
) -> None:
    provider.answer = lambda _message: result
    campaign = lifecycle.start(make_campaign(1))
    send_until()
    assert states(campaign) == {state: 1}
    assert Message.objects.count() == in_thread
    assert list(Message.objects.values_list("state", flat=True)) == [state] * in_thread
    assert billed() == count
    assert Channel.objects.get().sent_today == count + (state == "failed")
    assert fresh(campaign).state == CampaignState.COMPLETED
    errors = {
        "failed": {"400": {"count": 1, "text": "bad request"}},
        "invalid": {"no_whatsapp": {"count": 1, "text": ""}},
    }
    assert fresh(campaign).errors == errors.get(state, {})


def test_an_error_in_the_adapter_leaves_the_send_in_doubt(
    in_acme: Organization, make_campaign: Any, provider: Provider
) -> None:
    def burst(_message: OutgoingMessage) -> SendResult:
        raise ValueError("surprise")

    provider.answer = burst
    campaign = lifecycle.start(make_campaign(1))
    send_until()
    assert states(campaign) == {"unknown": 1}


def test_what_did_not_leave_is_tried_again_after_one_four_and_sixteen_seconds(
    in_acme: Organization, make_campaign: Any, provider: Provider
) -> None:
    provider.answer = lambda _message: SendResult(Outcome.NOT_SENT, code="refused")
    campaign = lifecycle.start(make_campaign(1))
    waits = []
    for _ in range(3):
        before = now()
        send_until(lambda: not Recipient.unscoped.filter(next_attempt_at=None).exists())
        recipient = campaign.recipients.get()
        assert recipient.state == "queued"
        waits.append(round((recipient.next_attempt_at - before).total_seconds(), 0))
        campaign.recipients.update(next_attempt_at=None)
    assert waits == [1.0, 4.0, 16.0]
    send_until(nothing_open)
    assert states(campaign) == {"failed": 1}
    assert len(provider.sent) == 4
    assert billed() == 0


def test_too_many_requests_rest_the_number_as_long_as_asked_and_fail_nothing(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    later = SendResult(Outcome.LATER, code="429", retry_after_seconds=2)
    provider.answer = lambda message: later if len(provider.sent) == 3 else provider.accept(message)
    campaign = lifecycle.start(make_campaign(6, channels=[make_channel(gap_ms=20)]))
    send_until()
    assert states(campaign) == {"sent": 6}
    assert len(provider.sent) == 7
    assert provider.sent[3][2] - provider.sent[2][2] >= 2.0
    assert Channel.objects.get().pause_reason == "429"
    assert set(campaign.recipients.values_list("attempts", flat=True)) == {1}


def test_a_number_that_is_down_fails_nothing(in_acme: Organization, make_campaign: Any, provider: Provider) -> None:
    provider.answer = lambda _message: SendResult(Outcome.CHANNEL_DOWN, code="unreachable", detail="refused")
    campaign = lifecycle.start(make_campaign(40))
    send_until(lambda: Channel.unscoped.get().state == ChannelState.DISCONNECTED)
    assert states(campaign) == {"queued": 40}
    assert set(campaign.recipients.values_list("attempts", "channel_id", "claim_token")) == {(0, None, None)}
    assert billed() == 0
    provider.answer = provider.accept
    Channel.objects.update(state=ChannelState.CONNECTED)
    send_until()
    assert states(campaign) == {"sent": 40}


def test_a_gateway_that_only_leaves_doubts_is_soon_left_alone(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    provider.answer = lambda _message: SendResult(Outcome.UNKNOWN, code="503")
    campaign = lifecycle.start(make_campaign(40, channels=[make_channel(gap_ms=20)]))
    send_for(2.0)
    assert len(provider.sent) <= 6
    assert states(campaign)["unknown"] == len(provider.sent)
    channel = Channel.objects.get()
    assert channel.state == ChannelState.DISCONNECTED or channel.paused_until > now()


def test_a_known_invalid_number_is_not_asked_again(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    channel = make_channel()
    campaign = make_campaign(2, channels=[channel])
    lifecycle.start(campaign)
    first = campaign.recipients.order_by("position").first()
    NumberCheck.objects.create(channel=channel, phone=first.phone, exists=False)
    send_until()
    assert states(campaign) == {"invalid": 1, "sent": 1}
    assert first.phone not in provider.phones


def test_what_a_send_teaches_of_a_phone_is_kept(in_acme: Organization, make_campaign: Any, provider: Provider) -> None:
    def answer(message: OutgoingMessage) -> SendResult:
        if len(provider.sent) == 1:
            return SendResult(Outcome.INVALID_NUMBER, code="no_whatsapp")
        return SendResult(Outcome.SENT, "x1", "5511900000000@c.us")

    provider.answer = answer
    campaign = lifecycle.start(make_campaign(2))
    send_until()
    phones = list(campaign.recipients.order_by("position").values_list("phone", flat=True))
    assert dict(NumberCheck.objects.values_list("phone", "chat_id")) == {phones[0]: "", phones[1]: "5511900000000@c.us"}


def test_a_pause_stops_at_once(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    campaign = lifecycle.start(make_campaign(60, channels=[make_channel(gap_ms=50)]))

    def pause_at_ten(message: OutgoingMessage) -> SendResult:
        if len(provider.sent) == 10:
            campaign_pause.append(time.monotonic())
        return provider.accept(message)

    campaign_pause: list[float] = []
    provider.answer = pause_at_ten

    def paused() -> bool:
        if campaign_pause:
            with activate_organization(in_acme.pk):
                lifecycle.pause(campaign)
            campaign_pause.append(time.monotonic())
            return True
        return False

    send_until(paused)
    count = len(provider.sent)
    send_for(0.5)
    assert len(provider.sent) <= count + 1
    assert states(campaign) == {"sent": len(provider.sent), "queued": 60 - len(provider.sent)}
    lifecycle.resume(campaign)
    send_until()
    assert Counter(provider.phones).most_common(1)[0][1] == 1
    assert states(campaign) == {"sent": 60}


def test_nobody_is_written_to_after_opting_out(in_acme: Organization, make_campaign: Any, provider: Provider) -> None:
    campaign = lifecycle.start(make_campaign(5))
    quitter = campaign.recipients.order_by("position").last()
    opt_out(quitter.contact_id, reason="sair", at=now())
    send_until()
    quitter.refresh_from_db()
    assert (quitter.state, quitter.skip_reason) == ("skipped", "opted_out")
    assert states(campaign) == {"sent": 4, "skipped": 1}


def test_outside_the_sending_hours_nothing_leaves(
    in_acme: Organization, make_campaign: Any, provider: Provider
) -> None:
    local = datetime.now(UTC) + timedelta(hours=-3)
    tomorrow = (local.weekday() + 2) % 7
    campaign = lifecycle.start(make_campaign(2, sending_hours={"days": [tomorrow], "start": "09:00", "end": "10:00"}))
    send_for(1.2)
    assert provider.sent == []
    assert states(campaign) == {"queued": 2}


def test_the_daily_cap_of_a_number_holds(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    channel = make_channel(daily_limit=7)
    campaign = lifecycle.start(make_campaign(20, channels=[channel]))
    send_for(1.5)
    assert len(provider.sent) == 7
    assert states(campaign) == {"sent": 7, "queued": 13}
    channel.refresh_from_db()
    assert channel.sent_today == 7


def test_quiet_hours_of_a_number_hold(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    local = datetime.now(UTC) + timedelta(hours=-3)
    channel = make_channel(
        quiet_start=(local - timedelta(hours=1)).time(), quiet_end=(local + timedelta(hours=1)).time()
    )
    lifecycle.start(make_campaign(2, channels=[channel]))
    send_for(1.2)
    assert provider.sent == []


def test_past_the_plans_day_the_campaign_pauses_and_says_why(
    make_organization: Any, make_campaign: Any, provider: Provider
) -> None:
    Plan.objects.filter(code="starter").update(daily_messages=12, messages_per_minute=None)
    starter = make_organization("Pequena", plan="starter")
    with activate_organization(starter.pk):
        campaign = lifecycle.start(make_campaign(20))
        send_until(lambda: Campaign.unscoped.get().state == "paused")
        assert len(provider.sent) == 12
        assert states(campaign) == {"sent": 12, "queued": 8}
        assert fresh(campaign).pause_reason == "plan:daily_limit"
        assert billed() == 12
        assert AuditEntry.objects.filter(action="campaign.paused", actor=None).count() == 1


def test_a_campaign_that_uses_the_plan_up_exactly_completes(
    make_organization: Any, make_campaign: Any, provider: Provider
) -> None:
    Plan.objects.filter(code="starter").update(daily_messages=12, messages_per_minute=None)
    with activate_organization(make_organization("Pequena", plan="starter").pk):
        campaign = lifecycle.start(make_campaign(12))
        send_until()
        assert fresh(campaign).state == CampaignState.COMPLETED


def test_the_plans_rate_per_minute_holds(
    make_organization: Any, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    Plan.objects.filter(code="starter").update(daily_messages=None, monthly_messages=None, messages_per_minute=240)
    with activate_organization(make_organization("Pequena", plan="starter").pk):
        lifecycle.start(make_campaign(12, channels=[make_channel("Um"), make_channel("Dois")]))
        send_until()
    span = provider.sent[-1][2] - provider.sent[0][2]
    assert span == pytest.approx(11 * 60.6 / 240, rel=0.2)


def test_campaigns_of_one_number_take_turns(
    in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any, provider: Provider
) -> None:
    channel = make_channel(gap_ms=160)
    for name, first in (("A", 0), ("B", 100), ("C", 200)):
        lifecycle.start(make_campaign(channels=[channel], lists=[make_list(5, first=first)], body=name))
    send_until()
    order = [text for _phone, text, _at in provider.sent]
    assert sorted(order) == sorted("ABC" * 5)
    assert all(set(order[i : i + 3]) == set("ABC") for i in range(0, 15, 3))


def test_a_higher_priority_goes_first(
    in_acme: Organization, make_campaign: Any, make_channel: Any, make_list: Any, provider: Provider
) -> None:
    channel = make_channel(gap_ms=20)
    for name, priority in (("baixa", 0), ("alta", 5)):
        lists = [make_list(8, first=100 * priority)]
        lifecycle.start(make_campaign(channels=[channel], lists=lists, body=name, priority=priority))
    send_until()
    assert [text for _phone, text, _at in provider.sent] == ["alta"] * 8 + ["baixa"] * 8


def test_numbers_share_a_campaign(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    channels = [make_channel(name, gap_ms=40) for name in ("Um", "Dois", "Três")]
    campaign = lifecycle.start(make_campaign(60, channels=channels))
    send_until()
    shares = Counter(campaign.recipients.values_list("channel__name", flat=True))
    assert set(shares) == {"Um", "Dois", "Três"}
    assert min(shares.values()) >= 15


def test_a_standby_takes_over_from_a_restricted_number_and_it_is_written_down(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    active, standby = make_channel("Titular", gap_ms=60), make_channel("Reserva", gap_ms=20, role="standby")
    campaign = lifecycle.start(make_campaign(30, channels=[active, standby]))
    send_until(lambda: len(provider.sent) >= 3)
    assert set(campaign.recipients.filter(state="sent").values_list("channel__name", flat=True)) == {"Titular"}
    Channel.objects.filter(pk=active.pk).update(state=ChannelState.RESTRICTED, state_at=now())
    by_active = len(provider.sent)
    send_until()
    assert states(campaign) == {"sent": 30}
    assert Counter(provider.phones).most_common(1)[0][1] == 1
    assert campaign.recipients.filter(channel=standby).count() == 30 - by_active > 0
    assert list(ChannelEvent.objects.filter(kind="took_over").values_list("channel__name", flat=True)) == ["Reserva"]
    assert AuditEntry.objects.filter(action="campaign.standby_took_over").count() == 1


def test_contacts_of_a_dead_number_go_to_the_others(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    first, second = make_channel("Um"), make_channel("Dois")
    campaign = make_campaign(6, channels=[first, second])
    lifecycle.start(campaign)
    campaign.recipients.filter(position__lte=3).update(channel=first, pinned=True)
    Channel.objects.filter(pk=first.pk).update(state=ChannelState.DISCONNECTED, state_at=now() - timedelta(minutes=1))
    send_until()
    assert set(campaign.recipients.values_list("channel_id", flat=True)) == {second.pk}


def test_contacts_wait_for_their_number_while_it_only_restarts(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    first, second = make_channel("Um"), make_channel("Dois")
    campaign = make_campaign(6, channels=[first, second])
    lifecycle.start(campaign)
    campaign.recipients.filter(position__lte=3).update(channel=first, pinned=True)
    Channel.objects.filter(pk=first.pk).update(state=ChannelState.DISCONNECTED, state_at=now())
    send_for(1.5)
    assert states(campaign) == {"sent": 3, "queued": 3}


def test_a_status_that_came_before_the_send_was_written_is_applied(
    in_acme: Organization, make_campaign: Any, provider: Provider
) -> None:
    campaign = lifecycle.start(make_campaign(1))
    channel = campaign.channels.get()

    async def read_before_the_answer(_message: OutgoingMessage) -> SendResult:
        status = {"organization_id": in_acme.pk, "channel_id": channel.pk, "external_id": "early", "state": "read"}
        await asyncio.to_thread(lambda: MessageStatus.objects.create(**status, read_at=now()))
        return SendResult(Outcome.SENT, "early")

    provider.answer = read_before_the_answer
    send_until()
    assert states(campaign) == {"read": 1}
    assert Message.objects.get().state == "read"
    assert fresh(campaign).sent_count == 1


def test_organizations_never_cross(
    in_acme: Organization,
    make_organization: Any,
    make_campaign: Any,
    make_channel: Any,
    make_list: Any,
    provider: Provider,
) -> None:
    other = make_organization("Bela Flor")
    lifecycle.start(make_campaign(body="acme", lists=[make_list(20, first=0)]))
    with activate_organization(other.pk):
        lifecycle.start(make_campaign(body="flor", lists=[make_list(20, first=5000)]))
        flowers = set(Recipient.objects.values_list("phone", flat=True))
    send_until()
    for phone, text, _at in provider.sent:
        assert (text == "flor") == (phone in flowers)
    assert len(provider.sent) == 40
    for organization in (in_acme, other):
        with activate_organization(organization.pk):
            assert Message.objects.count() == 20
            assert set(Recipient.objects.values_list("channel__organization", flat=True)) == {organization.pk}


def test_the_simulator_is_driven_like_any_other_provider(in_acme: Organization, make_campaign: Any) -> None:
    campaign = lifecycle.start(make_campaign(20))
    send_until()
    assert states(campaign) == {"sent": 20}
    assert campaign.recipients.exclude(external_id__startswith="sim-").count() == 0


def test_stopping_gives_back_what_was_not_begun(
    in_acme: Organization, make_campaign: Any, make_channel: Any, provider: Provider
) -> None:
    async def slow(message: OutgoingMessage) -> SendResult:
        await asyncio.sleep(0.4)
        return provider.accept(message)

    provider.answer = slow
    campaign = lifecycle.start(make_campaign(100))
    send_until(lambda: len(provider.sent) >= 16)
    assert states(campaign) == {"sent": len(provider.sent), "queued": 100 - len(provider.sent)}
    channel = Channel.objects.get()
    assert channel.lease_until is None
    assert billed() == len(provider.sent)


class LateClock:
    """The time by which claims are asked for: the first of them so long ago that more than half of its lease is over."""

    def __init__(self) -> None:
        self.asked = 0

    def monotonic(self) -> float:
        self.asked += 1
        return time.monotonic() - (claims.LEASE_SECONDS / 2 + 1 if self.asked == 1 else 0)


def test_what_is_not_begun_within_half_the_lease_goes_back_unsent_and_is_claimed_again(
    in_acme: Organization, make_campaign: Any, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[Settlement] = []
    settle = settling.settle_batch

    def noting(organization_id: Any, channel_id: Any, batch: list[Settlement]) -> list[Settlement]:
        ended.extend(batch)
        return settle(organization_id, channel_id, batch)

    monkeypatch.setattr(claiming, "time", LateClock())
    monkeypatch.setattr(ledger, "settle_batch", noting)
    campaign = lifecycle.start(make_campaign(20))
    send_until()
    late = [one.claimed.phone for one in ended if one.state == "queued"]
    assert len(late) == len(set(late)) > 0
    assert Counter(provider.phones) == dict.fromkeys(campaign.recipients.values_list("phone", flat=True), 1)
    assert set(campaign.recipients.values_list("state", "attempts")) == {("sent", 1)}
    assert (billed(), Channel.objects.get().sent_today) == (20, 20)


def test_streaming_costs_few_statements(
    in_acme: Organization, make_campaign: Any, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[str] = []
    execute = CursorWrapper.execute

    def counting(self: Any, sql: Any, params: Any = None) -> Any:
        executed.append(str(sql).strip()[:40])
        return execute(self, sql, params)

    async def quick(message: OutgoingMessage) -> SendResult:
        await asyncio.sleep(0.02)
        return provider.accept(message)

    provider.answer = quick
    lifecycle.start(make_campaign(3000, body="Oi"))
    monkeypatch.setattr(CursorWrapper, "execute", counting)
    send_until(lambda: len(provider.sent) == 3000)
    assert len(executed) / 3000 <= 0.07, Counter(executed)  # with the looks and sweeps of a process that starts
