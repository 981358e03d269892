from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Membership, Organization, User
from conversations.models import Conversation, Handler, Message
from conversations.queries import inbox
from conversations.services.handling import close, reopen
from conversations.services.send import send_message, settle, sweep_messages
from core.clock import now
from core.tenancy import activate_organization
from gateways.contract import Outcome, SendResult
from gateways.models import Channel
from leads.models import Contact
from sdr.models import SdrProfile
from tests.support.jobs import drain
from tests.support.thread import receive, simulator

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
PHONE = "+5519997426108"


def moment(seconds: int = 0) -> str:
    return (now() + timedelta(seconds=seconds)).isoformat()


@pytest.fixture
def channel(in_acme: Organization) -> Channel:
    return simulator()


@pytest.fixture
def thread(channel: Channel, in_acme: Organization) -> Conversation:
    SdrProfile.objects.create(organization=in_acme, enabled=False)
    return receive(channel, PHONE, "Oi, quanto custa?", external_id="in-1", at=moment())


def test_a_message_from_an_unknown_number_makes_contact_and_conversation(thread: Conversation) -> None:
    assert thread.contact.phone == PHONE
    assert (thread.status, thread.unread, thread.last_message_preview) == ("open", 1, "Oi, quanto custa?")


def test_the_same_message_fifty_times_is_one_bubble(thread: Conversation, channel: Channel) -> None:
    for _ in range(50):
        receive(channel, PHONE, "Oi, quanto custa?", external_id="in-1", at=moment())
    assert Message.objects.count() == 1
    thread.refresh_from_db()
    assert thread.unread == 1


def test_the_ninth_digit_makes_no_second_person(thread: Conversation, channel: Channel) -> None:
    receive(channel, "+551997426108", "sou eu de novo", external_id="in-2", at=moment(1))
    assert Contact.objects.count() == 1
    assert Conversation.objects.count() == 1


def test_a_message_after_the_close_opens_a_new_conversation(thread: Conversation, channel: Channel) -> None:
    close(thread, actor=None)
    fresh = receive(channel, PHONE, "mais uma coisa", external_id="in-2", at=moment(1))
    assert fresh.pk != thread.pk
    assert reopen(Conversation.objects.get(pk=thread.pk), actor=None).pk == fresh.pk


def test_typing_on_the_phone_takes_the_conversation_over(thread: Conversation, channel: Channel) -> None:
    receive(channel, PHONE, "deixa comigo", external_id="out-9", at=moment(1), from_me=True)
    thread.refresh_from_db()
    assert thread.handler == Handler.HUMAN
    assert Message.objects.get(external_id="out-9").origin == "phone"


def test_an_answer_of_a_person_is_sent_and_silences_the_sdr(
    thread: Conversation, ana: Membership, login: Login
) -> None:
    client = login(ana)
    client.post(f"/conversas/{thread.pk}/mensagens/", {"body": "Olá! R$ 180.", "client_key": "k1"})
    drain()
    message = Message.objects.get(client_key="k1")
    thread.refresh_from_db()
    assert message.state == "sent"
    assert message.external_id
    assert (thread.handler, thread.assigned_to_id, thread.unread) == ("human", ana.pk, 0)


def test_a_double_click_sends_once(thread: Conversation, ana: Membership, login: Login) -> None:
    client = login(ana)
    for _ in range(2):
        client.post(f"/conversas/{thread.pk}/mensagens/", {"body": "Olá!", "client_key": "mesma"})
    drain()
    assert Message.objects.filter(direction="out").count() == 1


def test_an_empty_message_is_refused_in_words(thread: Conversation, ana: Membership, login: Login) -> None:
    url = f"/conversas/{thread.pk}/mensagens/"
    response = login(ana).post(url, {"body": "   "}, headers={"HX-Request": "true"})
    assert response.status_code == 422
    assert "Escreva algo" in response.content.decode()


def test_a_hostile_body_is_shown_as_text(thread: Conversation, channel: Channel, ana: Membership, login: Login) -> None:
    receive(channel, PHONE, "<script>alert(1)</script>", external_id="in-2", at=moment(1))
    page = login(ana).get(f"/conversas/{thread.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.SENT, "sent"), (Outcome.REFUSED, "failed"), (Outcome.INVALID_NUMBER, "failed"),
        (Outcome.UNKNOWN, "unknown"), (Outcome.CHANNEL_DOWN, "queued"), (Outcome.LATER, "queued"), (Outcome.NOT_SENT, "queued"),
    ],
)  # fmt: skip
def test_how_a_send_ends(outcome: Outcome, state: str, thread: Conversation, ana: Membership) -> None:
    message = send_message(thread, body="Olá", author=ana, origin="human")
    Message.objects.filter(pk=message.pk).update(state="sending", claim_token=message.pk, attempts=1)
    settle(message, message.pk, SendResult(outcome, external_id="x1" if outcome is Outcome.SENT else ""))
    message.refresh_from_db()
    assert message.state == state


def test_a_stale_claim_settles_nothing(thread: Conversation, ana: Membership) -> None:
    message = send_message(thread, body="Olá", author=ana, origin="human")
    settle(message, thread.pk, SendResult(Outcome.SENT, external_id="x1"))
    message.refresh_from_db()
    assert message.state == "queued"


def test_a_lapsed_claim_becomes_unknown_and_is_not_sent_again(thread: Conversation, ana: Membership) -> None:
    message = send_message(thread, body="Olá", author=ana, origin="human")
    Message.objects.filter(pk=message.pk).update(state="sending", lease_until=now() - timedelta(seconds=5))
    sweep_messages()
    drain()
    message.refresh_from_db()
    assert message.state == "unknown"


def test_search_finds_words_without_accents(thread: Conversation, channel: Channel, ana: Membership) -> None:
    receive(channel, "+5519981112222", "quero fazer a avaliação", external_id="in-3", at=moment(2))
    assert [c.contact.phone for c in inbox("open", member=ana, search="avaliacao")] == ["+5519981112222"]


def test_carla_sees_nothing(thread: Conversation, carla: Membership, login: Login) -> None:
    client = login(carla)
    assert client.get(f"/conversas/{thread.pk}/").status_code == 404
    for action in ("mensagens", "notas", "atendente", "transferir", "encerrar", "reabrir"):
        assert client.post(f"/conversas/{thread.pk}/{action}/", {"body": "x", "handler": "human"}).status_code == 404
    with activate_organization(thread.organization_id):
        assert Message.objects.count() == 1


def test_a_viewer_reads_and_does_not_write(thread: Conversation, vera: Membership, login: Login) -> None:
    client = login(vera)
    assert client.get(f"/conversas/{thread.pk}/").status_code == 200
    assert client.post(f"/conversas/{thread.pk}/mensagens/", {"body": "oi"}).status_code == 403
    thread.refresh_from_db()
    assert thread.unread == 1


def test_passing_on_notes_and_handler(thread: Conversation, ana: Membership, bruno: Membership, login: Login) -> None:
    client = login(ana)
    client.post(f"/conversas/{thread.pk}/transferir/", {"member": str(bruno.pk)})
    client.post(f"/conversas/{thread.pk}/notas/", {"body": "cliente antigo"})
    client.post(f"/conversas/{thread.pk}/atendente/", {"handler": "paused"})
    thread.refresh_from_db()
    assert (thread.assigned_to_id, thread.handler) == (bruno.pk, "paused")
    assert Message.objects.filter(direction="note", body="cliente antigo").exists()
    page = client.get(f"/conversas/{thread.pk}/").content.decode()
    assert "cliente antigo" in page


def test_the_list_costs_the_same_for_any_number_of_threads(
    channel: Channel,
    ana: Membership,
    login: Login,
    in_acme: Organization,
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    SdrProfile.objects.create(organization=in_acme, enabled=False)
    for number in range(12):
        receive(channel, f"+55199811{number:05d}", "oi", external_id=f"in-{number}", at=moment(number))
    client = login(ana)
    client.get("/conversas/")
    with django_assert_max_num_queries(14):  # type: ignore[attr-defined]
        client.get("/conversas/")


@pytest.mark.parametrize(
    "folder", ["open", "mine", "unassigned", "needs_human", "bot", "waiting", "closed", "nonsense"]
)
def test_every_folder_opens(folder: str, thread: Conversation, ana: Membership, login: Login) -> None:
    assert login(ana).get(f"/conversas/?pasta={folder}&cursor=lixo").status_code == 200
