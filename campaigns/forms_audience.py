"""The part of the wizard that says whom of the lists a campaign is for."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign
from campaigns.services.audience_rules import OPERATORS, UNANSWERED_LIMIT, UNKNOWN_TEMPERATURE, AudienceRules
from leads.queries import attribute_labels, known_tags

TEMPERATURES = [
    ("quente", pgettext_lazy("leads", "Hot")),
    ("morno", pgettext_lazy("leads", "Warm")),
    ("frio", pgettext_lazy("leads", "Cold")),
    ("muito_frio", pgettext_lazy("leads", "Very cold")),
    (UNKNOWN_TEMPERATURE, pgettext_lazy("leads", "Not qualified")),
]
SILENCE = [
    ("", _("at any time, or never")),
    ("silent:7", _("not in the last 7 days")),
    ("silent:30", _("not in the last 30 days")),
    ("silent:90", _("not in the last 90 days")),
    ("silent:180", _("not in the last 180 days")),
    ("recent:7", _("in the last 7 days")),
    ("recent:30", _("in the last 30 days")),
    ("recent:90", _("in the last 90 days")),
]
OPERATOR_NAMES = [
    ("is", pgettext_lazy("field", "is")),
    ("is_not", pgettext_lazy("field", "is not")),
    ("contains", pgettext_lazy("field", "contains")),
    ("filled", pgettext_lazy("field", "is filled")),
    ("empty", pgettext_lazy("field", "is empty")),
]
FIELD_ROWS = 2
MANY = ("temperatures", "tags", "without_tags")


class AudienceForm(forms.Form):
    """Base of the wizard's form with the fields of :class:`AudienceRules`; ``rules`` are those typed."""

    temperatures = forms.MultipleChoiceField(
        label=_("Temperature"), choices=TEMPERATURES, required=False, widget=forms.CheckboxSelectMultiple
    )
    tags = forms.MultipleChoiceField(
        label=_("With one of these tags"), required=False, widget=forms.CheckboxSelectMultiple
    )
    without_tags = forms.MultipleChoiceField(
        label=_("Without these tags"), required=False, widget=forms.CheckboxSelectMultiple
    )
    silence = forms.ChoiceField(label=_("Wrote to you"), choices=SILENCE, required=False)
    not_in_campaign = forms.BooleanField(label=_("Leave out who waits in another campaign"), required=False)
    not_customer = forms.BooleanField(
        label=_("Leave out who is a customer already"), required=False,
        help_text=_("Who has paid a charge or has kept an appointment."),
    )  # fmt: skip
    cap_count = forms.IntegerField(label=_("Messages at the most"), required=False, min_value=1, max_value=100)
    cap_days = forms.IntegerField(label=_("in so many days"), required=False, min_value=1, max_value=365)
    unanswered = forms.IntegerField(
        label=_("Stop after so many without an answer"),
        required=False,
        min_value=1,
        max_value=100,
        initial=UNANSWERED_LIMIT,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tags = list(dict.fromkeys([*known_tags(), *self._texts("tags"), *self._texts("without_tags")]))
        for name in ("tags", "without_tags"):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = [(tag, tag) for tag in tags]
        self.own_fields = attribute_labels()
        keys = [("", _("no field")), ("cidade", _("city")), ("email", _("e-mail")), *self.own_fields.items()]
        for number in range(FIELD_ROWS):
            self.fields[f"field_key_{number}"] = forms.ChoiceField(
                label=_("Field"), choices=self._known(keys, number), required=False
            )
            self.fields[f"field_operator_{number}"] = forms.ChoiceField(
                label=_("Condition"), choices=OPERATOR_NAMES, required=False
            )
            self.fields[f"field_value_{number}"] = forms.CharField(label=_("Value"), max_length=120, required=False)

    def _known(self, keys: list[tuple[str, Any]], number: int) -> list[tuple[str, Any]]:
        typed = self._text(f"field_key_{number}")
        return keys if typed in dict(keys) else [*keys, (typed, typed)]

    def _texts(self, name: str) -> list[str]:
        found = self[name].value() if name in self.fields else None
        return [str(one)[:60] for one in found] if isinstance(found, list | tuple) else []

    def _text(self, name: str) -> str:
        source = self.data if self.is_bound else self.initial
        return str(source.get(name) or "")[:120]

    @property
    def field_rows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [
            (self[f"field_key_{number}"], self[f"field_operator_{number}"], self[f"field_value_{number}"])
            for number in range(FIELD_ROWS)
        ]

    @property
    def written_rules(self) -> dict[str, Any]:
        """The rules as they are typed, good or not."""
        kind, _colon, days = self._text("silence").partition(":")
        fields = [
            {"key": key, "operator": self._text(f"field_operator_{number}") or OPERATORS[0],
             "value": self._text(f"field_value_{number}")}
            for number in range(FIELD_ROWS)
            if (key := self._text(f"field_key_{number}"))
        ]  # fmt: skip
        return {
            **{name: self._texts(name) for name in MANY},
            "fields": fields,
            "silent_days": days if kind == "silent" else 0,
            "recent_days": days if kind == "recent" else 0,
            "not_in_campaign": bool(self._text("not_in_campaign")),
            "not_customer": bool(self._text("not_customer")),
            "cap_count": self._text("cap_count") or 0,
            "cap_days": self._text("cap_days") or 0,
            "unanswered": self._text("unanswered") or UNANSWERED_LIMIT,
        }

    @property
    def rules(self) -> AudienceRules:
        """The rules as they are typed; none where they make no sense, which the form itself says when it is sent."""
        try:
            return AudienceRules.of(self.written_rules)
        except CampaignIncompleteError:
            return AudienceRules()

    @property
    def chosen_rules(self) -> int:
        """How many kinds of rules are on."""
        return len(self.rules.kept())

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                AudienceRules.of(self.written_rules)
            except CampaignIncompleteError as refused:
                self.add_error(None, forms.ValidationError(refused.message, code=refused.code))
        return data


def initial_rules(campaign: Campaign) -> dict[str, Any]:
    """Return a campaign's rules as the first values of the fields."""
    rules = AudienceRules.of(campaign.audience_rules)
    silence = (
        f"silent:{rules.silent_days}"
        if rules.silent_days
        else f"recent:{rules.recent_days}"
        if rules.recent_days
        else ""
    )
    found: dict[str, Any] = {
        "temperatures": list(rules.temperatures), "tags": list(rules.tags), "without_tags": list(rules.without_tags),
        "silence": silence, "not_in_campaign": rules.not_in_campaign, "not_customer": rules.not_customer,
        "cap_count": rules.cap_count or "", "cap_days": rules.cap_days or "", "unanswered": rules.unanswered,
    }  # fmt: skip
    for number, rule in enumerate(rules.fields[:FIELD_ROWS]):
        found |= {
            f"field_key_{number}": rule.key,
            f"field_operator_{number}": rule.operator,
            f"field_value_{number}": rule.value,
        }
    return found


def rules_in_words(rules: AudienceRules) -> str:
    """Return whom of the lists the campaign is for, or "" for everybody."""
    temperatures, operators = dict(TEMPERATURES), dict(OPERATOR_NAMES)
    labels = attribute_labels() if rules.fields else {}
    silence = f"silent:{rules.silent_days}" if rules.silent_days else f"recent:{rules.recent_days}"
    said = [
        ", ".join(str(temperatures[one]) for one in rules.temperatures),
        _("with %(tags)s") % {"tags": ", ".join(rules.tags)} if rules.tags else "",
        _("without %(tags)s") % {"tags": ", ".join(rules.without_tags)} if rules.without_tags else "",
        _("wrote %(when)s") % {"when": dict(SILENCE).get(silence, "")}
        if rules.silent_days or rules.recent_days
        else "",
    ]
    said += [f"{labels.get(key, key)} {operators[operator]} {value}".strip() for key, operator, value in rules.fields]
    return "; ".join(one for one in said if one)
