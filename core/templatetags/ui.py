"""Template tags of the design language: icons, avatars, figures and times as Brazilians read them."""

import re
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Textarea
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.clock import now
from core.moments import spoken, spoken_time
from core.phones import format_national
from core.placeholders import Choice, Part, Parts, Placeholder, parts_of

register = template.Library()
_PHONE = re.compile(r"[+()\d\s.-]+")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Draw a symbol of ``static/img/icons.svg``; without a label it is decoration."""
    href = f"{static('img/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@register.filter
def initials(name: Any) -> str:
    """Return the first letters of the first and last word; a phone has none."""
    if _PHONE.fullmatch(str(name)):
        return "#"
    words = [word for word in str(name).split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"


@register.filter
def hue(value: Any) -> int:
    """Return one of six stable avatar colours for a name or id."""
    return zlib.crc32(str(value).encode()) % 6 + 1


@register.filter
def phone(e164: str) -> str:
    return format_national(e164) if e164 else ""


@register.filter
def percent(value: float | None) -> str:
    """Return a percentage with one decimal in the reader's notation, e.g. ``95,6``."""
    return formats.number_format(round(value or 0, 1), 1)  # Django alone would cut the decimals off


@register.filter
def brl(cents: int | None) -> str:
    """Return cents as ``R$ 1.284,50``."""
    return f"R$ {formats.number_format((cents or 0) / 100, 2, force_grouping=True)}"


@register.filter
def since(at: datetime | None) -> str:
    """Return how long ago something was, short: "há 2 min"."""
    if at is None:
        return ""
    seconds = (now() - at).total_seconds()
    if seconds < 60:
        return _("now")
    if seconds < 3600:
        return ngettext("%(count)d min ago", "%(count)d min ago", int(seconds // 60)) % {"count": seconds // 60}
    if seconds < 86_400:
        return ngettext("%(count)d h ago", "%(count)d h ago", int(seconds // 3600)) % {"count": seconds // 3600}
    return formats.date_format(timezone.localtime(at), "d/m")


@register.filter
def clock(at: datetime | None) -> str:
    """Return the local time of day, with the date when it was not today."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return local.strftime("%H:%M") if local.date() == timezone.localdate() else local.strftime("%d/%m %H:%M")


@register.filter(name="spoken")
def spoken_moment(at: datetime | None) -> str:
    """Return a moment as people say it: "hoje às 16h05"."""
    return spoken(at)


@register.filter(name="spoken_time")
def spoken_clock(at: datetime | None) -> str:
    """Return a time of day as people say it: "16h05"."""
    return spoken_time(timezone.localtime(at)) if at else ""


@register.filter
def lasting(minutes: float | None) -> str:
    """Return a length of time short: "40 s", "3 min 20 s", "2 h 5 min", "3 dias"."""
    seconds = round((minutes or 0) * 60)
    if seconds < 60:
        return _("%(count)d s") % {"count": seconds}
    if seconds < 600 and seconds % 60:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": seconds // 60, "seconds": seconds % 60}
    if seconds < 5400:
        return _("%(count)d min") % {"count": round(seconds / 60)}
    if seconds < 172_800:
        return _("%(hours)d h %(minutes)d min") % {"hours": seconds // 3600, "minutes": seconds % 3600 // 60}
    return ngettext("%(count)d day", "%(count)d days", round(seconds / 86_400)) % {"count": round(seconds / 86_400)}


@register.filter
def placeholders(body: str) -> SafeString:
    """Return a message with its placeholders and choices marked, everything else escaped."""
    return _marked(parts_of(body))


def _marked(parts: Parts) -> SafeString:
    return format_html_join("", "{}", ((_mark(part),) for part in parts))


def _mark(part: Part) -> str:
    if isinstance(part, Placeholder):
        return format_html('<span class="var">{{{}}}</span>', part.key)
    if isinstance(part, Choice):
        options = format_html_join("|", "{}", ((_marked(option),) for option in part.options))
        return format_html('<span class="var">[</span>{}<span class="var">]</span>', options)
    return part


@register.filter
def get(mapping: dict[str, Any], key: Any) -> Any:
    return mapping.get(key)


@register.filter
def at(items: Sequence[Any], position: int) -> Any:
    """Return the item at a position counted from 0, for two lists that go side by side."""
    return items[position]


@register.filter
def tone(level: str) -> str:
    """Return the design language's word for the level of a message."""
    return {"error": "danger", "debug": "info"}.get(level, level)


@register.filter
def tone_icon(name: str) -> str:
    """Return the symbol that goes with a tone, since colour is never alone."""
    return {"success": "check-circle", "warning": "alert", "danger": "x-circle"}.get(name, "info")


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, hint: str = "") -> dict[str, Any]:
    """Draw a form field with its label, hint and error, tied together for screen readers."""
    widget = bound.field.widget
    described = " ".join(
        part for part in (f"{bound.id_for_label}-hint" if hint or bound.help_text else "",
                          f"{bound.id_for_label}-error" if bound.errors else "") if part
    )  # fmt: skip
    many = isinstance(widget, CheckboxSelectMultiple | RadioSelect)
    single_check = isinstance(widget, CheckboxInput)
    style = "select" if isinstance(widget, Select) else "textarea" if isinstance(widget, Textarea) else "input"
    attributes: dict[str, str | bool] = {} if many or single_check else {"class": style}
    if described:
        attributes["aria-describedby"] = described
    if bound.errors:
        attributes["aria-invalid"] = "true"
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attributes),
        "hint": hint or bound.help_text,
        "choices": list(bound) if many else None,
        "is_check": single_check,
    }


@register.filter(name="is")
def is_equal(value: Any, other: Any) -> bool:
    """Compare two values where a template needs the result as an argument."""
    return bool(value == other)


@register.inclusion_tag("components/parts.html")
def parts(stats: Any, key: Any = "") -> dict[str, Any]:
    """Draw the states of a campaign as one bar; shares are SVG attributes, so no inline style is needed.

    With a ``key`` that stays the same over refreshes the parts grow from where they were.
    """
    total = max(1, stats.total)
    shares = [
        ("read", stats.read),
        ("delivered", stats.only_delivered),
        ("sent", stats.only_sent),
        ("failed", stats.failed + stats.unknown),
        ("invalid", stats.invalid),
    ]
    bars, x = [], 0.0
    for name, count in shares:
        width = count * 100 / total
        bars.append({"name": name, "x": f"{x:.2f}%", "width": f"{width:.2f}%"})
        x += width
    return {"bars": bars, "stats": stats, "key": key}


@register.filter
def letter(number: int) -> str:
    """Return the letter of a position counted from 1."""
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(number - 1) % 26]
