"""The pages of the SDR in a real browser: tabs on a phone, what is taught, what is tried, a tap of a seller, a session that ends."""

from collections.abc import Callable

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from accounts.models import Membership, Organization, User
from conversations.models import Conversation
from core.clock import now
from sdr.models import Agent, Prompt, Qualification, Question, Verdict
from sdr.services.profiles import get_profile, update_profile
from tests.conftest import PASSWORD
from tests.sdr.talk import FACTS, Talk
from tests.support.thread import receive, simulator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Window = Callable[..., Page]
PHONE = 390


@pytest.fixture
def talk(in_acme: Organization) -> Talk:
    services = [{"name": "Clareamento", "price_cents": 69000}]
    update_profile(get_profile(), {"services": services, "city": "Campinas", "area": ["Cambuí"]})
    return Talk(simulator())


@pytest.fixture
def qualified(talk: Talk) -> Conversation:
    for text in FACTS:
        thread = talk.say(text)
        talk.let_answer()
    return thread


def is_in_sight(page: Page, selector: str) -> bool:
    """Tell whether something lies wholly between the sides of its row of tabs."""
    return bool(
        page.evaluate(
            """selector => {
              const one = document.querySelector(selector).getBoundingClientRect();
              const row = document.querySelector("nav.tabs").getBoundingClientRect();
              return one.left >= row.left - 1 && one.right <= row.right + 1;
            }""",
            selector,
        )
    )


def test_the_current_tab_is_in_sight_on_a_phone_and_the_keyboard_reaches_all(
    window: Window, ana: Membership, in_acme: Organization
) -> None:
    page = window(ana, "/sdr/modelos/", PHONE)
    tabs = page.locator("main nav.tabs a")
    count = tabs.count()
    assert count == 11
    page.wait_for_function("() => document.querySelector('nav.tabs').scrollLeft > 0")
    assert is_in_sight(page, "nav.tabs a[aria-current]")
    tabs.first.focus()
    for _ in range(count - 1):
        page.keyboard.press("Tab")
    expect(tabs.last).to_be_focused()
    assert is_in_sight(page, "nav.tabs a:focus")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sdr/testar/")


def test_a_question_without_an_answer_becomes_knowledge(window: Window, ana: Membership, in_acme: Organization) -> None:
    Question.objects.create(text="Tem estacionamento?", key="tem estacionamento")
    page = window(ana, "/sdr/perguntas/", PHONE)
    expect(page.locator("nav.tabs .count")).to_have_text("1")
    page.get_by_role("link", name="Adicionar ao conhecimento").click()
    page.get_by_label("Resposta").fill("Sim, gratuito, na rua de trás.")
    page.get_by_role("button", name="Salvar").click()
    expect(page.locator("#toasts")).to_contain_text("já sabe responder")
    expect(page.get_by_text("Nenhuma pergunta ficou sem resposta")).to_be_visible()
    page.goto("/sdr/conhecimento/")
    expect(page.get_by_text("Sim, gratuito, na rua de trás.")).to_be_visible()


def test_a_file_for_the_knowledge_is_dropped_and_named(window: Window, ana: Membership, in_acme: Organization) -> None:
    page = window(ana, "/sdr/conhecimento/", PHONE)
    file = {"name": "tabela.txt", "mimeType": "text/plain", "buffer": b"Clareamento custa R$ 690,00 a vista."}
    page.set_input_files("[data-drop-zone] input[type=file]", file)  # type: ignore[arg-type]
    expect(page.locator("[data-file-name]")).to_have_text("tabela.txt")
    page.get_by_role("button", name="Adicionar", exact=True).click()
    expect(page.locator("section", has_text="Documentos").first).to_contain_text("tabela.txt")


def test_the_playground_answers_and_shows_the_points(window: Window, ana: Membership, talk: Talk) -> None:
    page = window(ana, "/sdr/testar/", PHONE)
    page.get_by_label("Escreva como o cliente").fill(FACTS[0])
    page.get_by_role("button", name="Enviar").click()
    expect(page.locator("#talk .bubble[data-from=bot]")).to_be_visible()
    expect(page.get_by_role("heading", name="de 130")).to_be_visible()
    assert not Qualification.objects.exists(), "nothing of it is stored"


def test_a_draft_is_tried_on_a_real_conversation(window: Window, ana: Membership, qualified: Conversation) -> None:
    draft = Prompt.objects.create(number=1, opening="Oi! Aqui é a Bia, da Acme.", instructions="Fale pouco.")
    page = window(ana, f"/sdr/prompts/{draft.pk}/")
    page.locator("form[action*='/rever/'] button").click()
    card = page.locator("section", has=page.get_by_role("heading", name="O que mudaria"))
    expect(card).to_contain_text("quanto custa")
    expect(card).to_contain_text("Bia")


def test_a_seller_says_in_one_tap_whether_a_lead_was_hot(
    window: Window, bruno: Membership, qualified: Conversation
) -> None:
    page = window(bruno, f"/conversas/{qualified.pk}/#contato")
    page.locator("#verdict button[value='1']").click()
    expect(page.locator("#verdict button[value='1']")).to_have_attribute("aria-pressed", "true")
    assert Verdict.objects.get().was_hot
    page.locator("#verdict button[value='0']").click()
    expect(page.locator("#verdict button[value='0']")).to_have_attribute("aria-pressed", "true")
    assert not Verdict.objects.get().was_hot


def test_an_agent_is_made(window: Window, ana: Membership, in_acme: Organization) -> None:
    simulator()
    page = window(ana, "/sdr/agentes/", PHONE)
    page.get_by_role("link", name="Novo agente").click()
    page.get_by_label("Nome", exact=True).fill("Bia")
    page.get_by_label("Perguntas próprias").fill("Já usou aparelho?")
    page.get_by_role("button", name="Salvar").click()
    page.wait_for_url("**/sdr/agentes/")
    expect(page.get_by_role("link", name="Bia")).to_be_visible()
    assert Agent.objects.get().questions == ["Já usou aparelho?"]


def test_what_was_typed_survives_a_session_that_ended(window: Window, ana: Membership, talk: Talk) -> None:
    page = window(ana, "/sdr/")
    page.get_by_label("Nome do SDR").fill("Beatriz")
    page.get_by_label("O SDR responde").uncheck()
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.locator("#sdr-form").get_by_role("button", name="Salvar").click()
    page.wait_for_url("**/conta/login/**")
    expect(page.locator("#toasts")).to_contain_text("Sua sessão tinha terminado")
    page.fill("input[name=login]", ana.user.email)
    page.fill("input[name=password]", PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/sdr/")
    expect(page.get_by_text("O que você digitou voltou.")).to_be_visible()
    expect(page.get_by_label("Nome do SDR")).to_have_value("Beatriz")
    expect(page.get_by_label("O SDR responde")).not_to_be_checked()
    page.locator("#sdr-form").get_by_role("button", name="Salvar").click()
    expect(page.locator("#toasts")).to_contain_text("O SDR foi salvo")
    expect(page.get_by_text("O que você digitou voltou.")).to_have_count(0)
    assert (get_profile().agent_name, get_profile().enabled) == ("Beatriz", False)


SPY = """
window.told = [];
window.Notification = class { constructor(title, options) { window.told.push([title, options.body]); } };
window.Notification.permission = "granted";
document.addEventListener("DOMContentLoaded", () => {
  window.sounds = 0;
  document.body.addEventListener("alert:sound", () => { window.sounds += 1; });
});
"""


def test_a_waiting_conversation_is_told_once_by_sound_and_notification(
    window: Window, bruno: Membership, in_acme: Organization
) -> None:
    User.objects.update(alert_sound=True, alert_popup=True)
    page = window(bruno, "/minha-conta/")
    page.context.add_init_script(SPY)
    other = page.context.new_page()
    for one in (page, other):
        one.goto("/leads/")
    thread = receive(simulator(), "+5519997426108", "Oi, tem alguém aí?", external_id="um", at=now().isoformat())
    Conversation.objects.filter(pk=thread.pk).update(handler="human")
    for one in (page, other):
        one.evaluate("() => { document.body.dispatchEvent(new CustomEvent('live:inbox')); }")
        expect(one.locator("#alerts[data-told] [data-alert]")).to_have_count(1)
        # Whoever asks for the lock now gets it after whoever tells.
        one.evaluate("() => navigator.locks.request('alerts', () => true)")
    page.wait_for_function("() => window.told.length && window.sounds")
    assert page.evaluate("() => window.told") == [["(19) 99742-6108 espera por você", "Oi, tem alguém aí?"]]
    assert page.evaluate("() => window.sounds") == 1
    assert other.evaluate("() => [window.told.length, window.sounds]") == [0, 0]


def test_sound_and_notifications_are_set_up_by_each_person(
    window: Window, bruno: Membership, in_acme: Organization
) -> None:
    page = window(bruno, "/minha-conta/", PHONE)
    page.context.grant_permissions(["notifications"])
    page.reload()
    expect(page.locator("[data-alert-state]")).to_have_text("Este navegador mostra avisos.")
    page.get_by_label("tocar um som").check()
    page.get_by_role("button", name="Salvar avisos").click()
    expect(page.locator("#toasts")).to_contain_text("Seus avisos foram salvos")
    expect(page.get_by_label("tocar um som")).to_be_checked()
    bruno.user.refresh_from_db()
    assert bruno.user.alert_sound
