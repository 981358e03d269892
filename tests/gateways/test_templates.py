"""Official templates from the first word to the last: written, submitted, decided, used, deleted; on real sockets."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership
from conversations.models import Conversation, Message, MessageState
from core.breaker import CircuitOpenError
from core.clock import now
from core.tenancy import activate_organization
from gateways.calls import HttpReply
from gateways.models import Channel, MessageTemplate, TemplateStatus
from gateways.official import services
from gateways.official.jobs import refresh_pending_templates
from gateways.providers.cloud import templates as meta
from gateways.providers.cloud.config import CloudConfig
from tests.gateways.providers.payloads import play
from tests.support.fake_gateway import Fault, Running, running
from tests.support.fake_graph import NUMBER, WABA, FakeGraph, graph_error
from tests.support.fake_http import Response
from tests.support.jobs import drain
from tests.support.journeys import until

pytestmark = pytest.mark.django_db(transaction=True)
FORM = {
    "name": "lembrete", "category": "UTILITY", "language": "pt_BR", "header": "", "footer": "Clínica Sorriso",
    "body": "Oi {{1}}, sua consulta é amanhã às {{2}}. Confirma?", "examples": "Maria\n15h", "buttons": "Confirmar\nRemarcar",
}  # fmt: skip


@pytest.fixture
def graph() -> Iterator[Running[FakeGraph]]:
    fake = FakeGraph()
    with running(fake, tell_url=lambda url: setattr(fake, "url", url)) as found:
        yield found


@pytest.fixture
def number(
    graph: Running[FakeGraph], live_server: LiveServer, make_channel: Callable[..., Channel], settings: Any
) -> Channel:
    settings.BASE_URL = live_server.url
    config = {"phone_number_id": NUMBER, "waba_id": WABA, "token": graph.fake.token, "app_secret": graph.fake.secret,
              "verify_token": "v", "base_url": graph.url}  # fmt: skip
    channel = make_channel(
        provider="cloud", name="Oficial", config=config, state="connected", connected_at=now(), state_at=now()
    )
    graph.fake.hook_url = live_server.url + reverse("hook", args=["cloud", channel.hook_token])
    return channel


def url(name: str, *args: object) -> str:
    return reverse(f"gateways:{name}", args=args)


def row() -> MessageTemplate:
    return MessageTemplate.unscoped.get()


@pytest.fixture
def draft(number: Channel, ana: Membership, login: Callable[[Any], Client]) -> MessageTemplate:
    answer = login(ana).post(url("template-create"), {**FORM, "channel": str(number.pk)})
    assert answer.status_code == 302, answer.content.decode()[:3000]
    return row()


def test_a_template_is_written_submitted_approved_and_shown(
    graph: Running[FakeGraph], draft: MessageTemplate, ana: Membership, login: Callable[[Any], Client]
) -> None:
    client = login(ana)
    assert draft.status == TemplateStatus.DRAFT
    client.post(url("template-submit", draft.pk))
    assert row().status == TemplateStatus.PENDING
    sent = graph.fake.templates[0]
    assert (sent["name"], sent["category"], sent["components"][0]["example"]) == (
        "lembrete",
        "UTILITY",
        {"body_text": [["Maria", "15h"]]},
    )
    graph.fake.decide("lembrete", "APPROVED")
    until(lambda: row().status == TemplateStatus.APPROVED)
    gallery = client.get(url("template-gallery")).content.decode()
    assert "Oi Maria, sua consulta é amanhã às 15h. Confirma?" in gallery
    assert (
        "Aprovado" in client.get(url("templates")).content.decode()
        or "aprovado" in client.get(url("templates")).content.decode()
    )


def test_a_refusal_is_shown_with_its_reason_and_can_be_corrected(
    graph: Running[FakeGraph], draft: MessageTemplate, ana: Membership, login: Callable[[Any], Client]
) -> None:
    client = login(ana)
    client.post(url("template-submit", draft.pk))
    graph.fake.decide("lembrete", "REJECTED", "INCORRECT_CATEGORY")
    until(lambda: row().status == TemplateStatus.REJECTED)
    assert "oferece ou convida é marketing" in client.get(url("templates")).content.decode()
    assert client.get(url("template-edit", draft.pk)).status_code == 200


def test_while_meta_is_left_alone_a_draft_stays_one_and_nothing_breaks(
    draft: MessageTemplate, ana: Membership, login: Callable[[Any], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def resting(*_operation: Any, **_values: Any) -> None:
        raise CircuitOpenError(5)

    monkeypatch.setattr("gateways.transport.sync.run", resting)
    client = login(ana)
    page = client.post(url("template-submit", draft.pk), follow=True).content.decode()
    assert "A Meta não está respondendo agora" in page
    assert (row().status, row().submitted_at) == (TemplateStatus.DRAFT, None)
    assert "A Meta não está respondendo agora" in client.post(url("template-refresh"), follow=True).content.decode()


def test_a_decision_whose_webhook_was_lost_is_found_by_asking(
    graph: Running[FakeGraph], draft: MessageTemplate, ana: Membership, login: Callable[[Any], Client]
) -> None:
    login(ana).post(url("template-submit", draft.pk))
    graph.fake.decide("lembrete", "APPROVED", tells=False)
    refresh_pending_templates()
    drain()
    assert row().status == TemplateStatus.APPROVED


def test_the_numbers_of_an_account_have_the_same_templates(
    graph: Running[FakeGraph], draft: MessageTemplate, number: Channel, ana: Membership, login: Callable[[Any], Client]
) -> None:
    with activate_organization(number.organization_id):
        twin, stranger = (
            Channel(organization_id=number.organization_id, provider="cloud", name=name, state="connected")
            for name in "ab"
        )
        twin.config = {**number.config, "phone_number_id": "106540352242999"}
        stranger.config = {**number.config, "phone_number_id": "106540352242777", "waba_id": "2100000777"}
        twin.save()
        stranger.save()
    client = login(ana)
    client.post(url("template-submit", draft.pk))
    graph.fake.decide("lembrete", "APPROVED")
    until(lambda: set(MessageTemplate.unscoped.values_list("status", flat=True)) == {TemplateStatus.APPROVED})
    assert set(MessageTemplate.unscoped.values_list("channel_id", flat=True)) == {number.pk, twin.pk}
    # A decision that nobody told is found by one question for both.
    graph.fake.decide("lembrete", "PAUSED", tells=False)
    with activate_organization(number.organization_id):
        MessageTemplate.objects.update(status=TemplateStatus.PENDING, submitted_at=now())
    graph.fake.calls.clear()
    refresh_pending_templates()
    drain()
    asked = [path for _method, path, _body in graph.fake.calls if path.endswith("/message_templates")]
    assert asked == [f"/v23.0/{WABA}/message_templates"]
    assert set(MessageTemplate.unscoped.values_list("status", flat=True)) == {TemplateStatus.PAUSED}


def test_submitting_twice_submits_once(
    graph: Running[FakeGraph], draft: MessageTemplate, ana: Membership, login: Callable[[Any], Client]
) -> None:
    client = login(ana)
    client.post(url("template-submit", draft.pk))
    client.post(url("template-submit", draft.pk))
    assert len(graph.fake.templates) == 1


def test_what_meta_refuses_to_take_stays_a_draft(
    graph: Running[FakeGraph], draft: MessageTemplate, ana: Membership, login: Callable[[Any], Client]
) -> None:
    graph.fake.faults.append(Fault(f"/v23.0/{WABA}/message_templates", graph_error(132007)))
    answer = login(ana).post(url("template-submit", draft.pk), follow=True)
    assert row().status == TemplateStatus.DRAFT
    assert "não segue as regras" in answer.content.decode()


def test_a_submission_without_an_answer_is_looked_for(
    graph: Running[FakeGraph], draft: MessageTemplate, number: Channel, ana: Membership, login: Callable[[Any], Client]
) -> None:
    graph.fake.faults.append(Fault(f"/v23.0/{WABA}/message_templates", Response(200, b"{", reset=True)))
    login(ana).post(url("template-submit", draft.pk))
    assert row().status == TemplateStatus.PENDING
    with activate_organization(number.organization_id):
        services.refresh_templates(number)
        assert row().status == TemplateStatus.PENDING, "Meta may still be at it"
        MessageTemplate.objects.update(submitted_at=now() - timedelta(minutes=2))
        services.refresh_templates(number)
    assert row().status == TemplateStatus.DRAFT


def test_every_page_of_metas_list_is_read(graph: Running[FakeGraph], number: Channel) -> None:
    component = {"type": "BODY", "text": "Oi {{1}}, tudo?", "example": {"body_text": [["Ana"]]}}
    graph.fake.templates = [
        {"id": str(n), "name": f"modelo_{n}", "language": "pt_BR", "status": "APPROVED", "category": "UTILITY",
         "components": [component], "quality_score": {"score": "GREEN"}} for n in range(60)
    ]  # fmt: skip
    graph.fake.page_size = 25
    with activate_organization(number.organization_id):
        assert services.refresh_templates(number) == 60
        assert MessageTemplate.objects.filter(status=TemplateStatus.APPROVED, quality="GREEN").count() == 60
        graph.fake.templates = graph.fake.templates[:1]
        services.refresh_templates(number)
        assert MessageTemplate.objects.filter(status=TemplateStatus.DELETED).count() == 59


def test_the_next_page_is_asked_by_its_cursor_and_never_by_its_address() -> None:
    config = CloudConfig(phone_number_id="1065", waba_id="2100", token="t", app_secret="s")
    first = {"data": [{"name": "a", "id": "1"}], "paging": {"cursors": {"after": "X"}, "next": "https://evil.example/"}}
    found, calls = play(
        meta.list_templates(config), HttpReply(200, json.dumps(first).encode()), HttpReply(200, b'{"data": []}')
    )
    assert isinstance(found, list) and len(found) == 1
    assert all(call.url.startswith("https://graph.facebook.com/") for call in calls)
    assert "after=X" in calls[1].url


@pytest.mark.parametrize(("status", "ours"), [
    ("PAUSED", "paused"), ("DISABLED", "disabled"), ("FLAGGED", "paused"), ("IN_APPEAL", "pending"), ("REINSTATED", "approved"),
    ("PENDING_DELETION", "deleted"), ("SOMETHING_NEW", "approved"),
])  # fmt: skip
def test_each_word_of_meta_has_its_state_and_an_unknown_one_changes_nothing(
    graph: Running[FakeGraph],
    draft: MessageTemplate,
    ana: Membership,
    login: Callable[[Any], Client],
    status: str,
    ours: str,
) -> None:
    login(ana).post(url("template-submit", draft.pk))
    graph.fake.decide("lembrete", "APPROVED")
    until(lambda: row().status == TemplateStatus.APPROVED)
    graph.fake.decide("lembrete", status)
    until(lambda: row().provider_status == status)
    assert row().status == ours


def test_a_closed_conversation_is_reopened_by_a_template(
    graph: Running[FakeGraph], draft: MessageTemplate, number: Channel, ana: Membership, login: Callable[[Any], Client]
) -> None:
    client, fake = login(ana), graph.fake
    MessageTemplate.unscoped.update(status=TemplateStatus.APPROVED)
    fake.write("5511999998888", "Oi", "wamid.IN1")
    until(lambda: Conversation.unscoped.exists())
    Conversation.unscoped.update(last_inbound_at=now() - timedelta(days=2))
    thread = Conversation.unscoped.get()
    page = client.get(reverse("conversations:conversation", args=[thread.pk])).content.decode()
    assert "Lacuna 2" in page
    send = reverse("conversations:template-send", args=[thread.pk])
    client.post(send, {"template": str(draft.pk), "value-1": "Paula", "value-2": ""})
    drain()
    assert not fake.accepted, "a place is empty"
    client.post(send, {"template": str(draft.pk), "value-1": "Paula", "value-2": "15h", "client_key": "k"})
    client.post(send, {"template": str(draft.pk), "value-1": "Paula", "value-2": "15h", "client_key": "k"})
    drain()
    assert [sent["template"]["name"] for sent in fake.accepted] == ["lembrete"]
    assert [p["text"] for p in fake.accepted[0]["template"]["components"][0]["parameters"]] == ["Paula", "15h"]
    message = Message.unscoped.get(direction="out")
    assert (message.body, message.state) == ("Oi Paula, sua consulta é amanhã às 15h. Confirma?", MessageState.SENT)


def test_deleting_deletes_it_at_meta_in_this_language_only(
    graph: Running[FakeGraph], draft: MessageTemplate, ana: Membership, login: Callable[[Any], Client]
) -> None:
    client = login(ana)
    client.post(url("template-submit", draft.pk))
    client.post(url("template-delete", draft.pk))
    assert not graph.fake.templates and not MessageTemplate.unscoped.exists()


def test_the_preview_shows_the_phone_and_what_meta_would_refuse(
    number: Channel, ana: Membership, login: Callable[[Any], Client]
) -> None:
    page = login(ana).post(url("template-preview"), FORM | {"name": "Com Maiúscula"}).content.decode()
    assert "Oi Maria, sua consulta é amanhã às 15h" in page and "letras minúsculas" in page


def test_a_wrong_form_is_shown_again_with_the_reason(
    number: Channel, ana: Membership, login: Callable[[Any], Client]
) -> None:
    answer = login(ana).post(
        url("template-create"), FORM | {"channel": str(number.pk), "body": "{{1}} no começo", "examples": "a"}
    )
    assert answer.status_code == 422 and not MessageTemplate.unscoped.exists()


def test_carla_sees_and_touches_none_of_it(
    draft: MessageTemplate, carla: Membership, login: Callable[[Any], Client]
) -> None:
    client = login(carla)
    assert "lembrete" not in client.get(url("templates")).content.decode()
    for name in ("template-submit", "template-delete"):
        client.post(url(name, draft.pk))
    assert client.get(url("template-edit", draft.pk)).status_code == 404
    assert row().status == TemplateStatus.DRAFT
