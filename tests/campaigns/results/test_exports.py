"""What is taken away says what the page says: as CSV, in a workbook and on paper, to the cent."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from accounts.models import AuditEntry, Membership, Organization, User
from campaigns.models import Campaign, Recipient, Variant
from campaigns.results import tables
from campaigns.results.lines import WAYS, results_of
from campaigns.results.paper import _share
from campaigns.views import results
from core.money import parse_cents
from tests.campaigns.results.conftest import AFTERNOON, MORNING, World

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
DAY = timedelta(days=1)
PEOPLE = ("total", "sent", "delivered", "read", "replied", "qualified", "booked", "paid", "won", "failed")


@pytest.fixture
def sold(world: World, book_for: Any) -> World:
    """Money with fractions of a cent, names with every sign of Portuguese, and one that no type has."""
    Campaign.objects.update(name="Promoção de Verão: água & açúcar 😀")
    world.channels[1].name = "Recepção São João"
    world.channels[1].save()
    Recipient.objects.filter(pk__in=[world.rows[0].pk, world.rows[3].pk]).update(replied_at=AFTERNOON)
    world.qualify(0, MORNING + DAY)
    world.qualify(3, AFTERNOON + DAY)
    book_for(0, MORNING + DAY)
    world.pay(0, MORNING + 2 * DAY, 1_234_567)
    world.pay(3, AFTERNOON + DAY, 5_003)
    for number in (0, 1, 3):
        world.think(number, AFTERNOON + DAY, 3_333)
    world.campaign.refresh_from_db()
    return world


def taken(client: Client, world: World, rest: str) -> bytes:
    answer = client.get(f"/campanhas/{world.campaign.pk}/{rest}")
    assert answer.status_code == 200 and "attachment" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]


def cards(page: str) -> dict[str, int]:
    """Return the money of the page's cards in cents, by their names."""
    found = re.findall(r'<dt>([^<]+)</dt><dd><span class="stat-value">(R\$ [^<]+)</span>', page)
    return {name: parse_cents(value) for name, value in found}


def from_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


@pytest.mark.parametrize("way", WAYS)
def test_the_sums_of_csv_and_workbook_are_the_cards(bruno: Membership, login: Login, sold: World, way: str) -> None:
    client = login(bruno)
    shown = cards(client.get(f"/campanhas/{sold.campaign.pk}/?por={way}").content.decode())
    whole = results_of(sold.campaign).whole
    people = [getattr(whole.people, column) for column in PEOPLE]

    rows = from_csv(taken(client, sold, f"resultado.csv?por={way}"))[1:]
    assert [sum(int(row[column]) for row in rows) for column in range(1, 11)] == people
    assert all(re.fullmatch(r"-?\d+,\d\d", cell) for row in rows for cell in row[11:15]), "decimal comma, two decimals"
    assert sum(parse_cents(row[13]) for row in rows) == shown["Custo"] == whole.cost_cents
    assert sum(parse_cents(row[14]) for row in rows) == shown["Receita"] == 1_239_570

    book = CalamineWorkbook.from_filelike(io.BytesIO(taken(client, sold, f"resultado.xlsx?por={way}")))
    cells: list[Any] = book.get_sheet_by_index(0).to_python()[1:]
    assert [sum(row[column] for row in cells) for column in range(1, 11)] == people
    assert round(sum(row[13] for row in cells) * 100) == shown["Custo"]
    assert round(sum(row[14] for row in cells) * 100) == shown["Receita"]


def test_the_recipients_add_up_to_the_cards_in_both_formats(bruno: Membership, login: Login, sold: World) -> None:
    client, whole = login(bruno), results_of(sold.campaign).whole
    rows = from_csv(taken(client, sold, "exportar.csv"))[1:]
    sums = [sum(round(float(row[column].replace(",", ".")) * 1_000_000) for row in rows) for column in (-3, -2, -1)]
    assert [round(micros / 10_000) for micros in sums] == [whole.fee_cents, whole.ai_cents, whole.revenue_cents]
    book = CalamineWorkbook.from_filelike(io.BytesIO(taken(client, sold, "exportar.xlsx")))
    cells: list[Any] = book.get_sheet_by_index(0).to_python()[1:]
    assert [round(sum(row[column] for row in cells) * 100) for column in (-3, -2, -1)] == [
        whole.fee_cents, whole.ai_cents, whole.revenue_cents,
    ]  # fmt: skip


def test_very_many_people_come_as_csv(
    bruno: Membership, login: Login, sold: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MOST_FOR_EXCEL", 2)
    monkeypatch.setattr(tables, "BATCH", 2)
    client, address = login(bruno), f"/campanhas/{sold.campaign.pk}/exportar"
    answer = client.get(f"{address}.xlsx?situacao=&motivo=")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{address}.csv?situacao=&motivo=")
    rows = from_csv(taken(client, sold, "exportar.csv"))[1:]
    assert len(rows) == len({row[1] for row in rows}) == 6, "page by page, each once"
    assert client.get(f"{address}.xlsx?situacao=failed").status_code == 200


def test_the_paper_says_what_the_page_says(bruno: Membership, login: Login, sold: World) -> None:
    client = login(bruno)
    shown = cards(client.get(f"/campanhas/{sold.campaign.pk}/?por=hora").content.decode())
    content = taken(client, sold, "resultado.pdf")
    reader = PdfReader(io.BytesIO(content))
    text = "\n".join(page.extract_text() for page in reader.pages).replace("\u00a0", " ")
    for cents in shown.values():
        assert f"R$ {cents // 100:,}".replace(",", ".") + f",{cents % 100:02d}" in text
    for words in (
        "Promoção de Verão: água & açúcar",
        "Recepção São João",
        "Da lista ao dinheiro",
        "Agendaram",
        "9h",
        "15h",
    ):
        assert words in text
    assert "😀" not in text and reader.metadata is not None and "Promoção" in str(reader.metadata.title)
    totals = re.findall(r"^Total\s+([\d ]+?)\s+R\$ ([\d.,]+)", text, re.MULTILINE)
    whole = results_of(sold.campaign).whole
    assert len(totals) == len(WAYS), "each table ends with its sums"
    for people, cost in totals:
        assert [int(one) for one in people.split()] == [getattr(whole.people, column) for column in PEOPLE]
        assert parse_cents(cost) == whole.cost_cents
    assert AuditEntry.objects.filter(action="campaign.exported", data__format="pdf").exists()


def test_the_paper_of_many_wordings_goes_on_over_the_pages(bruno: Membership, login: Login, sold: World) -> None:
    for number in range(40):
        Variant.objects.create(campaign=sold.campaign, label=f"V{number}", body="Oi!")
    reader = PdfReader(io.BytesIO(taken(login(bruno), sold, "resultado.pdf")))
    assert len(reader.pages) > 3
    for page in reader.pages[1:]:
        assert "Prosa" in page.extract_text() and "página" in page.extract_text()


def test_the_paper_of_a_campaign_that_reached_nobody_is_empty_and_whole(
    bruno: Membership, login: Login, world: World
) -> None:
    Recipient.objects.all().delete()
    reader = PdfReader(io.BytesIO(taken(login(bruno), world, "resultado.pdf")))
    assert "R$ 0,00" in reader.pages[0].extract_text()


def test_the_paper_of_another_business_is_absent(carla: Membership, login: Login, world: World) -> None:
    assert login(carla).get(f"/campanhas/{world.campaign.pk}/resultado.pdf").status_code == 404


def test_shares_on_paper_are_rounded_as_on_the_page(in_acme: Organization) -> None:
    assert _share(70, 71).endswith("(98,6%)")
    assert (_share(2, 0), _share(0, 0)) == ("2  (–)", "0  (0,0%)")


def test_a_filtered_table_is_named_after_its_filter(sold: World, bruno: Membership, login: Login) -> None:
    def name(query: str) -> str:
        return str(login(bruno).get(f"/campanhas/{sold.campaign.pk}/exportar.csv{query}")["Content-Disposition"])

    assert "-responderam.csv" in name("?situacao=replied") and "-numero-invalido.csv" in name("?situacao=invalid")
    assert "agua-acucar.csv" in name("") and "agua-acucar.csv" in name("?situacao=x")
