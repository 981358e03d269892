"""Who told WhatsApp that they want no advertising from us gets none (Meta, code 131050)."""

from typing import Any

import pytest

from conversations.models import Conversation, Direction, Message, MessageState, Origin
from conversations.services import send
from conversations.services.states import apply_known_statuses
from core.clock import now
from gateways.contract import DeliveryUpdate, Outcome, SendResult
from gateways.models import Channel
from gateways.statuses import record_statuses
from leads.models import Contact, TimelineEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]
CODE = "131050"


@pytest.fixture
def message(in_acme: Any) -> Message:
    channel = Channel.objects.create(provider="simulator", name="Oficial", organization=in_acme)
    contact = Contact.objects.create(name="Paula", phone="+5511999998888", phone_key="+5511999998888")
    conversation = Conversation.objects.create(contact=contact, channel=channel)
    made: Message = Message.objects.create(
        conversation=conversation, channel=channel, direction=Direction.OUT, origin=Origin.CAMPAIGN, body="Promoção",
        state=MessageState.SENT, external_id="w1", at=now(),
    )  # fmt: skip
    return made


def contact() -> Contact:
    found: Contact = Contact.objects.get()
    return found


def hear(message: Message, code: str) -> None:
    known = record_statuses(message.channel, [DeliveryUpdate("w1", "failed", now(), code, "words")])
    apply_known_statuses(message.channel_id, known)


def test_a_refusal_that_comes_later_is_an_opt_out_with_its_evidence(message: Message) -> None:
    hear(message, CODE)
    assert contact().opted_out_at is not None
    assert CODE in contact().opt_out_reason
    entry = TimelineEntry.objects.get(kind="opt_out")
    assert CODE in entry.detail
    hear(message, CODE)
    assert TimelineEntry.objects.filter(kind="opt_out").count() == 1


@pytest.mark.parametrize("code", ["131049", "131026", ""])
def test_other_refusals_are_none(message: Message, code: str) -> None:
    hear(message, code)
    assert contact().opted_out_at is None


def test_a_refusal_at_once_is_an_opt_out_too(message: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    Message.objects.update(state=MessageState.QUEUED, external_id=None)
    monkeypatch.setattr(send, "send_once", lambda *_args: SendResult(Outcome.REFUSED, code=CODE, detail="words"))
    send.deliver(message.pk)
    assert Message.objects.get().state == MessageState.FAILED
    assert CODE in contact().opt_out_reason
