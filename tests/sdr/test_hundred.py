"""A hundred qualifications at once, each webhook delivered twice and each turn run twice: nobody hears anything two times."""

from collections import Counter

import pytest

from accounts.models import Organization
from conversations.models import Conversation, Message
from core.clock import now
from gateways.events import MessagesReceived
from gateways.models import Channel
from sagas.outbox import publish
from sdr.models import Qualification, ReplyTurn
from sdr.services.profiles import get_profile, update_profile
from sdr.services.turns import run_turn
from tests.support.jobs import drain
from tests.support.thread import simulator

pytestmark = pytest.mark.django_db
# What customers say, one line per burst; the first says all that is needed.
SCRIPTS = {
    "quente": (
        "quero clareamento, quanto custa? sou a Mariana Teixeira, pra essa semana, já fiz antes e moro no Cambuí",
    ),
    "morno": ("oi, sou o Caio, queria clareamento", "daqui a dois meses, nunca fiz, moro no Cambuí"),
    "frio": ("sou a Ju, queria clareamento, sem pressa, é a primeira vez e moro em Manaus",),
}
SHARES = {"quente": 40, "morno": 40, "frio": 20}
CUSTOMERS = [temperature for temperature, count in SHARES.items() for _ in range(count)]


def test_a_hundred_qualifications_end_as_they_should_and_say_nothing_twice(in_acme: Organization) -> None:
    services = [{"name": "Clareamento", "price_cents": 69000}]
    update_profile(get_profile(), {"services": services, "city": "Campinas", "area": ["Cambuí"]})
    channel = simulator()
    for step in range(2):
        burst = [(number, SCRIPTS[kind][step]) for number, kind in enumerate(CUSTOMERS) if step < len(SCRIPTS[kind])]
        say_twice(channel, step, burst)
        answer_twice(in_acme)
    assert Counter(Qualification.objects.values_list("temperature", flat=True)) == SHARES
    assert set(Qualification.objects.values_list("status", flat=True)) == {"qualificado"}
    assert Message.objects.filter(client_key__startswith="closing:").count() == len(CUSTOMERS)
    for thread in Conversation.objects.all():
        said = list(Message.objects.filter(conversation=thread, origin="bot").values_list("body", flat=True))
        assert len(said) == len(set(said)) == ReplyTurn.objects.filter(conversation=thread).count()


def say_twice(channel: Channel, step: int, burst: list[tuple[int, str]]) -> None:
    messages = [message(number, step, text) for number, text in burst]
    for _ in range(2):
        publish(MessagesReceived(str(channel.organization_id), str(channel.pk), messages))
        drain()


def message(number: int, step: int, text: str) -> dict[str, object]:
    phone = f"+5519997{number:06d}"
    return {
        "external_id": f"{step}-{number}", "chat_id": phone, "phone": phone, "identities": [["whatsapp", phone]],
        "name": "", "kind": "text", "text": text, "at": now().isoformat(), "from_me": False, "from_api": False,
        "media": None, "reply_to": "", "is_old": False,
    }  # fmt: skip


def answer_twice(organization: Organization) -> None:
    waiting = list(ReplyTurn.objects.filter(state="waiting").values_list("pk", flat=True))
    ReplyTurn.objects.filter(state="waiting").update(wake_at=now())
    for _ in range(2):
        for pk in waiting:
            run_turn(organization_id=str(organization.pk), turn_id=str(pk))
    drain()
