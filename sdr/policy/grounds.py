"""What the business has stated: the only ground on which anything may be claimed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.text import fold
from sdr.contract import BusinessProfile, ChatMessage
from sdr.policy.money import amounts_in

# "14:30", "14h30", "9 h", "8 horas", "às 18", "das 8", "8 às 18".
CLOCK = re.compile(
    r"(?<![\d,.:])(?:(?P<h1>\d{1,2}):(?P<m1>\d{2})(?!\d)|(?P<h2>\d{1,2})\s?h(?:oras?|rs?)?(?![a-z])\s?(?P<m2>\d{2}(?!\d))?|"
    r"(?P<h3>\d{1,2})(?= [àa]s \d))|\b(?:[àa]s|das) (?P<h4>\d{1,2})(?![\d:,.h])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Grounds:
    """``text`` is everything stated, folded; ``digits`` are the long numbers of it and of what the customer wrote."""

    text: str
    amounts: frozenset[int]
    times: frozenset[int]
    digits: str

    def has(self, words: str) -> bool:
        return fold(words).strip(" .,!?") in self.text


def grounds_of(profile: BusinessProfile, history: Sequence[ChatMessage] = ()) -> Grounds:
    """Gather services, prices, hours, places, answers and passages. The customer's own numbers may be repeated to them."""
    stated = "\n".join(
        [
            profile.business_name, profile.segment, profile.city, *profile.area, profile.hours, profile.agent_name,
            profile.opening, profile.instructions,
            *(service.name for service in profile.services), *(f"{q} {a}" for q, a in profile.faq),
            *(passage.text for passage in profile.passages),
        ]
    )  # fmt: skip
    own = " ".join(message.text for message in history if message.author == "customer")
    prices = {service.price_cents for service in profile.services if service.price_cents is not None}
    return Grounds(
        text=fold(stated), amounts=frozenset(prices | amounts_in(stated)), times=frozenset(times_in(stated)),
        digits=re.sub(r"[^\d\n]", "", f"{stated}\n{own}"),
    )  # fmt: skip


def times_in(text: str) -> set[int]:
    """Return the times of day that a text names, in minutes after midnight."""
    parts = [found.groupdict() for found in CLOCK.finditer(text)]
    read = [(int(p["h1"] or p["h2"] or p["h3"] or p["h4"]), int(p["m1"] or p["m2"] or 0)) for p in parts]
    return {hour * 60 + minute for hour, minute in read if hour < 25 and minute < 60}
