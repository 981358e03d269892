"""Every number on the page of the results opens a list of exactly that many conversations."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest
import time_machine
from django.test import Client
from psycopg.types.range import TimestamptzRange

from accounts.models import Membership, Organization
from billing.models import Charge
from bookings.charges.models import ChargeLink
from bookings.models import Booking, Service
from bookings.services.schedule import save_professional, save_service
from conversations.models import Conversation, Message
from core.clock import now
from leads.models import Contact
from sdr.insights import Insights
from sdr.models import ModelCall, Qualification, Question, Refusal
from tests.support.thread import contact, simulator

Login = Callable[..., Client]
START = "/sdr/resultados/"
WORDS = (
    "meio caro para mim",
    "vou pensar e te aviso",
    "fica longe de casa",
    "tenho medo de doer",
    "queria marcar botox",
)
STATES = ("qualificado", "qualificado", "abandoned", "handed_off", "collecting", "qualificado", "opted_out")
LEVELS = (("quente", 110), ("morno", 75), ("frio", 40), ("muito_frio", 10), ("quente", 95))
SERVICES = ("Botox", "Limpeza de pele", None, "Peeling & laser", "Botox")
LEADS, DAYS_APART = 61, 7
NOON = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
"""A Wednesday, in the middle of a week and of a month, in São Paulo, too."""


@dataclass
class Behind:
    """A link that stands for ``count`` conversations, and the words it is shown with."""

    count: int
    address: str
    words: str = ""


class Numbers(HTMLParser):
    """Collects the numbers of a page that open something, and its rows; figures outside of links are kept as ``bare``."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Behind] = []
        self.rates: list[str] = []
        self.cells: list[Behind] = []
        self.bare: list[str] = []
        self.rows, self.older = 0, ""
        self._open: Behind | None = None
        self._links, self._figure, self._pages = 0, False, False
        self.feed(html.split("<main")[1])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        kind = str(given.get("class", ""))
        self.rows += "data-row" in given
        if tag == "nav":
            self._pages = kind == "pagination"
        if tag == "a":
            self._links += 1
            href = str(given["href"])
            if "data-count" in given:
                self._open = Behind(int(str(given["data-count"])), href)
            elif "data-rate" in given:
                self.rates.append(href)
            elif "de=qualified_in" in href or "de=read_in" in href:
                self._open = Behind(-1, href)
            if self._pages:
                self.older = href
        elif {"num", "stat-value"} & set(kind.split()) and tag not in {"td", "th"}:
            self._figure = not self._links

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._links -= 1
            if self._open is not None:
                (self.cells if self._open.count < 0 else self.found).append(self._open)
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open.words += f" {data}"
        if self._figure and data.strip():
            self.bare.append(data)
            self._figure = False


def person(number: int) -> Contact:
    return contact(f"Lead {number}", f"+5519997{number:06d}")


def lead(number: int, channel: Any) -> Qualification:
    """One lead of the last year or so; what it said, wants and became goes round in circles of different lengths."""
    began = now() - timedelta(days=number * DAYS_APART // 3, minutes=30)
    who = person(number)
    thread = Conversation.objects.create(contact=who, channel=channel, last_message_at=began)
    Message.objects.create(
        conversation=thread, channel=channel, direction="in", origin="customer", body=WORDS[number % 5], state="received", at=began,
    )  # fmt: skip
    state, (level, points), service = STATES[number % 7], LEVELS[number % 5], SERVICES[number % 5]
    is_read = state != "collecting"
    row = Qualification.objects.create(
        contact=who, conversation=thread, status=state, temperature=level if is_read else "", score=points if is_read else 0,
        handoff_reason="wants_human" if state == "handed_off" else "", unanswered=["Aceita Pix?"] if number % 4 == 0 else [],
        facts={"interest": {"value": service} if service else None, "name": {"value": "Lia"} if number % 2 else None},
        qualified_at=began + timedelta(minutes=number % 9 + 1) if state == "qualificado" else None,
    )  # fmt: skip
    Qualification.objects.filter(pk=row.pk).update(started_at=began)
    if number % 3 == 0:
        ModelCall.objects.create(task="reply", provider="openai", cost_micros=120_000, conversation_ref=thread.pk)
    return row


def book(row: Qualification, service: Service, state: str) -> None:
    professional = service.professionals.get()
    at = row.contact.created_at + timedelta(days=2, hours=Booking.objects.count())
    during = TimestamptzRange(at, at + timedelta(minutes=30))
    Booking.objects.create(
        contact=row.contact, service=service, professional=professional, professional_number=professional.number, during=during,
        blocked=during, service_name=service.name, state=state,
    )  # fmt: skip


def pay(row: Qualification, cents: int, refunded: int = 0) -> None:
    charge = Charge.objects.create(
        payer_name="Lia", amount_cents=cents, refunded_cents=refunded, description="Sinal", method="pix_static", pix_code="x",
        expires_at=now() + timedelta(days=1), state="paid", paid_at=now(), confirmation="hand",
    )  # fmt: skip
    ChargeLink.objects.create(charge=charge, contact=row.contact)


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with time_machine.travel(NOON):
        yield


@pytest.fixture
def year(in_acme: Organization, ana: Membership) -> list[Qualification]:
    channel = simulator()
    rows = [lead(number, channel) for number in range(LEADS)]
    professional = save_professional(ana, name="Ana", is_active=True, actor=None)
    service = save_service(Service(organization=in_acme, name="Botox"), professionals=[professional], actor=None)
    done = [row for row in rows if row.status == "qualificado"]
    for position, row in enumerate(done):
        if position % 2:
            book(row, service, ("done", "confirmed", "missed", "cancelled")[position // 2 % 4])
        if position % 3 == 0:
            pay(row, 30_000, refunded=10_000 if position % 2 else 0)
    for number in range(3):
        Question.objects.create(text=f"Tem vaga {number}?", key=f"tem vaga {number}")
        Refusal.objects.create(conversation_id=rows[number].conversation_id, wanted="Dou 50% de desconto")
    return rows


def rows_at(client: Client, address: str) -> int:
    """Return how many rows the list at an address has over all its pages."""
    found = 0
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, address
        page = Numbers(answer.content.decode())
        found, address = found + page.rows, urljoin(address, page.older) if page.older else ""
    return found


def numbers_of(page: str) -> Iterator[Behind]:
    for one in Numbers(page).found:
        yield Behind(one.count, urljoin(START, one.address), " ".join(one.words.split()))


@pytest.mark.parametrize("asked", ["dias=1", "dias=7", "dias=30", "dias=90&por=dia", "dias=365", "dias=365&por=semana"])
def test_every_number_opens_exactly_its_conversations(
    login: Login, ana: Membership, year: list[Qualification], asked: str
) -> None:
    client = login(ana)
    page = client.get(f"{START}?{asked}").content.decode()
    numbers = list(numbers_of(page))
    wrong = [one for one in numbers if rows_at(client, one.address) != one.count]
    assert wrong == []
    shown = [int(re.sub(r"\D", "", re.search(r"[\d.]+", one.words)[0])) for one in numbers]  # type: ignore[index]
    assert shown == [one.count for one in numbers]
    assert len(numbers) > 40
    assert Numbers(page).bare == []


@pytest.mark.parametrize("asked", ["dias=30", "dias=90", "dias=365", "dias=365&por=semana"])
def test_every_point_of_both_charts_opens_its_conversations(
    login: Login, ana: Membership, year: list[Qualification], asked: str
) -> None:
    client = login(ana)
    cells = Numbers(client.get(f"{START}?{asked}").content.decode()).cells
    counts = [one for one in cells if "qualified_in" in one.address]
    assert [rows_at(client, urljoin(START, one.address)) for one in counts] == [int(one.words) for one in counts]
    assert sum(int(one.words) for one in counts) > 2
    scores = [one for one in cells if "read_in" in one.address]
    assert len(scores) == len(counts)
    for one in scores:
        page = client.get(urljoin(START, one.address)).content.decode()
        points = [int(value) for value in re.findall(r'<data value="(\d+)"', page)]
        assert round(sum(points) / len(points)) == int(one.words) if points else int(one.words) == 0


def test_time_is_told_by_day_week_or_month(login: Login, ana: Membership, year: list[Qualification]) -> None:
    client = login(ana)
    for asked, marked in {"dias=30": "dia", "dias=90": "semana", "dias=365": "mes", "dias=90&por=mes": "mes"}.items():
        page = client.get(f"{START}?{asked}").content.decode()
        assert re.findall(r'href="[^"]*por=(\w+)" aria-current="true"', page) == [marked]


def test_every_rate_opens_a_list(login: Login, ana: Membership, year: list[Qualification]) -> None:
    client = login(ana)
    rates = Numbers(client.get(START).content.decode()).rates
    assert len(rates) == 9
    assert {client.get(urljoin(START, one)).status_code for one in rates} == {200}


def test_conversion_by_temperature_counts_bookings_deals_and_payments(
    year: list[Qualification], in_acme: Organization
) -> None:
    for row in Insights(in_acme, now(), 365).outcomes:
        mine = [one for one in year if one.qualified_at and one.temperature == row.key]
        bookings = {one.pk: set(one.contact.bookings.values_list("state", flat=True)) for one in mine}
        links = {one.pk: list(one.contact.charge_links.select_related("charge")) for one in mine}
        assert row.count == len(mine)
        assert row.booked == sum(bool(states & {"confirmed", "done", "missed"}) for states in bookings.values())
        assert row.paid == sum(bool(one) for one in links.values())
        assert row.closed == sum("done" in bookings[one.pk] or bool(links[one.pk]) for one in mine)
        charges = [link.charge for one in links.values() for link in one]
        assert row.cents == sum(charge.amount_cents - charge.refunded_cents for charge in charges)


def test_what_happened_before_the_talk_is_none_of_its_doing(year: list[Qualification], in_acme: Organization) -> None:
    before = Insights(in_acme, now(), 365).converted
    Charge.objects.update(paid_at=now() - timedelta(days=800))
    Booking.objects.update(created_at=now() - timedelta(days=800))
    after = Insights(in_acme, now(), 365).converted
    assert before.paid and before.booked
    assert (after.count, after.booked, after.closed, after.paid, after.cents) == (before.count, 0, 0, 0, 0)


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_what_is_behind_a_number_goes_into_a_spreadsheet(
    login: Login, ana: Membership, year: list[Qualification], file_format: str
) -> None:
    answer = login(ana).get(f"{START}exportar.{file_format}", {"dias": "365", "de": "temperature", "valor": "quente"})
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # a streaming answer
    assert answer.status_code == 200
    if file_format == "csv":
        lines = body.decode("utf-8-sig").splitlines()
        hot = [row for row in year if row.qualified_at and row.temperature == "quente"]
        assert len(lines) == 1 + len(hot)
        assert "Recebeu" not in lines[0] and "Pagaram" in lines[0]
        assert all(f"Lead {year.index(row)}" in body.decode() for row in hot)


def test_no_lead_yet_is_said_in_words(login: Login, ana: Membership, in_acme: Organization) -> None:
    page = login(ana).get(START).content.decode()
    assert "Ninguém falou com o SDR neste período" in page
    assert Numbers(page).found == []


def test_a_suggestion_becomes_a_draft_of_the_prompt(login: Login, ana: Membership, in_acme: Organization) -> None:
    page = login(ana).get("/sdr/prompts/?sugestao=objection&valor=price").content.decode()
    assert "diga o que está incluído no preço" in page
    assert "Não ofereça desconto" not in login(ana).get("/sdr/prompts/?sugestao=objection&valor=x").content.decode()


def test_another_organization_opens_nothing_of_it(login: Login, carla: Membership, year: list[Qualification]) -> None:
    client = login(carla)
    for kind in ("all", "qualified", "cost", "paid"):
        assert rows_at(client, f"{START}conversas/?dias=365&de={kind}") == 0
    body = b"".join(client.get(f"{START}exportar.csv?dias=365").streaming_content)  # type: ignore[attr-defined]
    assert b"Lead" not in body.replace(b"Leads", b"")
