"""Amounts of money in running text."""

import re

MONEY = re.compile(r"R\$\s*(\d[\d.]*(?:,\d{1,2})?)|\b(\d[\d.]*(?:,\d{1,2})?)\s*(?:reais|conto|pila)\b", re.IGNORECASE)


def amounts_in(text: str) -> set[int]:
    """Return the amounts of money that a text names, in cents."""
    return {_cents(found[1] or found[2]) for found in MONEY.finditer(text)}


def _cents(amount: str) -> int:
    whole, _comma, rest = amount.rstrip(".").partition(",")
    # "1.200" is twelve hundred; "690.00" is written by some models for a decimal point.
    if re.fullmatch(r"\d+\.\d{2}", whole) and not rest:
        whole, _point, rest = whole.partition(".")
    return int(whole.replace(".", "")) * 100 + int((rest or "0").ljust(2, "0"))
