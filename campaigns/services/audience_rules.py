"""Whom of its lists a campaign is for, and whom it leaves out besides those who may not be written to.

What a campaign is *for* (temperature, tags, fields, silence) chooses people of the lists; nobody misses those who were not meant.
Who is *left out* (in another campaign, written to too often, a customer already, silent too long) was meant and gets a row with
the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, NamedTuple, Self

from django.utils.translation import gettext as _

from campaigns.errors import CampaignIncompleteError
from core.placeholders import placeholder_key
from leads.filters import TEMPERATURES

UNANSWERED_LIMIT = 3
UNKNOWN_TEMPERATURE = "none"
OPERATORS: Final = ("is", "is_not", "contains", "filled", "empty")
COLUMNS: Final = {"nome": "c.name", "city": "c.city", "email": "c.email", "phone": "c.phone"}
MAX_TAGS = 20
MAX_FIELDS = 5
MAX_DAYS = 3_650
MAX_COUNT = 100


class FieldRule(NamedTuple):
    """What a field of the contact has to be; ``key`` as in a message's placeholder."""

    key: str
    operator: str
    value: str = ""


@dataclass(frozen=True)
class AudienceRules:
    """All empty: everybody of the lists who may be written to.

    ``temperatures`` and ``tags``: one of them is enough. ``silent_days``: wrote nothing to us for so long, or never;
    ``recent_days``: wrote to us within them. ``cap_count`` messages of campaigns in ``cap_days`` days at the most, this one
    included, and none after ``unanswered`` without an answer.
    """

    temperatures: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    fields: tuple[FieldRule, ...] = ()
    silent_days: int = 0
    recent_days: int = 0
    not_in_campaign: bool = False
    not_customer: bool = False
    cap_count: int = 0
    cap_days: int = 0
    unanswered: int = UNANSWERED_LIMIT

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Return rules as they were kept by :meth:`kept`; raises :class:`CampaignIncompleteError` for anything else."""
        names = {field.name for field in fields(cls)}
        try:
            values = {name: value for name, value in kept.items() if name in names}
            for name in ("temperatures", "tags", "without_tags"):
                values[name] = _texts(values.get(name, ()))
            values["fields"] = tuple(_field(row) for row in values.get("fields", ()))
            for name in ("silent_days", "recent_days", "cap_count", "cap_days", "unanswered"):
                values[name] = int(values.get(name, getattr(cls, name)))
            for name in ("not_in_campaign", "not_customer"):
                values[name] = values.get(name, False) is True
        except (LookupError, TypeError, ValueError) as error:
            raise _refused(_("Choose whom the campaign is for again.")) from error
        rules = cls(**values)
        rules._check()
        return rules

    def _check(self) -> None:
        if unknown := set(self.temperatures) - {*TEMPERATURES, UNKNOWN_TEMPERATURE}:
            raise _refused(_("%(value)s is no temperature.") % {"value": min(unknown)})
        if max(len(self.tags), len(self.without_tags)) > MAX_TAGS or len(self.fields) > MAX_FIELDS:
            raise _refused(
                _("Use at most %(tags)d tags and %(fields)d fields.") % {"tags": MAX_TAGS, "fields": MAX_FIELDS}
            )
        if not all(0 <= days <= MAX_DAYS for days in (self.silent_days, self.recent_days, self.cap_days)):
            raise _refused(_("Days go from 1 to %(most)d.") % {"most": MAX_DAYS})
        if not (0 <= self.cap_count <= MAX_COUNT and 1 <= self.unanswered <= MAX_COUNT):
            raise _refused(_("A limit of messages goes from 1 to %(most)d.") % {"most": MAX_COUNT})
        if bool(self.cap_count) != bool(self.cap_days):
            raise _refused(_("Say both how many messages and in how many days."))
        if self.silent_days and self.recent_days and self.recent_days <= self.silent_days:
            raise _refused(_("Nobody has been silent for longer than since they last wrote."))

    def kept(self) -> dict[str, Any]:
        """Return the rules as JSON, without those that say nothing."""
        plain = type(self)()
        return {name: value for name, value in asdict(self).items() if value != getattr(plain, name)}

    @property
    def chooses(self) -> bool:
        """Whether somebody of the lists may not be meant at all."""
        return any((self.temperatures, self.tags, self.without_tags, self.fields, self.silent_days, self.recent_days))

    def parameters(self) -> dict[str, Any]:
        """Return the values that :meth:`condition` and :meth:`reasons` name."""
        values: dict[str, Any] = {
            "temperatures": ["" if one == UNKNOWN_TEMPERATURE else one for one in self.temperatures],
            "tags": list(self.tags), "without_tags": list(self.without_tags), "silent_days": self.silent_days,
            "recent_days": self.recent_days, "cap_count": self.cap_count, "cap_days": self.cap_days,
            "unanswered": self.unanswered,
        }  # fmt: skip
        for number, rule in enumerate(self.fields):
            values |= {f"field_{number}": rule.key, f"value_{number}": rule.value}
        return values

    def condition(self) -> str:
        """Return the SQL condition on contact ``c`` that says whether it is meant; only our own words, values are bound."""
        parts = {
            "c.temperature = ANY(%(temperatures)s)": self.temperatures,
            "c.tags ?| %(tags)s::text[]": self.tags,
            "NOT c.tags ?| %(without_tags)s::text[]": self.without_tags,
            "(c.last_seen_at IS NULL OR c.last_seen_at < now() - make_interval(days => %(silent_days)s))": self.silent_days,
            "c.last_seen_at >= now() - make_interval(days => %(recent_days)s)": self.recent_days,
        }
        said = [sql for sql, given in parts.items() if given]
        said += [_compared(number, rule) for number, rule in enumerate(self.fields)]
        return " AND ".join(said) or "true"

    def reasons(self) -> list[tuple[str, str]]:
        """Return (reason, SQL of the contacts to leave out for it) of the rules that are on, the first that fits counts."""
        rules = [
            ("in_campaign", _IN_CAMPAIGN, self.not_in_campaign),
            ("customer", _CUSTOMERS, self.not_customer),
            ("frequency", _CAPPED, self.cap_count),
        ]
        return [(reason, sql) for reason, sql, given in rules if given]


_IN_CAMPAIGN = """
  SELECT r.contact_id FROM campaigns_campaign g
  JOIN campaigns_recipient r ON r.campaign_id = g.id AND r.state IN ('queued', 'sending')
  WHERE g.organization_id = %(organization)s AND g.state IN ('running', 'paused') AND g.id <> %(campaign)s
"""
_CUSTOMERS = """
  SELECT l.contact_id FROM bookings_chargelink l JOIN billing_charge h ON h.id = l.charge_id
  WHERE l.organization_id = %(organization)s AND h.state = 'paid' AND l.contact_id IS NOT NULL
  UNION
  SELECT b.contact_id FROM bookings_booking b
  WHERE b.organization_id = %(organization)s AND b.state = 'done' AND b.contact_id IS NOT NULL
"""
_CAPPED = """
  SELECT r.contact_id FROM campaigns_recipient r
  WHERE r.organization_id = %(organization)s AND r.state IN ('sent', 'delivered', 'read', 'unknown')
    AND r.campaign_id <> %(campaign)s AND r.sent_at > now() - make_interval(days => %(cap_days)s)
  GROUP BY r.contact_id HAVING count(*) >= %(cap_count)s
"""


def _compared(number: int, rule: FieldRule) -> str:
    value = COLUMNS.get(rule.key) or f"COALESCE(c.attributes ->> %(field_{number})s, '')"
    wanted = f"lower(%(value_{number})s)"
    return {
        "is": f"lower({value}) = {wanted}",
        "is_not": f"lower({value}) <> {wanted}",
        "contains": f"strpos(lower({value}), {wanted}) > 0",
        "filled": f"{value} <> ''",
        "empty": f"{value} = ''",
    }[rule.operator]


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise TypeError(values)
    return tuple(dict.fromkeys(str(value).replace("\x00", "").strip()[:60] for value in values if str(value).strip()))


def _field(row: Mapping[str, Any] | Sequence[Any]) -> FieldRule:
    named = row if isinstance(row, Mapping) else dict(zip(FieldRule._fields, row, strict=False))
    rule = FieldRule(
        placeholder_key(str(named["key"])), str(named["operator"]), str(named.get("value", "")).strip()[:120]
    )
    if not rule.key or rule.operator not in OPERATORS or "\x00" in rule.value:
        raise ValueError(rule)
    if rule.operator in {"is", "is_not", "contains"} and not rule.value:
        raise ValueError(rule)
    return rule


def _refused(words: str) -> CampaignIncompleteError:
    return CampaignIncompleteError(words, code="audience")
