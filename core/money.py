"""Money is whole cents; this is how Brazilians read and write it."""

import re
from decimal import Decimal


class InvalidMoneyError(ValueError):
    """The text is no amount of money."""


_BRAZILIAN = re.compile(r"-?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]{1,2})?")
# One point with one or two digits behind it is a decimal point; with three it separates thousands, as above.
_POINT = re.compile(r"-?[0-9]+\.[0-9]{1,2}")
_ENGLISH = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]{1,2}")


def format_brl(cents: int) -> str:
    """Return cents as ``R$ 1.284,50``."""
    whole, rest = divmod(abs(cents), 100)
    grouped = f"{whole:,}".replace(",", ".")
    return f"{'-' if cents < 0 else ''}R$ {grouped},{rest:02d}"


def parse_cents(text: str) -> int:
    """Read ``R$ 1.284,50``, ``1284.5``, ``80`` and the like; raises :class:`InvalidMoneyError`."""
    plain = re.sub(r"\s+", "", text).upper().replace("R$", "").removesuffix("REAIS")
    if len(plain) > 18:
        raise InvalidMoneyError(text)
    if _BRAZILIAN.fullmatch(plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif _ENGLISH.fullmatch(plain):
        plain = plain.replace(",", "")
    elif not _POINT.fullmatch(plain):
        raise InvalidMoneyError(text)
    sign = -1 if plain.startswith("-") else 1
    whole, _point, rest = plain.lstrip("-").partition(".")
    return sign * (int(whole) * 100 + int(rest.ljust(2, "0") or 0))


def reais(cents: int) -> Decimal:
    """Return cents as an amount with two decimals, as cells of a spreadsheet hold money."""
    return Decimal(cents).scaleb(-2)
