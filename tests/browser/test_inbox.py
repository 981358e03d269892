"""The inbox in a real browser: one pane at a time on a phone, taking over, answering, and what arrives meanwhile."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Membership, Organization
from conversations.models import Conversation, Message
from core.clock import now
from gateways.models import Channel
from tests.support.jobs import drain
from tests.support.thread import receive, simulator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Window = Callable[..., Page]
PHONE = 390


@pytest.fixture
def channel(in_acme: Organization) -> Channel:
    return simulator()


@pytest.fixture
def thread(channel: Channel) -> Conversation:
    return receive(channel, "+5519997426108", "Oi, quanto custa?", external_id="um", at=now().isoformat())


def panes(page: Page) -> set[str]:
    """Return the panes that are seen."""
    shown = page.locator(".pane").evaluate_all("all => all.filter(one => one.checkVisibility()).map(one => one.id)")
    return set(shown)


def test_one_pane_at_a_time_on_a_phone_and_back_works(window: Window, bruno: Membership, thread: Conversation) -> None:
    page = window(bruno, "/conversas/", PHONE)
    assert panes(page) == {"fila"}
    page.locator("a.thread-item").first.click()
    page.wait_for_url("**#conversa")
    assert panes(page) == {"conversa"}
    expect(page.locator(".bubble", has_text="quanto custa")).to_be_visible()
    page.get_by_role("link", name="Ver o contato").click()
    assert panes(page) == {"contato"}
    page.go_back()
    assert panes(page) == {"conversa"}
    page.get_by_role("link", name="Voltar à lista").click()
    page.wait_for_url("**#fila")
    assert panes(page) == {"fila"}


@pytest.mark.parametrize("width", [360, 1440])
def test_taking_over_silences_the_sdr_and_the_answer_leaves(
    window: Window, bruno: Membership, thread: Conversation, channel: Channel, width: int
) -> None:
    page = window(bruno, f"/conversas/{thread.pk}/#conversa", width)
    page.get_by_role("button", name="Assumir").click()
    expect(page.locator(".handler")).to_contain_text("Você está atendendo")
    page.fill("#reply", "Oi, aqui é o Bruno.")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble", has_text="aqui é o Bruno")).to_be_visible()
    expect(page.locator("#reply")).to_have_value("")
    before = Message.objects.filter(conversation=thread, origin="bot").count()
    receive(channel, "+5519997426108", "E quanto demora?", external_id="dois", at=now().isoformat())
    drain()
    assert Message.objects.filter(conversation=thread, origin="bot").count() == before
    assert Message.objects.filter(conversation=thread, body__contains="Bruno").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_arrives_while_somebody_types_is_seen_and_the_typed_stays(
    window: Window, bruno: Membership, thread: Conversation, channel: Channel
) -> None:
    page = window(bruno, f"/conversas/{thread.pk}/#conversa")
    page.fill("#reply", "Estou escrevendo")
    receive(channel, "+5519997426108", "Ainda está aí?", external_id="tres", at=now().isoformat())
    expect(page.locator(".bubble", has_text="Ainda está aí?")).to_be_visible()
    expect(page.locator("#reply")).to_have_value("Estou escrevendo")


def test_two_clicks_send_one_answer(window: Window, bruno: Membership, thread: Conversation) -> None:
    page = window(bruno, f"/conversas/{thread.pk}/#conversa")
    page.fill("#reply", "Uma vez só")
    page.get_by_role("button", name=re.compile("^Enviar")).dblclick()
    expect(page.locator(".bubble", has_text="Uma vez só")).to_have_count(1)
    drain()
    assert Message.objects.filter(conversation=thread, body="Uma vez só").count() == 1
