"""The one message that ends a qualification."""

from collections.abc import Mapping

from core.text import first_name
from sdr.contract import BusinessProfile, Fact

CLOSINGS = {
    "quente": "{nome}já tenho tudo que preciso. Nossa equipe foi avisada e alguém continua com você em instantes.",
    "morno": "{nome}agradeço as informações! Nossa equipe vai te chamar para combinar os próximos passos.",
    "frio": "{nome}que bom que me contou. Deixei tudo anotado aqui; quando quiser avançar, é só me chamar.",
    "muito_frio": "{nome}agradeço o contato! Quando fizer sentido pra você, estamos por aqui.",
}


def closing_message(
    profile: BusinessProfile, facts: Mapping[str, Fact], temperature: str, texts: Mapping[str, str] | None = None
) -> str:
    """Return the closing of a temperature; the business may have its own words, with ``{nome}`` for the first name."""
    name = facts.get("name")
    called = first_name(name.value) if name else ""
    own = (texts or {}).get(temperature, "").strip()
    if own:
        return " ".join(own.replace("{nome}", called).replace(" ,", ",").split(" ")).strip()
    text = CLOSINGS[temperature].format(nome=f"{called}, " if called else "")
    return text[0].upper() + text[1:]
