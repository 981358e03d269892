"""What no model may say: a price that the business did not state, an address to click that is not its own, anything too late."""

import re
from datetime import timedelta

from sdr.contract import BusinessProfile

MONEY = re.compile(r"R\$\s*(\d[\d.]*(?:,\d{1,2})?)|\b(\d[\d.]*(?:,\d{1,2})?)\s*(?:reais|conto|pila)\b", re.IGNORECASE)
DISCOUNT = re.compile(
    r"\b\d{1,3}\s*(?:%|por\s?cento)|\bdesconto de\b|\bgr[aá]tis\b|\bde gra[cç]a\b|\bgratuit\w+|\bcortesia\b|"
    r"\bsem (?:custo|juros)\b",
    re.IGNORECASE,
)
LINK = re.compile(
    r"https?://\S+|www\.\S+|\b[a-z0-9-]+\.(?:com|net|org|io|app|br|me|ly)(?:/\S*|\.br\S*)?\b", re.IGNORECASE
)
# An automatic answer to what was said longer ago than this is worse than none.
ANSWER_WITHIN = timedelta(minutes=15)
SAFE = "Essa informação eu confirmo com a equipe e já te retorno."


def refuse_invented(reply: str, profile: BusinessProfile) -> str:
    """Return the reply, or a safe sentence in its place when it states what the business never did."""
    known = " ".join([profile.hours, *(answer for _question, answer in profile.faq)])
    stated = {service.price_cents for service in profile.services if service.price_cents is not None}
    invented = amounts_in(reply) - stated - amounts_in(known)
    promised = {found[0].lower() for found in DISCOUNT.finditer(reply)} - {
        found[0].lower() for found in DISCOUNT.finditer(known)
    }
    link = any(url.rstrip(".,!?)") not in known for url in LINK.findall(reply))
    return SAFE if invented or promised or link else reply


def amounts_in(text: str) -> set[int]:
    """Return the amounts of money that a text names, in cents."""
    return {_cents(found[1] or found[2]) for found in MONEY.finditer(text)}


def _cents(amount: str) -> int:
    whole, _comma, rest = amount.rstrip(".").partition(",")
    # "1.200" is twelve hundred; "690.00" is written by some models for a decimal point.
    if re.fullmatch(r"\d+\.\d{2}", whole) and not rest:
        whole, _point, rest = whole.partition(".")
    return int(whole.replace(".", "")) * 100 + int((rest or "0").ljust(2, "0"))
