import random
import time

import phonenumbers
import pytest
from django.utils.translation import override
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.phones import (
    AREAS,
    InvalidPhoneError,
    Phone,
    PhoneKind,
    canonical,
    extract_phone_from_whatsapp_link,
    format_national,
    match_key,
    whatsapp_link,
)
from tests.core.corpus import load

ALL_AREAS = [
    11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 24, 27, 28, 31, 32, 33, 34, 35, 37, 38,
    41, 42, 43, 44, 45, 46, 47, 48, 49,
    51, 53, 54, 55, 61, 62, 63, 64, 65, 66, 67, 68, 69, 71, 73, 74, 75, 77, 79, 81, 82, 83, 84, 85, 86, 87, 88, 89,
    91, 92, 93, 94, 95, 96, 97, 98, 99,
]  # fmt: skip
SHAPES = [
    "{area}{local}", "55{area}{local}", "+55{area}{local}", "({area}) {head}-{tail}", "+55 {area} {head}-{tail}",
    "0{area} {head} {tail}", "0055{area}{local}", "015{area}{local}", "{area}.{head}.{tail}",
    "+55 (0{area}) {head}-{tail}",
]  # fmt: skip

areas = st.sampled_from(ALL_AREAS)
mobiles = st.from_regex(r"9[0-9]{8}", fullmatch=True)
fixed_lines = st.from_regex(r"[2-5][0-9]{7}", fullmatch=True)
old_mobiles = st.from_regex(r"[689][0-9]{7}", fullmatch=True)


def written(shape: str, area: int, local: str) -> str:
    return shape.format(area=area, local=local, head=local[:-4], tail=local[-4:])


def by_library(text: str) -> str | None:
    try:
        parsed = phonenumbers.parse(text, "BR")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize(("raw", "e164", "kind"), load("phones_valid.json"))
def test_reads_a_phone_as_people_write_it(raw: str, e164: str, kind: str) -> None:
    assert (canonical(raw).e164, canonical(raw).kind) == (e164, kind)


@pytest.mark.parametrize(("raw", "reason"), load("phones_invalid.json"), ids=lambda value: str(value)[:30])
def test_refuses_what_is_no_phone_and_says_why(raw: str, reason: str | None) -> None:
    with override("en"), pytest.raises(InvalidPhoneError) as refusal:
        canonical(raw)
    assert str(refusal.value) == reason or (reason is None and str(refusal.value))


def test_the_expression_knows_every_area() -> None:
    digits = [area for area in range(10, 100) if phonenumbers.is_possible_number_string(f"+55{area}999998888", None)]
    known = [area for area in digits if by_library(f"+55{area}999998888")]
    assert known == ALL_AREAS
    assert [area for area in range(100) if area >= 10 and canonical_or_none(f"{area}999998888")] == ALL_AREAS
    assert AREAS.count("|") == 8


def canonical_or_none(raw: str) -> Phone | None:
    try:
        return canonical(raw)
    except InvalidPhoneError:
        return None


@settings(max_examples=1500, deadline=None)
@given(areas, mobiles, st.sampled_from(SHAPES))
def test_mobiles_agree_with_the_library(area: int, local: str, shape: str) -> None:
    assert canonical(written(shape, area, local)) == Phone(f"+55{area}{local}", PhoneKind.MOBILE, "BR")
    assert by_library(f"+55{area}{local}") == f"+55{area}{local}"


@settings(max_examples=1500, deadline=None)
@given(areas, fixed_lines, st.sampled_from(SHAPES))
def test_fixed_lines_agree_with_the_library(area: int, local: str, shape: str) -> None:
    assert canonical(written(shape, area, local)) == Phone(f"+55{area}{local}", PhoneKind.FIXED, "BR")
    assert by_library(f"+55{area}{local}") == f"+55{area}{local}"


@settings(max_examples=1000, deadline=None)
@given(areas, old_mobiles, st.sampled_from(SHAPES))
def test_a_mobile_of_eight_digits_gets_its_ninth(area: int, local: str, shape: str) -> None:
    assert canonical(written(shape, area, local)).e164 == f"+55{area}9{local}"
    assert by_library(f"+55{area}{local}") is None


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(["PT", "US", "AR", "PY", "UY", "GB", "DE", "AO", "MZ", "JP"]), st.randoms(use_true_random=False))
def test_foreign_numbers_with_a_plus_agree_with_the_library(country: str, chance: random.Random) -> None:
    base = phonenumbers.example_number(country)
    tail = f"{chance.randrange(1000):03d}"
    e164 = phonenumbers.format_number(base, phonenumbers.PhoneNumberFormat.E164)[:-3] + tail
    phone = canonical_or_none(e164)
    assert (phone.e164 if phone else None) == by_library(e164)


@settings(max_examples=1500, deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"[0-9 ()+\-./@a-z]{0,30}", fullmatch=True))
@example("+55")
@example("0" * 40)
@example("\ud800")
def test_any_text_is_a_valid_phone_or_a_reason(raw: str) -> None:
    phone = canonical_or_none(raw)
    if phone is not None:
        assert canonical(phone.e164) == phone
        assert phonenumbers.is_valid_number(phonenumbers.parse(phone.e164, None))
        assert len(phone.e164) <= 16


@settings(max_examples=1000, deadline=None)
@given(areas, st.from_regex(r"[6-9][0-9]{7}", fullmatch=True))
def test_both_forms_of_a_mobile_share_one_key(area: int, local: str) -> None:
    with_nine, without = f"+55{area}9{local}", f"+55{area}{local}"
    assert match_key(with_nine) == match_key(without) == with_nine


@settings(max_examples=1000, deadline=None)
@given(areas, fixed_lines)
def test_a_fixed_line_never_shares_a_key_with_a_mobile(area: int, local: str) -> None:
    fixed, mobile = f"+55{area}{local}", f"+55{area}9{local}"
    assert match_key(fixed) == fixed
    assert match_key(mobile) == mobile


def test_foreign_numbers_are_their_own_key() -> None:
    assert match_key("+351912345678") == "+351912345678"


def test_a_phone_knows_its_key_and_its_national_form() -> None:
    phone = canonical("3188887777")
    assert (phone.key, phone.national, phone.country) == ("+5531988887777", "(31) 98888-7777", "BR")


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        ("+5519997426108", "(19) 99742-6108"),
        ("+551133334444", "(11) 3333-4444"),
        ("+558001234567", "0800 123 4567"),
        ("+351912345678", "+351 912 345 678"),
        ("+14155552671", "+1 415-555-2671"),
        ("", ""),
        ("nonsense", "nonsense"),
        ("<b>", "<b>"),
    ],
)
def test_shows_a_phone_as_its_country_does(e164: str, shown: str) -> None:
    assert format_national(e164) == shown


@pytest.mark.parametrize(("link", "e164"), load("whatsapp_links.json"), ids=lambda value: str(value)[:40])
def test_reads_the_phone_of_a_whatsapp_link(link: str, e164: str | None) -> None:
    assert extract_phone_from_whatsapp_link(link) == e164


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=200))
def test_any_text_as_a_link_is_harmless(link: str) -> None:
    assert extract_phone_from_whatsapp_link(f"https://wa.me/{link}") is None or True in map(str.isdigit, link)


def test_a_made_link_is_read_back() -> None:
    assert whatsapp_link("+5531988887777") == "https://wa.me/5531988887777"
    made = whatsapp_link("+5531988887777", "Olá & tchau? 11 99999-8888")
    assert made == "https://wa.me/5531988887777?text=Ol%C3%A1%20%26%20tchau%3F%2011%2099999-8888"
    assert extract_phone_from_whatsapp_link(made) == "+5531988887777"


def test_a_country_other_than_brazil_can_be_the_default() -> None:
    assert canonical("912 345 678", "PT").e164 == "+351912345678"
    assert canonical("+55 19 99742-6108", "PT").e164 == "+5519997426108"


def test_the_reasons_are_told_in_portuguese() -> None:
    with override("pt-br"), pytest.raises(InvalidPhoneError, match="Faltam 5 números"):
        canonical("199742")


def test_a_hundred_thousand_phones_take_about_a_second() -> None:
    phones = [f"({ALL_AREAS[i % 67]}) 9{i:08d}"[:16] for i in range(100_000)]
    began = time.process_time()
    found = {canonical(phone).e164 for phone in phones}
    assert len(found) == 100_000
    assert time.process_time() - began < 3
