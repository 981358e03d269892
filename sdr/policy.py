"""What no model may say: a price that the business did not state, or an address to click that is not its own."""

import re

from sdr.contract import BusinessProfile

MONEY = re.compile(r"R\$\s*([\d.]+(?:,\d{2})?)")
DISCOUNT = re.compile(r"\b\d{1,3}\s*%|\bdesconto de\b|\bgr[aá]tis\b|\bde gra[cç]a\b", re.IGNORECASE)
LINK = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
SAFE = "Essa informação eu confirmo com a equipe e já te retorno."


def refuse_invented(reply: str, profile: BusinessProfile) -> str:
    """Return the reply, or a safe sentence in its place when it states what the business never did."""
    stated = {service.price_cents for service in profile.services if service.price_cents is not None}
    known = " ".join(answer for _question, answer in profile.faq)
    amounts = {round(float(text.replace(".", "").replace(",", ".")) * 100) for text in MONEY.findall(reply)}
    invented = (
        amounts - stated - {round(float(t.replace(".", "").replace(",", ".")) * 100) for t in MONEY.findall(known)}
    )
    discount = DISCOUNT.search(reply) and not DISCOUNT.search(known)
    link = any(url not in known for url in LINK.findall(reply))
    return SAFE if invented or discount or link else reply
