"""The agenda in a real browser: from the public page to the receipt, two who want one time, and every page of it."""

import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.models import Membership, Organization
from billing.models import Charge, ChargeState
from bookings.availability import moment
from bookings.models import Booking, BookingNotice, CalendarAccount, NoticeKind, Professional, Service
from bookings.services import notices
from bookings.services.booking import Wish, book, hold
from bookings.services.schedule import add_time_off, get_settings, save_professional, save_service, set_hours
from conversations.models import Conversation, Direction, Message
from core.clock import local, now
from core.crypto import encrypt_for
from core.tenancy import activate_organization
from gateways.models import Channel
from leads.models import Contact
from tests.billing.charging import connect_pix
from tests.support.jobs import drain, forget_jobs
from tests.support.sagas import run_due_sagas
from tests.support.thread import contact, receive, simulator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ZONE = "America/Sao_Paulo"
Open = Callable[..., Page]


@pytest.fixture
def clinic(acme: Organization, ana: Membership, bruno: Membership) -> Iterator[dict[str, Any]]:
    """A business that takes bookings every day of the week, on a Simulator, paid by Pix."""
    forget_jobs()
    with activate_organization(acme.pk):
        channel = simulator(replies=False)
        connect_pix()
        own = get_settings()
        own.is_public, own.closes_on_holidays = True, False
        own.welcome, own.address = "Escolha o serviço e o melhor horário.", "Rua das Flores, 12, Campinas"
        own.save()
        nina = _who(ana, "Nina")
        service = Service(
            organization_id=acme.pk, name="Limpeza", duration_minutes=60, price_cents=18_000, color=3,
            description="Limpeza completa, com orientação.",
        )  # fmt: skip
        save_service(service, professionals=[nina, _who(bruno, "Beto")], actor=None)
        yield {"slug": own.slug, "nina": nina, "service": service, "channel": channel}


def _who(member: Membership, name: str) -> Professional:
    who = save_professional(member, name=name, is_active=True, actor=None)
    set_hours(who, {day: [(8 * 60, 12 * 60), (13 * 60, 19 * 60)] for day in range(7)}, actor=None)
    return who


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Iterator[Open]:
    """Return what opens a window of somebody who is not logged in."""
    contexts = []

    def open_at(path: str, width: int = 390) -> Page:
        context = browser.new_context(
            base_url=live_server.url, locale="pt-BR", viewport={"width": width, "height": 844}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.goto(path)
        return page

    yield open_at
    for context in contexts:
        context.close()


def work() -> None:
    for _round in range(3):
        drain()
        run_due_sagas()


def said() -> list[str]:
    rows = Message.objects.filter(direction=Direction.OUT).order_by("created_at", "pk")
    return list(rows.values_list("body", flat=True))


def go_to_the_form(page: Page) -> None:
    """Choose the service, Nina, the day after tomorrow or later, and its first time."""
    page.get_by_role("link", name="Limpeza").click()
    page.get_by_role("link", name="Nina").click()
    page.locator(".public-days a.button").nth(2).click()
    page.locator(".slots a").first.click()


def fill_in(page: Page, name: str, phone: str) -> None:
    page.get_by_label("Seu nome").fill(name)
    page.get_by_label("Seu WhatsApp").fill(phone)
    page.get_by_role("button", name="Marcar").click()


def test_from_the_public_page_to_the_receipt(
    clinic: dict[str, Any], visit: Open, window: Open, ana: Membership
) -> None:
    # The customer books on the phone.
    page = visit(f"/agendar/{clinic['slug']}/")
    go_to_the_form(page)
    fill_in(page, "Rita Prado", "(11) 98888-7777")
    expect(page.get_by_role("heading", name="Está marcado")).to_be_visible()
    work()
    booking = Booking.objects.get()
    assert "Seu horário está marcado" in said()[0]

    # The reminder comes, and is answered.
    due = BookingNotice.objects.filter(booking=booking, kind=NoticeKind.DAY_BEFORE)
    assert due.update(due_at=now()) == 1
    notices.send_due_notices()
    work()
    assert "Responda 1 para confirmar" in said()[1]
    receive(clinic["channel"], "+5511988887777", "1", external_id="in-1", at=now().isoformat())
    work()
    page.reload()
    expect(page.get_by_text("Você disse que vem.")).to_be_visible()

    # The owner asks for the money from the booking, the customer opens the link of the chat.
    desk = window(ana, reverse("bookings:booking", args=[booking.pk]))
    expect(desk.get_by_text("vem", exact=True).first).to_be_visible()
    desk.get_by_role("link", name="Cobrar").click()
    expect(desk.get_by_label("Valor")).to_have_value(re.compile("180,00"))
    desk.get_by_label(re.compile("^Enviar")).check()
    desk.get_by_role("button", name="Criar a cobrança").click()
    desk.wait_for_url(re.compile(r"/cobrancas/[0-9a-f-]{36}/"))
    work()
    charge = Charge.objects.get()
    path = reverse("billing:pay", args=[charge.public_token])
    assert path in said()[-1]
    paying = visit(path)
    expect(paying.get_by_text("180,00").first).to_be_visible()

    # It arrives: the owner says so, the customer has a receipt.
    desk.get_by_role("button", name="O dinheiro caiu na conta").click()
    expect(desk.locator(".title-row .badge", has_text="paga")).to_be_visible()
    work()
    charge.refresh_from_db()
    assert charge.state == ChargeState.PAID
    assert "recibo" in said()[-1]
    paying.reload()
    expect(paying.get_by_text("Pago. Obrigado.")).to_be_visible()
    thread = Conversation.objects.get()
    desk.goto(reverse("conversations:conversation", args=[thread.pk]))
    expect(desk.locator(".bubble").last).to_contain_text("recibo")


def test_two_who_want_one_time(clinic: dict[str, Any], visit: Open) -> None:
    first, second = visit(f"/agendar/{clinic['slug']}/"), visit(f"/agendar/{clinic['slug']}/", 1440)
    for page in (first, second):
        go_to_the_form(page)
    fill_in(first, "Rita Prado", "(11) 98888-7777")
    expect(first.get_by_role("heading", name="Está marcado")).to_be_visible()
    fill_in(second, "Bia Souza", "(11) 97777-6666")
    expect(second.get_by_role("alert")).to_contain_text("Este horário não está mais livre. Escolha outro.")
    # What was typed is still there, and the way on is one click.
    expect(second.get_by_label("Seu nome")).to_have_value("Bia Souza")
    second.get_by_role("link", name="Ver os horários livres").click()
    second.locator(".slots a").first.click()
    fill_in(second, "Bia Souza", "(11) 97777-6666")
    expect(second.get_by_role("heading", name="Está marcado")).to_be_visible()
    assert Booking.objects.count() == 2


@pytest.fixture
def full(clinic: dict[str, Any], acme: Organization) -> dict[str, str]:
    """A week with bookings of every state; addresses of the agenda's pages by name."""
    today, service, nina = local(now(), ZONE).date(), clinic["service"], clinic["nina"]
    monday = today - timedelta(days=today.weekday())
    names = ["Rita Prado", "João Batista de Almeida Prado", "Bia", "Carlos Eduardo", "Dona Neide", "Zeca"]
    people = [contact(name, f"+551198888700{number}") for number, name in enumerate(names)]
    made = [
        book(Wish(service, nina, moment(monday + timedelta(days=day), (8 + hour) * 60, ZONE), people[number]))
        for number, (day, hour) in enumerate([(0, 1), (0, 2), (2, 0), (3, 6), (4, 5)])
    ]
    held = hold(Wish(service, nina, moment(monday + timedelta(days=5), 9 * 60, ZONE), people[5]))
    off = moment(monday + timedelta(days=1), 0, ZONE), moment(monday + timedelta(days=2), 0, ZONE)
    add_time_off(nina, *off, reason="Congresso", actor=None)
    Contact.objects.filter(pk=people[0].pk).update(email="rita@example.com")
    channel: Channel = clinic["channel"]
    thread = receive(channel, people[0].phone, "Oi!", external_id="in-0", at=now().isoformat())
    work()
    sealed = encrypt_for(acme.pk, {"access": "a", "refresh": "r", "expires_at": now().isoformat()})
    CalendarAccount.objects.create(
        organization_id=acme.pk, professional=nina, email="nina@gmail.example", sealed=sealed, synced_at=now()
    )
    slug, pages = (
        clinic["slug"],
        ("agenda", "booking-create", "services", "service-create", "timetable", "days-off", "settings", "calendar"),
    )
    found = {name: reverse(f"bookings:{name}") for name in pages}
    own = made[0]
    return found | {
        "day": f"{found['agenda']}?visao=dia", "booking": reverse("bookings:booking", args=[own.pk]),
        "held": reverse("bookings:booking", args=[held.pk]), "move": reverse("bookings:booking-move", args=[own.pk]),
        "cancel": reverse("bookings:booking-cancel", args=[own.pk]),
        "hours": reverse("bookings:hours-edit", args=[nina.membership_id]),
        "service-edit": reverse("bookings:service-edit", args=[service.pk]),
        "contact": reverse("leads:contact", args=[people[0].pk]),
        "chat": reverse("conversations:conversation", args=[thread.pk]),
        "public": f"/agendar/{slug}/", "public-times": f"/agendar/{slug}/{service.pk}/",
        "public-booking": reverse("public_bookings:manage", args=[slug, held.token]),
    }  # fmt: skip


@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_of_the_agenda_reads_well(full: dict[str, str], window: Open, ana: Membership, width: int) -> None:
    page = window(ana, full["agenda"], width)
    faults = []
    for name, path in full.items():
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.goto(path)
            if folder := os.environ.get("PROSA_SHOTS"):
                page.screenshot(path=str(Path(folder) / f"{name}-{width}-{theme}.png"), full_page=True)
            found = Axe().run(page).response["violations"]
            faults += [f"{name} {theme}: {one['id']} {one['nodes'][0]['html'][:160]}" for one in found]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append(f"{name} is wider than {width}")
    assert faults == []


def test_a_booking_by_keyboard(full: dict[str, str], window: Open, ana: Membership) -> None:
    page = window(ana, full["agenda"])
    page.locator("[data-agenda-cells] > a[tabindex='0']").first.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    dialog = page.get_by_role("dialog")
    with page.expect_response(re.compile("horarios-livres")):
        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
    # What comes late for the closed dialog does not open it again.
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(dialog).to_be_hidden()
    page.locator(".agenda-block a").first.focus()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("link", name="Remarcar")).to_be_visible()
    dialog.get_by_role("link", name="Remarcar").focus()
    # Until what came has settled the link is a plain one, to the page of its own.
    page.wait_for_function("() => document.querySelector('dialog a[hx-get]')?.['htmx-internal-data']")
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Dia")).to_be_visible()
