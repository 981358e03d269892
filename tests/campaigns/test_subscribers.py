import itertools
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Organization
from campaigns.models import Campaign, Recipient
from campaigns.services import lifecycle
from campaigns.services.statuses import apply_known_statuses
from campaigns.subscribers import (
    attribute_reply,
    confirm_unknown_by_echo,
    leave_out_who_asked,
    leave_out_who_was_erased,
    move_recipient_states,
)
from conversations.events import CustomerReplied
from conversations.models import Message
from core.clock import now
from gateways.contract import DeliveryUpdate
from gateways.events import MessagesReceived, StatusesReceived
from gateways.models import Channel
from gateways.statuses import record_statuses
from leads.events import ContactAnonymised, ContactOptedOut

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(in_acme: Organization, make_campaign: Any) -> Campaign:
    """A running campaign whose four messages were sent as m1 to m4."""
    running = lifecycle.start(make_campaign(4))
    channel = running.channels.get()
    for row in Recipient.objects.all():
        row.state, row.channel, row.external_id, row.sent_at = "sent", channel, f"m{row.position}", now()
        row.save()
    Campaign.objects.update(sent_count=4)
    return running


def state(position: int = 1) -> str:
    return str(Recipient.objects.get(position=position).state)


def report(*states: str, external_id: str = "m1") -> None:
    channel = Channel.objects.get()
    for one in states:
        record_statuses(channel, [DeliveryUpdate(external_id, one, now(), "131026" if one == "failed" else "")])
        move_recipient_states(StatusesReceived(str(channel.organization_id), str(channel.pk), [external_id]))


FORWARD = {"sent": 0, "failed": 1, "delivered": 2, "read": 3}


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "failed", "delivered", "read"])))
def test_whatever_the_order_of_the_states_the_furthest_remains(campaign: Campaign, order: tuple[str, ...]) -> None:
    for length in range(1, 5):
        report(order[length - 1])
        assert state() == max(order[:length], key=FORWARD.__getitem__)
    row = Recipient.objects.get(position=1)
    assert row.read_at is not None
    assert row.delivered_at is not None
    assert Campaign.objects.get().sent_count == 4


def test_a_failure_keeps_the_providers_reason(campaign: Campaign) -> None:
    report("failed")
    assert Recipient.objects.values_list("state", "error_code").get(position=1) == ("failed", "131026")


def test_a_batch_moves_only_its_own(campaign: Campaign) -> None:
    report("read", external_id="m2")
    assert [state(n) for n in (1, 2, 3, 4)] == ["sent", "read", "sent", "sent"]


def test_a_status_settles_an_unknown_and_counts_it_once(campaign: Campaign) -> None:
    Recipient.objects.filter(position=1).update(state="unknown", error_code="no_answer", sent_at=None)
    Campaign.objects.update(sent_count=3)
    report("delivered", "read", "delivered")
    row = Recipient.objects.get(position=1)
    assert (row.state, row.error_code, row.sent_at is None) == ("read", "", False)
    assert Campaign.objects.get().sent_count == 4


def test_what_is_in_line_again_is_not_moved_by_an_old_status(campaign: Campaign) -> None:
    Recipient.objects.filter(position=1).update(state="queued")
    report("read")
    assert state() == "queued"


def test_no_ids_touch_nothing(campaign: Campaign, django_assert_num_queries: Any) -> None:
    channel = Channel.objects.get()
    with django_assert_num_queries(0):
        assert apply_known_statuses(channel.pk, []) == []


def reply(contact_id: Any, **values: Any) -> None:
    organization = Organization.objects.get()
    event = {"conversation_id": "c", "contact_id": str(contact_id), "channel_id": "x", "message_id": "m", "text": "Oi"}
    attribute_reply(CustomerReplied(str(organization.pk), **(event | {"at": now().isoformat()} | values)))


def test_an_answer_is_credited_to_the_newest_message(campaign: Campaign, make_campaign: Any) -> None:
    first = Recipient.objects.get(position=1)
    Recipient.objects.filter(pk=first.pk).update(sent_at=now() - timedelta(days=3))
    later = make_campaign(lists=[row.contact_list for row in campaign.campaign_lists.all()])
    lifecycle.start(later)
    Recipient.objects.filter(campaign=later).update(state="read", sent_at=now() - timedelta(hours=1))
    reply(first.contact_id)
    replied = Recipient.objects.exclude(replied_at=None)
    assert [(row.campaign_id, row.contact_id) for row in replied] == [(later.pk, first.contact_id)]


def test_only_the_first_answer_counts(campaign: Campaign) -> None:
    row = Recipient.objects.get(position=1)
    reply(row.contact_id)
    row.refresh_from_db()
    at = row.replied_at
    reply(row.contact_id)
    row.refresh_from_db()
    assert row.replied_at == at is not None


def test_after_thirty_days_an_answer_is_nobodys(campaign: Campaign) -> None:
    row = Recipient.objects.get(position=1)
    Recipient.objects.update(sent_at=now() - timedelta(days=31))
    reply(row.contact_id)
    assert not Recipient.objects.exclude(replied_at=None).exists()


def test_an_answer_that_overtakes_the_settling_is_credited(campaign: Campaign) -> None:
    Recipient.objects.filter(position=1).update(state="sending", sent_at=None, external_id=None)
    reply(Recipient.objects.get(position=1).contact_id)
    assert Recipient.objects.get(position=1).replied_at is not None


def test_who_opts_out_leaves_every_line(campaign: Campaign) -> None:
    Recipient.objects.filter(position__in=[1, 2]).update(state="queued")
    row = Recipient.objects.get(position=1)
    leave_out_who_asked(ContactOptedOut(str(row.organization_id), str(row.contact_id)))
    assert Recipient.objects.values_list("state", "skip_reason").get(position=1) == ("skipped", "opted_out")
    assert [state(n) for n in (2, 3)] == ["queued", "sent"]


def test_who_is_erased_leaves_no_phone_and_no_text(campaign: Campaign) -> None:
    Recipient.objects.filter(position=1).update(state="queued")
    row = Recipient.objects.get(position=1)
    leave_out_who_was_erased(ContactAnonymised(str(row.organization_id), str(row.contact_id)))
    row.refresh_from_db()
    assert (row.state, row.skip_reason, row.phone, row.body) == ("skipped", "anonymised", "", "")
    assert Recipient.objects.get(position=2).phone != ""


def echo(row: Recipient, **values: Any) -> None:
    message = {
        "external_id": "e1", "chat_id": f"{row.phone[1:]}@c.us", "phone": row.phone, "text": row.body, "at": now().isoformat(),
        "from_me": True, "from_api": True,
    }  # fmt: skip
    channel = Channel.objects.get()
    confirm_unknown_by_echo(MessagesReceived(str(channel.organization_id), str(channel.pk), [message | values]))


def in_doubt(state: str = "unknown") -> Recipient:
    Recipient.objects.filter(position=1).update(state=state, external_id=None, sent_at=None, error_code="no_answer")
    Campaign.objects.update(sent_count=3)
    return Recipient.objects.get(position=1)


def test_the_providers_echo_settles_an_unknown(campaign: Campaign) -> None:
    row = in_doubt()
    echo(row)
    echo(row)
    row.refresh_from_db()
    assert (row.state, row.external_id, row.error_code) == ("sent", "e1", "")
    assert Campaign.objects.get().sent_count == 4
    assert Message.objects.get().external_id == "e1"


def test_an_echo_with_the_phone_in_its_other_form_is_recognised(campaign: Campaign) -> None:
    row = in_doubt()
    echo(row, phone=row.phone[:5] + row.phone[6:], chat_id="")
    assert state() == "sent"


def test_an_echo_for_a_send_under_way_only_leaves_its_id(campaign: Campaign) -> None:
    row = in_doubt("sending")
    echo(row)
    row.refresh_from_db()
    assert (row.state, row.external_id) == ("sending", "e1")
    assert Campaign.objects.get().sent_count == 3


@pytest.mark.parametrize(
    "other",
    [
        {"text": "Outra mensagem"},
        {"phone": "+5511900000000", "chat_id": "x"},
        {"from_api": False},
        {"external_id": "m2"},
    ],
)
def test_what_is_not_this_messages_echo_settles_nothing(campaign: Campaign, other: dict[str, Any]) -> None:
    echo(in_doubt(), **other)
    assert state() == "unknown"
