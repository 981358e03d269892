import pytest

from billing.documents import InvalidDocumentError, format_document, is_cnpj, is_cpf, read_document


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("529.982.247-25", "52998224725"),
        ("52998224725", "52998224725"),
        ("111.444.777-35", "11144477735"),
        ("11.222.333/0001-81", "11222333000181"),
        ("00.000.000/0001-91", "00000000000191"),
        ("12.ABC.345/01DE-35", "12ABC34501DE35"),
        ("12.abc.345/01de-35", "12ABC34501DE35"),
    ],
)
def test_good_documents_are_read(text: str, plain: str) -> None:
    assert read_document(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "529.982.247-24",
        "111.111.111-11",
        "11.222.333/0001-80",
        "00.000.000/0000-00",
        "123",
        "５２９９８２２４７２５",
        "12.ABC.345/01DE-36",
    ],
)
def test_wrong_documents_are_refused(text: str) -> None:
    with pytest.raises(InvalidDocumentError):
        read_document(text)


def test_one_wrong_digit_is_always_noticed() -> None:
    for good, check in (("52998224725", is_cpf), ("11222333000181", is_cnpj)):
        for place in range(len(good)):
            for digit in "0123456789":
                changed = good[:place] + digit + good[place + 1 :]
                assert check(changed) == (changed == good)


def test_documents_are_shown_as_people_know_them() -> None:
    assert format_document("52998224725") == "529.982.247-25"
    assert format_document("11222333000181") == "11.222.333/0001-81"
