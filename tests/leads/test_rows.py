import pytest
from django.utils import translation

from leads.services.rows import OTHER_PHONE, SEARCH_LENGTH, VALUE_LENGTH, ParsedRow, RowReader, read_tags

MAPPING = {
    "0": "name",
    "1": "phone",
    "2": "whatsapp_link",
    "3": "status",
    "4": "city",
    "5": "email",
    "6": "tags",
    "7": "attribute:cor",
}


def read(**cells: str) -> ParsedRow:
    names = ("name", "phone", "link", "status", "city", "email", "tags", "cor")
    return RowReader(MAPPING).read(7, [cells.get(name, "") for name in names])


def test_row_is_read_with_everything_it_says() -> None:
    row = read(
        name="  Ana   Souza ",
        phone="(11) 99999-8888",
        status="1",
        city="São Paulo",
        email="ana@x.com",
        tags="vip, 2026",
        cor="azul",
    )
    assert (row.name, row.phone, row.phone_key, row.status) == ("Ana Souza", "+5511999998888", "+5511999998888", 1)
    assert (row.city, row.email, row.tags, row.attributes) == (
        "São Paulo",
        "ana@x.com",
        ["vip", "2026"],
        {"cor": "azul"},
    )
    assert row.search == "ana souza +5511999998888 ana@x.com sao paulo"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("", 1),
        ("1", 1),
        ("1.0", 1),
        ("Sim", 1),
        ("ATIVO", 1),
        ("0", 0),
        ("0.0", 0),
        ("não", 0),
        ("2", 0),
        ("inativo", 0),
        ("novo", 0),
    ],
)
def test_status_is_one_unless_the_cell_says_something_else(status: str, expected: int) -> None:
    assert read(phone="11999998888", status=status).status == expected


@pytest.mark.parametrize(
    "link",
    ["https://wa.me/5531988887777", "wa.me/5531988887777?text=oi", "https://api.whatsapp.com/send?phone=5531988887777&text=Oi",
     "https://wa.me/+55%2031%2098888-7777"],
)  # fmt: skip
def test_link_wins_over_the_phone_and_the_phone_is_kept_beside(link: str) -> None:
    row = read(phone="(11) 3333-4444", link=link)
    assert (row.phone, row.whatsapp_link) == ("+5531988887777", link)
    assert row.attributes == {OTHER_PHONE: "+551133334444"}


def test_same_number_in_link_and_phone_is_kept_once() -> None:
    assert read(phone="31 8888-7777", link="wa.me/5531988887777").attributes == {}


def test_broken_second_phone_is_kept_as_it_is() -> None:
    assert read(phone="ver com a mãe", link="wa.me/5531988887777").attributes == {OTHER_PHONE: "ver com a mãe"}


def test_broken_link_gives_way_to_the_phone() -> None:
    row = read(phone="11999998888", link="https://wa.me/message/ABC")
    assert (row.phone, row.whatsapp_link, row.reason) == ("+5511999998888", "", "")


def test_link_in_the_column_of_the_phone_and_number_in_that_of_the_link() -> None:
    assert read(phone="https://wa.me/5531988887777").phone == "+5531988887777"
    assert read(link="11 99999-8888").phone == "+5511999998888"


def test_script_in_place_of_a_link_is_never_kept() -> None:
    assert read(phone="11999998888", link="javascript:alert(1)").whatsapp_link == ""


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"name": "Ana"}, "There is no phone in this row."),
        ({"link": "https://instagram.com/ana"}, "The WhatsApp link names no phone."),
        ({"phone": "9742-6108"}, "The area code is missing. E.g.: (19) 99742-6108"),
        ({"phone": "5,5E+12"}, "The spreadsheet shortened this number. Format the column as text and send it again."),
    ],
)
def test_row_without_a_phone_says_why(cells: dict[str, str], reason: str) -> None:
    with translation.override("en"):
        assert read(**cells).reason == reason


def test_cells_are_cut_to_what_the_database_holds() -> None:
    row = read(
        name="N" * 500,
        phone="11999998888",
        city="C" * 500,
        email="e" * 500,
        cor="c" * 5000,
        tags=",".join(f"t{n}" for n in range(99)),
    )
    assert (len(row.name), len(row.city), len(row.email), len(row.attributes["cor"])) == (160, 120, 254, VALUE_LENGTH)
    assert len(row.tags) == 20 and len(row.search) <= SEARCH_LENGTH


def test_tags_are_split_cut_and_kept_once() -> None:
    assert read_tags(" vip ;VIP, vip| novo  lead ,," + "x" * 60) == ["vip", "VIP", "novo lead", "x" * 40]
