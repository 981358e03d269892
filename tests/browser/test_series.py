"""A series and a sequence in a real browser: written in the wizard, under way, held, changed, ended; at a desk and on a phone."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from playwright.sync_api import Page, expect

from accounts.models import Membership, Organization
from campaigns.models import Campaign, Occurrence, Recipient, StopReason
from campaigns.schedules.starts import start_due
from campaigns.sequences.advance import advance_sequences
from campaigns.sequences.steps import StepDraft, save_steps
from campaigns.sequences.stopping import stop_sequences
from campaigns.services import lifecycle
from campaigns.services.drafts import VariantDraft, create_campaign
from core.clock import now
from gateways.models import Channel
from leads.models import Contact, ContactList, ListMembership
from leads.services.consent import opt_out
from tests.browser.test_wizard import go_on
from tests.support.thread import contact, simulator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Window = Callable[..., Page]
WIDTHS = pytest.mark.parametrize("width", [1440, 390])
TEXT = "Oi, {nome|tudo bem}! Quer saber do clareamento?"


@pytest.fixture
def channel(in_acme: Organization) -> Channel:
    return simulator()


@pytest.fixture
def chosen(in_acme: Organization) -> ContactList:
    rows = [contact(name, f"+551999742610{n}") for n, name in enumerate(("Mariana", "Rodrigo", "Bia"))]
    made: ContactList = ContactList.objects.create(name="Pacientes", size=len(rows))
    ListMembership.objects.bulk_create(
        ListMembership(organization_id=made.organization_id, contact_list=made, contact=row, row_number=n)
        for n, row in enumerate(rows)
    )
    return made


def fits(page: Page) -> None:
    """Nothing of a page reaches beyond its window."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def write(page: Page, chosen: ContactList, channel: Channel) -> None:
    """Fill the first three steps of the wizard and open the fourth."""
    page.fill("input[name=name]", "Lembrete")
    page.check(f"input[name=lists][value='{chosen.pk}']")
    go_on(page, "mensagem")
    page.fill("textarea[name=variant]", TEXT)
    go_on(page, "numeros")
    page.check(f"input[name=channels][value='{channel.pk}']")
    go_on(page, "quando")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@WIDTHS
def test_a_series_from_the_wizard_to_its_end(
    window: Window, bruno: Membership, chosen: ContactList, channel: Channel, width: int
) -> None:
    page = window(bruno, "/campanhas/nova/", width)
    write(page, chosen, channel)
    page.locator("input[name=when][value=repeat]").check(force=True)
    expect(page.locator("#times")).to_contain_text("Toda segunda às 9h")
    expect(page.locator("#times ol > li")).to_have_count(5)
    expect(page.locator("#times ol > li").first).to_contain_text(re.compile(r"Segunda-feira, .* às 9h"))
    fits(page)
    go_on(page, "conferencia")
    page.locator("#send").click()
    page.wait_for_url(re.compile(r"/campanhas/[0-9a-f-]{36}/"))
    series = Campaign.objects.get(repeats=True)
    expect(page.locator("#t-series")).to_have_text("Toda segunda às 9h")
    fits(page)

    press(page, "Pular este")
    expect(page.get_by_role("button", name="Enviar, afinal")).to_be_visible()
    press(page, "Enviar, afinal")
    expect(page.get_by_role("button", name="Enviar, afinal")).to_have_count(0)

    run_next(series)
    page.reload()
    run = series.runs.get()
    expect(page.locator(f"a[href='/campanhas/{run.pk}/']")).to_be_visible()
    page.get_by_role("link", name="Todos os envios lado a lado").click()
    expect(page.locator("tbody").first.locator("tr")).to_have_count(1)
    fits(page)
    page.goto("/campanhas/")
    expect(page.locator(".campaign-card")).to_have_count(1)
    page.locator(".folded a").click()
    page.wait_for_url(f"**/campanhas/{run.pk}/")
    page.get_by_role("link", name="Envio de uma série").click()
    page.wait_for_url(f"**/campanhas/{series.pk}/")

    press(page, "Pausar a série")
    expect(page.get_by_role("button", name="Retomar a série")).to_be_visible()
    assert Campaign.objects.get(pk=series.pk).state == "paused"
    page.get_by_role("link", name="Editar", exact=True).click()
    page.wait_for_url(f"**/campanhas/{series.pk}/editar/**")
    page.locator("#steps a[href='#quando']").click()
    page.fill("input[name=repeat_at]", "10:00")
    expect(page.locator("#times")).to_contain_text("Toda segunda às 10h")
    go_on(page, "conferencia")
    page.locator("#send").click()
    expect(page.locator("#t-series")).to_have_text("Toda segunda às 10h")
    assert Campaign.objects.get(pk=series.pk).state == "scheduled"

    page.get_by_role("button", name="Mais ações").click()
    press(page, "Encerrar a série")
    page.locator("#cancel-campaign button[type=submit]").click()
    expect(page.get_by_text("Esta série terminou.")).to_be_visible()
    assert (Campaign.objects.get(pk=series.pk).state, series.runs.get().state) == ("cancelled", "running")


def run_next(series: Campaign) -> None:
    """Let the next time of a series come a moment ago, and do what the sweep does."""
    at = Campaign.objects.values_list("start_at", flat=True).get(pk=series.pk)
    with time_machine.travel(at + timedelta(seconds=1), tick=False):
        start_due()
    assert Occurrence.objects.get(series=series).outcome == "made"


@pytest.fixture
def sequence(in_acme: Organization, chosen: ContactList, channel: Channel) -> Campaign:
    """A campaign of three steps, whose first message everybody got two days ago."""
    campaign = create_campaign(
        name="Retorno", list_ids=[chosen.pk], variants=[VariantDraft(TEXT)], channel_ids=[channel.pk]
    )
    save_steps(campaign, [StepDraft(1, ["Lembra, {nome}?"]), StepDraft(2, ["Última vez."])], ["replied"])
    started = lifecycle.start(campaign)
    left(started, now() - timedelta(days=2), channel)
    return started


def left(campaign: Campaign, at: datetime, channel: Channel) -> None:
    """Let everything in line have left at a moment, as the sender writes it down."""
    Recipient.objects.filter(campaign=campaign, state="queued").update(state="delivered", sent_at=at, channel=channel)


@WIDTHS
def test_a_sequence_of_three_steps_and_what_ends_it(
    window: Window, bruno: Membership, sequence: Campaign, channel: Channel, width: int
) -> None:
    stop_sequences(Contact.objects.get(name="Mariana").pk, StopReason.REPLIED)
    opt_out(Contact.objects.get(name="Rodrigo").pk, reason="SAIR", at=now())
    assert advance_sequences() == 2
    left(sequence, now(), channel)
    page = window(bruno, f"/campanhas/{sequence.pk}/", width)
    steps = page.locator("section[aria-labelledby=t-steps] tbody tr")
    expect(steps).to_have_count(3)
    expect(steps.nth(0)).to_contain_text("1 por resposta")
    expect(steps.nth(0)).to_contain_text("1 não pode mais receber")
    expect(steps.nth(1)).to_contain_text("depois de 1 dia")
    assert dict(sequence.recipients.values_list("contact__name", "step").order_by("step")) == {
        "Mariana": 1, "Rodrigo": 1, "Bia": 2,
    }  # fmt: skip
    expect(page.locator("#results")).to_contain_text("pessoas")
    fits(page)


@WIDTHS
def test_a_sequence_is_written_in_the_wizard(
    window: Window, bruno: Membership, chosen: ContactList, channel: Channel, width: int
) -> None:
    page = window(bruno, "/campanhas/nova/", width)
    page.fill("input[name=name]", "Retorno")
    page.check(f"input[name=lists][value='{chosen.pk}']")
    go_on(page, "mensagem")
    page.fill("textarea[name=variant]", TEXT)
    for number, words in enumerate(("Lembra, {nome}?", "Última vez.")):
        page.locator("#sequence button[value=step-add]").click()
        page.fill(f"[name=step_text_{number}]", words)
    fits(page)
    go_on(page, "numeros")
    page.check(f"input[name=channels][value='{channel.pk}']")
    go_on(page, "quando")
    go_on(page, "conferencia")
    expect(page.locator("#plan")).to_contain_text("Até 9 mensagens")
    page.locator("#send").click()
    page.wait_for_url(re.compile(r"/campanhas/[0-9a-f-]{36}/"))
    campaign = Campaign.objects.get()
    assert (campaign.steps.count(), campaign.stops_on) == (2, ["replied", "booked"])
    assert campaign.state == "running"
