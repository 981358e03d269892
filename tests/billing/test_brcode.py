from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.providers.pix import BrCode, BrCodeError, KeyKind, PixKey, PixKeyError, brcode, read_key, txid_of
from billing.providers.pix.brcode import HIGHEST_CENTS, ascii_text, crc16
from core.qr import qr_path
from tests.billing.brcodes import crc_by_bits, read

RANDOM_KEY = PixKey(KeyKind.RANDOM, "123e4567-e12b-12d1-a456-426655440000")
MAIL = PixKey(KeyKind.EMAIL, "ana@example.com")


def test_the_checksum_is_the_one_of_the_standard() -> None:
    assert crc16("123456789") == 0x29B1 == crc_by_bits(b"123456789")


def test_the_example_of_the_central_bank_comes_out_letter_by_letter() -> None:
    assert brcode(BrCode(RANDOM_KEY, "Fulano de Tal", "BRASILIA")) == (
        "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000"
        "5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D"
    )


def test_a_code_with_an_amount_comes_out_letter_by_letter() -> None:
    assert brcode(BrCode(MAIL, "ANA LTDA", "SAO PAULO", 4990, "PED123")) == (
        "00020126370014br.gov.bcb.pix0115ana@example.com520400005303986540549.905802BR"
        "5908ANA LTDA6009SAO PAULO62100506PED1236304C249"
    )


def test_accents_and_emojis_are_written_in_plain_letters() -> None:
    code = read(brcode(BrCode(MAIL, "Padaria São João & Irmãos Conceição 🍞", "São José dos Campos", 1)))
    assert code.fields["59"] == "Padaria Sao Joao & Irmaos"
    assert code.fields["60"] == "Sao Jose dos Ca"
    assert code.fields["54"] == "0.01"


def test_the_free_text_takes_what_the_key_leaves() -> None:
    code = read(brcode(BrCode(RANDOM_KEY, "Ana", "Campinas", 100, text="Avaliação " * 20)))
    assert len(code.fields["26"]) <= 99
    assert code.account["02"].startswith("Avaliacao Avaliacao")


def test_a_key_as_long_as_a_key_may_be_still_fits() -> None:
    key = read_key(f"{'a' * 60}@{'b' * 12}.com")
    assert read(brcode(BrCode(key, "Ana", "Campinas", 100, text="Consulta"))).crc_is_right


@pytest.mark.parametrize("cents", [0, -1, HIGHEST_CENTS + 1])
def test_an_amount_that_no_code_can_hold_is_refused(cents: int) -> None:
    with pytest.raises(BrCodeError):
        brcode(BrCode(MAIL, "Ana", "Campinas", cents))


@pytest.mark.parametrize("txid", ["A" * 26, "PED-1", "pé", " "])
def test_a_txid_that_banks_refuse_is_refused(txid: str) -> None:
    with pytest.raises(BrCodeError):
        brcode(BrCode(MAIL, "Ana", "Campinas", 100, txid))


@pytest.mark.parametrize(("name", "city"), [("", "Campinas"), ("Ana", ""), ("🍞", "Campinas")])
def test_a_receiver_without_letters_is_refused(name: str, city: str) -> None:
    with pytest.raises(BrCodeError):
        brcode(BrCode(MAIL, name, city, 100))


@given(
    name=st.text(min_size=1, max_size=60),
    city=st.text(min_size=1, max_size=40),
    cents=st.integers(1, HIGHEST_CENTS),
    txid=st.from_regex(r"[A-Za-z0-9]{1,25}", fullmatch=True),
)
def test_whatever_is_written_can_be_read_back(name: str, city: str, cents: int, txid: str) -> None:
    if not ascii_text(name, 25) or not ascii_text(city, 15):
        return
    code = read(brcode(BrCode(MAIL, name, city, cents, txid)))
    whole, rest = code.fields["54"].split(".")
    assert code.crc_is_right
    assert int(whole) * 100 + int(rest) == cents
    assert len(rest) == 2 and len(code.fields["54"]) <= 13
    assert code.extra == {"05": txid}
    assert code.account == {"00": "br.gov.bcb.pix", "01": MAIL.value}
    assert code.order == ["00", "26", "52", "53", "54", "58", "59", "60", "62", "63"]


@given(st.uuids(), st.uuids())
def test_each_id_has_its_own_txid(one: UUID, other: UUID) -> None:
    assert len(txid_of(one)) == 25
    assert UUID(int=int(txid_of(one), 36)) == one
    assert (txid_of(one) == txid_of(other)) == (one == other)


def test_the_text_becomes_a_drawing() -> None:
    drawing = qr_path(brcode(BrCode(MAIL, "Ana", "Campinas", 100)))
    assert drawing.size >= 21 and drawing.data.startswith("M0 0h7")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("529.982.247-25", KeyKind.CPF, "52998224725"),
        ("11.222.333/0001-81", KeyKind.CNPJ, "11222333000181"),
        (" Ana@Example.com ", KeyKind.EMAIL, "ana@example.com"),
        ("(19) 99742-6108", KeyKind.PHONE, "+5519997426108"),
        ("+55 19 99742-6108", KeyKind.PHONE, "+5519997426108"),
        ("123E4567-E12B-12D1-A456-426655440000", KeyKind.RANDOM, "123e4567-e12b-12d1-a456-426655440000"),
        ("123e4567e12b12d1a456426655440000", KeyKind.RANDOM, "123e4567-e12b-12d1-a456-426655440000"),
    ],
)
def test_a_key_is_read_as_the_directory_writes_it(text: str, kind: KeyKind, value: str) -> None:
    assert read_key(text) == PixKey(kind, value) == read_key(text, kind)


@pytest.mark.parametrize("text", ["", "ana", "529.982.247-24", "ana@", "é@example.com", "+351 912 345 678"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(PixKeyError):
        read_key(text)
