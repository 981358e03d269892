from datetime import timedelta

import pytest
import time_machine

from accounts.models import Membership
from conversations.models import Handler, Message
from conversations.services.handling import set_handler
from core.clock import now
from leads.models import Contact
from sdr.models import Qualification
from sdr.services.abandoning import mark_abandoned
from tests.sdr.talk import FACTS, Talk

pytestmark = pytest.mark.django_db


def a_day_later() -> None:
    with time_machine.travel(now() + timedelta(hours=25), tick=False):
        mark_abandoned()
        mark_abandoned()


def test_a_lead_who_stopped_answering_is_recorded_once(talk: Talk) -> None:
    talk.say(FACTS[0])
    talk.let_answer()
    mark_abandoned()
    assert Qualification.objects.get().status == "collecting"
    a_day_later()
    assert Qualification.objects.get().status == "abandoned"
    contact = Contact.objects.get()
    assert contact.attributes["sdr_ia_status"] == "abandoned"
    assert contact.score == Qualification.objects.get().score > 0
    assert Message.objects.filter(direction="event", data__code="abandoned").count() == 1


def test_a_lead_who_comes_back_is_asked_on(talk: Talk) -> None:
    talk.say(FACTS[0])
    talk.let_answer()
    a_day_later()
    for text in FACTS[1:]:
        talk.say(text)
        talk.let_answer()
    assert (Qualification.objects.get().status, Contact.objects.get().attributes["sdr_ia_status"]) == (
        "qualificado",
        "qualificado",
    )


def test_who_waits_for_our_answer_or_talks_with_a_person_has_not_gone(talk: Talk, ana: Membership) -> None:
    thread = talk.say("oi")
    a_day_later()
    assert not Qualification.objects.filter(status="abandoned").exists()
    talk.let_answer()
    set_handler(thread, Handler.HUMAN, actor=ana)
    a_day_later()
    assert Qualification.objects.get().status == "collecting"
