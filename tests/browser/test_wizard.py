"""Writing a campaign in a real browser: by keyboard alone, without JavaScript, with a double click, in two windows."""

import re
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Dialog, Page, expect

from accounts.models import Membership, Organization
from campaigns.models import Campaign, CampaignState, Recipient
from campaigns.services.drafts import VariantDraft, create_campaign
from gateways.models import Channel
from leads.models import Contact, ContactList, ListMembership
from sdr.services.copy import Variation, Variations
from tests.support.thread import contact, simulator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Window = Callable[..., Page]
NEW = "/campanhas/nova/"
TEXT = "Oi, {nome|tudo bem}! Quer saber do clareamento?"


@pytest.fixture
def channel(in_acme: Organization) -> Channel:
    return simulator()


@pytest.fixture
def chosen(in_acme: Organization) -> ContactList:
    """A person with a name, one without, one who asked not to receive."""
    rows = [
        contact("Mariana Teixeira", "+5519997426108"),
        contact("", "+5519997426109"),
        contact("Rodrigo", "+5519997426110", opted_out_at=timezone.now()),
    ]
    made: ContactList = ContactList.objects.create(name="Pacientes", size=len(rows))
    ListMembership.objects.bulk_create(
        ListMembership(organization_id=made.organization_id, contact_list=made, contact=row, row_number=n)
        for n, row in enumerate(rows)
    )
    return made


def tab_to(page: Page, selector: str, limit: int = 80) -> None:
    """Press Tab until the focus is on what is looked for, as somebody without a mouse does."""
    for _press in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by keyboard")


def fill(page: Page, chosen: ContactList, channel: Channel) -> None:
    """Fill everything and stop before sending."""
    page.fill("input[name=name]", "Novembro")
    page.check(f"input[name=lists][value='{chosen.pk}']")
    go_on(page, "mensagem")
    page.fill("textarea[name=variant]", TEXT)
    go_on(page, "numeros")
    page.check(f"input[name=channels][value='{channel.pk}']")
    go_on(page, "quando")
    go_on(page, "conferencia")


def go_on(page: Page, step: str) -> None:
    page.locator(f".step-foot a[data-variant=primary][href='#{step}']").click()
    expect(page.locator(f"#{step}")).to_be_visible()


def jump(page: Page, step: str) -> None:
    """Choose a step above the form."""
    page.locator(f"#steps a[href='#{step}']").click()
    expect(page.locator(f"#{step}")).to_be_visible()


def test_a_campaign_by_keyboard_alone(window: Window, bruno: Membership, chosen: ContactList, channel: Channel) -> None:
    page = window(bruno, NEW)
    tab_to(page, "input[name=name]")
    page.keyboard.type("Novembro")
    tab_to(page, "input[name=lists]")
    page.keyboard.press("Space")
    expect(page.locator("[data-receives]")).to_have_text("2")
    expect(page.locator("#audience")).to_contain_text("1 pediu para não receber")
    for target, words in (("mensagem", TEXT), ("numeros", ""), ("quando", ""), ("conferencia", "")):
        tab_to(page, f".step-foot a[data-variant=primary][href='#{target}']")
        page.keyboard.press("Enter")
        expect(page.locator(f"#{target}")).to_be_visible()
        if words:
            tab_to(page, "textarea[name=variant]")
            page.keyboard.type(words)
        if target == "numeros":
            tab_to(page, "input[name=channels]")
            page.keyboard.press("Space")
    expect(page.locator("#send")).to_have_text(re.compile("Enviar agora para 2 contatos"))
    tab_to(page, "#send")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", "the focus is seen"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/campanhas/[0-9a-f-]{36}/"))
    campaign = Campaign.objects.get()
    assert (campaign.name, campaign.state) == ("Novembro", CampaignState.RUNNING)
    assert campaign.variants.get().body == TEXT


def test_enter_in_the_name_goes_to_the_next_step_and_sends_nothing(
    window: Window, bruno: Membership, chosen: ContactList, channel: Channel
) -> None:
    page = window(bruno, NEW)
    page.fill("input[name=name]", "Novembro")
    page.keyboard.press("Enter")
    expect(page.locator("#mensagem")).to_be_visible()
    assert not Campaign.objects.exists()


def test_what_was_typed_is_not_left_by_accident(window: Window, bruno: Membership, in_acme: Organization) -> None:
    page, asked = window(bruno, NEW), []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.locator("input[name=name]").press_sequentially("Novembro")
    page.get_by_role("link", name="Sair").click()
    expect(page.locator("input[name=name]")).to_have_value("Novembro")
    assert asked == ["beforeunload"]


def test_two_clicks_make_one_campaign(window: Window, bruno: Membership, chosen: ContactList, channel: Channel) -> None:
    page = window(bruno, NEW)
    fill(page, chosen, channel)
    page.locator("#send").dblclick()
    page.wait_for_url(re.compile(r"/campanhas/[0-9a-f-]{36}/"))
    assert Campaign.objects.count() == 1
    assert Recipient.objects.filter(state="queued").count() in {0, 2}, "the audience is built by a job, once"


def test_without_javascript(window: Window, bruno: Membership, chosen: ContactList, channel: Channel) -> None:
    page = window(bruno, NEW, java_script_enabled=False)
    page.fill("input[name=name]", "Novembro")
    page.check("input[name=lists]")
    go_on(page, "mensagem")
    page.fill("textarea[name=variant]", TEXT)
    page.get_by_role("button", name="Adicionar variação").click()
    expect(page.locator("textarea[name=variant]")).to_have_count(2)
    expect(page.locator("textarea[name=variant]").first).to_have_value(TEXT)
    page.locator("textarea[name=variant]").nth(1).fill("Olá!")
    go_on(page, "numeros")
    page.check("input[name=channels]")
    go_on(page, "quando")
    go_on(page, "conferencia")
    page.locator("#send").click()
    page.wait_for_url(re.compile(r"/campanhas/[0-9a-f-]{36}/"))
    assert [one.body for one in Campaign.objects.get().variants.order_by("label")] == [TEXT, "Olá!"]


def test_the_phone_shows_real_people_and_what_is_said_when_a_name_is_missing(
    window: Window, bruno: Membership, chosen: ContactList, channel: Channel
) -> None:
    page = window(bruno, NEW)
    page.check("input[name=lists]")
    expect(page.locator("#audience")).to_contain_text("2 vão receber")
    go_on(page, "mensagem")
    page.fill("textarea[name=variant]", TEXT)
    expect(page.locator("#preview .bubble")).to_contain_text("Oi, Mariana!")
    page.select_option("#preview_as", label="Ver como (19) 99742-6109")
    expect(page.locator("#preview .bubble")).to_contain_text("Oi, tudo bem!")
    page.fill("textarea[name=variant]", "Oi, {bairro}!")
    expect(page.locator("#preview")).to_contain_text("não existe nos seus contatos")


def test_what_is_missing_leads_back_to_its_step_and_nothing_typed_is_lost(
    window: Window, bruno: Membership, chosen: ContactList, channel: Channel
) -> None:
    page = window(bruno, NEW)
    fill(page, chosen, channel)
    jump(page, "mensagem")
    page.fill("textarea[name=variant]", "")
    jump(page, "conferencia")
    expect(page.locator("#plan")).to_contain_text("Escreva pelo menos uma mensagem.")
    page.locator("#send").click()
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Tudo o que você escreveu continua aqui.")
    expect(page.locator("input[name=name]")).to_have_value("Novembro")
    notice.get_by_role("link", name="Corrigir").click()
    expect(page.locator("#mensagem")).to_be_visible()
    assert not Campaign.objects.exists()


def test_two_windows_do_not_overwrite_each_other_unseen(
    window: Window, ana: Membership, bruno: Membership, chosen: ContactList, channel: Channel
) -> None:
    draft = create_campaign(
        name="Rascunho", list_ids=[chosen.pk], variants=[VariantDraft(TEXT)], channel_ids=[channel.pk]
    )
    first, second = (window(who, f"/campanhas/{draft.pk}/editar/") for who in (ana, bruno))
    for page, name in ((first, "Da Ana"), (second, "Do Bruno")):
        page.fill("input[name=name]", name)
        jump(page, "conferencia")
        page.get_by_role("button", name="Salvar como rascunho").click()
    first.wait_for_url(f"**/campanhas/{draft.pk}/*")
    expect(second.get_by_role("alert")).to_contain_text("mudou em outra janela")
    expect(second.locator("input[name=name]")).to_have_value("Do Bruno")
    draft.refresh_from_db()
    assert draft.name == "Da Ana"


def test_a_step_pressed_while_a_summary_arrives_opens(
    window: Window, bruno: Membership, chosen: ContactList, channel: Channel
) -> None:
    page = window(bruno, NEW)
    page.fill("input[name=name]", "Novembro")
    with page.expect_response("**/resumo/"):
        page.check("input[name=lists]")
        place = page.locator("#steps a[href='#mensagem'] .step-mark").bounding_box()
        assert place
        page.mouse.move(place["x"] + 5, place["y"] + 5)
        page.mouse.down()
    expect(page.locator("#steps a[href='#publico']")).to_have_attribute("data-done", "")
    page.mouse.up()
    expect(page.locator("#mensagem")).to_be_visible()


def test_the_button_that_sends_is_not_taken_from_under_the_finger(
    window: Window, bruno: Membership, chosen: ContactList, channel: Channel
) -> None:
    """Leaving a field asks for a summary, which writes the count into the very button that is being pressed."""
    page = window(bruno, NEW)
    fill(page, chosen, channel)
    expect(page.locator("#send")).to_have_text(re.compile("Enviar agora para 2 contatos"))
    Contact.objects.filter(name="Mariana Teixeira").update(opted_out_at=timezone.now())
    place = page.locator("#send-words .only-now").bounding_box()
    assert place
    page.mouse.move(place["x"] + 5, place["y"] + 5)
    with page.expect_response("**/resumo/"):
        page.evaluate("document.querySelector('input[name=name]').dispatchEvent(new Event('change', {bubbles: true}))")
        page.mouse.down()
    assert "2 contatos" in page.locator("#send").inner_text(), "nothing moves until the button is released"
    page.mouse.up()
    page.wait_for_url(re.compile(r"/campanhas/[0-9a-f-]{36}/"))
    assert Campaign.objects.count() == 1


def test_who_is_sent_out_to_log_in_finds_everything_again(
    window: Window, bruno: Membership, chosen: ContactList, channel: Channel, settings: Any
) -> None:
    bruno.user.set_password("uma-senha-boa")
    bruno.user.save()
    page = window(bruno, NEW)
    page.fill("input[name=name]", "Novembro")
    page.check("input[name=lists]")
    go_on(page, "mensagem")
    page.fill("textarea[name=variant]", "Primeiro")
    page.get_by_role("button", name="Adicionar variação").click()
    expect(page.locator("textarea[name=variant]")).to_have_count(2)
    page.locator("textarea[name=variant]").nth(1).fill("Segundo\ncom duas linhas 😀")
    expect(page.locator("#preview")).to_contain_text("com duas linhas")
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.evaluate("document.querySelector('#text-1').dispatchEvent(new Event('input', {bubbles: true}))")
    page.wait_for_url("**/conta/login/**")
    page.fill("input[name=login]", bruno.user.email)
    page.fill("input[name=password]", "uma-senha-boa")
    page.get_by_role("button", name="Entrar").click()
    expect(page.locator("#resultado")).to_contain_text("O que você digitou voltou.")
    expect(page.locator("#mensagem")).to_be_visible()
    texts = page.locator("textarea[name=variant]")
    expect(texts).to_have_count(2)
    expect(texts.first).to_have_value("Primeiro")
    expect(texts.nth(1)).to_have_value("Segundo\ncom duas linhas 😀")
    expect(page.locator("input[name=name]")).to_have_value("Novembro")
    expect(page.locator("input[name=lists]")).to_be_checked()
    assert not Campaign.objects.exists()


def test_nothing_typed_is_replaced_while_a_model_writes(
    window: Window, bruno: Membership, in_acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = Event()

    def slowly(*_args: Any, **_values: Any) -> Variations:
        assert answered.wait(60)
        return Variations([Variation("Oi, {nome}!\nVamos conversar?", 100)], [], 0)

    monkeypatch.setattr("campaigns.views.variants.write_variations", slowly)
    page = window(bruno, f"{NEW}#mensagem")
    page.get_by_role("button", name="Criar com IA").click()
    expect(page.get_by_text("Escrevendo… pode levar meio minuto.").first).to_be_visible()
    first = page.locator("#text-0")
    expect(first).to_have_js_property("readOnly", True)
    page.get_by_role("button", name="Adicionar variação").click()
    answered.set()
    expect(first).to_have_value("Oi, {nome}!\nVamos conversar?")
    expect(page.locator("#variant-0")).to_contain_text("Escrito pelo motor local, sem custo.")
    expect(page.locator("textarea[name=variant]")).to_have_count(2)
    expect(first).to_have_js_property("readOnly", False)
    expect(page.get_by_text("Escrevendo…").first).to_be_hidden()


def test_the_phone_follows_the_text_that_is_written(
    window: Window, bruno: Membership, chosen: ContactList, channel: Channel
) -> None:
    words = "Uma linha bem longa para o celular, que ocupa bastante lugar na tela.\n" * 6
    draft = create_campaign(
        name="Rascunho",
        list_ids=[chosen.pk],
        variants=[VariantDraft(f"{n} {words}") for n in range(5)],
        channel_ids=[channel.pk],
    )
    page = window(bruno, f"/campanhas/{draft.pk}/editar/#mensagem")
    page.locator("#text-4").fill("Última variação, {nome}")
    bubble = page.locator("#preview .bubble").last
    expect(bubble).to_have_text("Última variação, Mariana")
    expect(bubble).to_be_in_viewport()


def test_what_was_left_on_purpose_stays_left(window: Window, bruno: Membership, in_acme: Organization) -> None:
    page = window(bruno, NEW)
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("input[name=name]").press_sequentially("Novembro")
    page.get_by_role("link", name="Sair").click()
    page.wait_for_url("**/campanhas/")
    page.goto(NEW)
    expect(page.locator("input[name=name]")).to_have_value("")


def test_deals_by_the_buttons_beside_the_figure(
    window: Window, bruno: Membership, chosen: ContactList, channel: Channel
) -> None:
    Contact.objects.update(opted_out_at=None)
    campaign: Any = create_campaign(
        name="Novembro", list_ids=[chosen.pk], variants=[VariantDraft(TEXT)], channel_ids=[channel.pk]
    )
    Campaign.objects.update(state=CampaignState.COMPLETED, started_at=timezone.now(), audience_built_at=timezone.now())
    page = window(bruno, f"/campanhas/{campaign.pk}/")
    output = page.locator("#report output")
    for expected in ("1", "2"):
        page.get_by_role("button", name="Um a mais").click()
        expect(output).to_have_text(expected)
    page.get_by_role("button", name="Um a menos").click()
    expect(output).to_have_text("1")
    assert Campaign.objects.get().closed_deals == 1
