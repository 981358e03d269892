"""The texts of official templates: their places, what Meta would refuse, and how a finished text fits one."""

import re
from collections.abc import Sequence
from functools import lru_cache

from django.utils.translation import gettext as _

from gateways.contract import OutgoingTemplate
from gateways.models import MessageTemplate

PLACE = re.compile(r"\{\{\s*([0-9]{1,2})\s*\}\}")
BRACES = re.compile(r"\{\{|\}\}")
NAME = re.compile(r"[a-z0-9_]{1,512}")
LONGEST_BODY, LONGEST_LINE, LONGEST_BUTTON, MOST_BUTTONS = 1024, 60, 25, 3
LONGEST_VALUE = 300


def places(text: str) -> list[int]:
    """Return the numbers of a text's places, each once, in order."""
    return sorted({int(number) for number in PLACE.findall(text)})


def filled(text: str, values: Sequence[str]) -> str:
    """Return the text with its values; a place without one stays as it is."""
    return PLACE.sub(lambda found: values[int(found[1]) - 1] if 0 < int(found[1]) <= len(values) else found[0], text)


def problems(
    *, name: str, header: str, body: str, footer: str, buttons: Sequence[str], examples: Sequence[str]
) -> list[tuple[str, str]]:
    """Return what Meta would refuse, as (field, words); empty when it may be submitted."""
    found: list[tuple[str, str]] = []
    if not NAME.fullmatch(name):
        found.append(("name", _("Only small letters without accents, digits and _, for example boas_vindas.")))
    found += [("body", words) for words in _body_problems(body)]
    if len(header) > LONGEST_LINE or BRACES.search(header):
        found.append(("header", _("At most 60 letters and no places.")))
    if len(footer) > LONGEST_LINE or BRACES.search(footer):
        found.append(("footer", _("At most 60 letters and no places.")))
    if len(buttons) > MOST_BUTTONS or any(len(text) > LONGEST_BUTTON for text in buttons):
        found.append(("buttons", _("At most three buttons of up to 25 letters.")))
    if len(set(buttons)) < len(buttons):
        found.append(("buttons", _("Each button needs another text.")))
    if len([text for text in examples if text.strip()]) != len(places(body)):
        found.append(("examples", _("Give one example for each place, one per line: Meta reads the text with them.")))
    return found


def _body_problems(body: str) -> list[str]:
    numbers, bare = places(body), PLACE.sub("", body)
    checks = (
        (not bare.strip(), _("Write the text.")),
        (len(body) > LONGEST_BODY, _("At most 1,024 letters.")),
        (numbers != list(range(1, len(numbers) + 1)), _("Number the places from {{1}} without gaps.")),
        (bool(BRACES.search(bare)), _("Write a place as {{1}}.")),
        (_is_at_an_end(body), _("The text may neither begin nor end with a place.")),
        (bool(re.search(r"\}\}\s*\{\{", body)), _("Put words between two places.")),
        (bool(re.search(r"\n{3,}", body)), _("At most one empty line in a row.")),
    )
    return [words for is_wrong, words in checks if is_wrong]


def _is_at_an_end(body: str) -> bool:
    text = body.strip()
    ends = [found.span() for found in PLACE.finditer(text)]
    return bool(ends) and (ends[0][0] == 0 or ends[-1][1] == len(text))


def value_problem(value: str) -> str:
    """Return why Meta would refuse a value; empty when it would not."""
    if not value.strip():
        return _("Fill in every place.")
    if re.search(r"[\n\t]| {5,}", value):
        return _("A value has no line breaks and no long gaps.")
    return _("A value has at most 300 letters.") if len(value) > LONGEST_VALUE else ""


def outgoing(template: MessageTemplate, values: Sequence[str]) -> OutgoingTemplate:
    """Return what is sent of a template with the values of its body."""
    parameters = [{"type": "text", "text": value} for value in values]
    components = ({"type": "body", "parameters": parameters},) if parameters else ()
    return OutgoingTemplate(template.name, template.language, components)


def values_in(body: str, text: str) -> list[str] | None:
    """Return values with which a template's body becomes exactly this text, or None where it cannot.

    More than one way may fit; all of them make the same message.
    """
    found = _pattern(body).fullmatch(text.strip())
    if found is None:
        return None
    by_number = {int(name[1:]): value for name, value in found.groupdict().items()}
    return [by_number[number] for number in sorted(by_number)]


@lru_cache(maxsize=500)
def _pattern(body: str) -> re.Pattern[str]:
    parts, end, seen = [], 0, set()
    for place in PLACE.finditer(body.strip()):
        parts.append(re.escape(body.strip()[end : place.start()]))
        name, end = f"p{int(place[1])}", place.end()
        # A value is one line, as Meta wants it; a place that comes twice has the same value twice.
        parts.append(f"(?P={name})" if name in seen else rf"(?P<{name}>[^\n\t]{{1,{LONGEST_VALUE}}}?)")
        seen.add(name)
    return re.compile("".join([*parts, re.escape(body.strip()[end:])]))


def wording(template: MessageTemplate) -> str:
    """Return the text of a template as a campaign's message: the first place is the name, the others are to be chosen."""
    return PLACE.sub(lambda found: "{nome|tudo bem}" if found[1] == "1" else f"{{campo_{found[1]}}}", template.body)


def fitting(templates: Sequence[MessageTemplate], text: str) -> OutgoingTemplate | None:
    """Return the approved template that says exactly this text, with its values; None where there is none."""
    for template in templates:
        values = values_in(template.body, text)
        if values is not None:
            return outgoing(template, values)
    return None
