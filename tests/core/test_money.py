import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import InvalidMoneyError, format_brl, parse_cents


@pytest.mark.parametrize(
    ("cents", "shown"),
    [
        (0, "R$ 0,00"),
        (5, "R$ 0,05"),
        (128_450, "R$ 1.284,50"),
        (-990, "-R$ 9,90"),
        (123_456_789_00, "R$ 123.456.789,00"),
    ],
)
def test_shows_cents_as_reais(cents: int, shown: str) -> None:
    assert format_brl(cents) == shown


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1.284,50", 128_450), ("R$ 1.284,50", 128_450), ("r$1284,5", 128_450), ("1284.5", 128_450),
        ("1,284.50", 128_450), ("80", 8_000), ("80 reais", 8_000), ("0,05", 5), ("-9,90", -990), ("1.284", 128_400),
        ("1.234.567", 123_456_700), (" 10 , 00 ", 1_000), ("R$\u00a010,00", 1_000),
    ],
)  # fmt: skip
def test_reads_what_people_write(text: str, cents: int) -> None:
    assert parse_cents(text) == cents


@pytest.mark.parametrize(
    "text", ["", "R$", "abc", "1,2,3", "1.28,450", "12.3456", "1e5", "--1", "NaN", "∞", "1/2", "9" * 30, "=1+1", "١٢"]
)
def test_refuses_what_is_no_amount(text: str) -> None:
    with pytest.raises(InvalidMoneyError):
        parse_cents(text)


@given(st.integers(-(10**12), 10**12))
def test_what_is_shown_is_read_back(cents: int) -> None:
    assert parse_cents(format_brl(cents)) == cents
