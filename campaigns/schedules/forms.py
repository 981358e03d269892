"""The fields of the wizard that say when a campaign leaves, beyond its first moment."""

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign
from campaigns.schedules.rules import HolidayPolicy, Rule
from campaigns.schedules.settings import LATE_CHOICES
from campaigns.services.drafts import MAX_PRIORITY

REPEAT = "repeat"
UNITS: Final = [
    ("day", pgettext_lazy("repeats", "Days")), ("week", pgettext_lazy("repeats", "Weeks")),
    ("month", pgettext_lazy("repeats", "Months")),
]  # fmt: skip
ENDS: Final = [("never", _("When I end it")), ("until", _("On a day")), ("count", _("After some times"))]
LATE_WORDS: Final = {
    0: _("Always ask"), 1: _("Send up to 1 hour late"), 2: _("Send up to 2 hours late"), 4: _("Send up to 4 hours late"),
    8: _("Send up to 8 hours late"), 24: _("Send up to a day late"),
}  # fmt: skip
LATE_HELP: Final = _(
    "Because the system was down, or none of its numbers was connected. Later than that, you are asked."
)
LATE: Final = [(hours, LATE_WORDS[hours]) for hours in LATE_CHOICES]
DATE: Final = {"type": "date"}
# The classes of CAM-32; any other number from -100 to 100 comes by the API, and stays.
APPROVED, NORMAL, EXPIRED = 50, 0, -50
PRIORITIES: Final = [
    (APPROVED, _("Approved: goes first")), (NORMAL, _("Normal")), (EXPIRED, _("Expired: goes last")),
]  # fmt: skip


class ScheduleForm(forms.Form):
    """How a campaign repeats, what becomes of a missed start, and whether it rests on days off."""

    repeat_unit = forms.ChoiceField(
        label=_("Repeats by"), choices=UNITS, required=False, initial="week", widget=forms.RadioSelect
    )
    repeat_interval = forms.IntegerField(
        label=_("Every how many"), required=False, initial=1, min_value=1, max_value=365
    )
    repeat_weekdays = forms.TypedMultipleChoiceField(
        label=_("On these days of the week"), choices=list(WEEKDAYS_ABBR.items()), coerce=int, required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    repeat_month_day = forms.IntegerField(
        label=_("On the day of the month"), required=False, initial=5, min_value=1, max_value=31,
        help_text=_("In a shorter month it is the last day."),
    )  # fmt: skip
    repeat_at = forms.TimeField(
        label=pgettext_lazy("repeats", "At"),
        required=False,
        initial="09:00",
        widget=forms.TimeInput({"type": "time"}, "%H:%M"),
    )
    repeat_from = forms.DateField(label=_("From the day"), required=False, widget=forms.DateInput(DATE, "%Y-%m-%d"))
    repeat_end = forms.ChoiceField(
        label=_("It ends"), choices=ENDS, required=False, initial="never", widget=forms.RadioSelect
    )
    repeat_until = forms.DateField(label=_("Last day"), required=False, widget=forms.DateInput(DATE, "%Y-%m-%d"))
    repeat_count = forms.IntegerField(label=_("How many times"), required=False, min_value=1, max_value=500)
    repeat_holidays = forms.ChoiceField(
        label=_("When it falls on a holiday"), choices=HolidayPolicy.choices, required=False, initial=HolidayPolicy.MOVE
    )
    priority = forms.TypedChoiceField(
        label=_("When there is more to send than fits into the day"), choices=PRIORITIES, coerce=int, required=False, initial=0,
        help_text=_("Campaigns that share a number take turns; one of a higher class goes first."),
    )  # fmt: skip
    late_hours = forms.TypedChoiceField(
        label=_("If the time was missed"), choices=[("", _("As in the settings")), *LATE], coerce=int, empty_value=None,
        required=False, help_text=LATE_HELP,
    )  # fmt: skip
    skips_holidays = forms.BooleanField(
        label=_("Nothing leaves on holidays"), required=False,
        help_text=_("National ones, those of your state, and the days that your agenda has as closed."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("repeat_from", (timezone.localdate() + timedelta(days=1)).isoformat())
        self.initial.setdefault("repeat_weekdays", ["0"])

        own = self.written_priority
        if own not in dict(PRIORITIES) and abs(own) <= MAX_PRIORITY:
            field = self.fields["priority"]
            assert isinstance(field, forms.TypedChoiceField)
            field.choices = [*PRIORITIES, (own, str(own))]

    @property
    def written_priority(self) -> int:
        """The class as it is chosen, good or not."""
        source = self.data if self.is_bound else self.initial
        text = str(source.get("priority") or 0)[:5]
        return int(text) if text.removeprefix("-").isdecimal() else NORMAL

    @property
    def is_repeating(self) -> bool:
        return bool(self["when"].value() == REPEAT)

    @property
    def written_rule(self) -> dict[str, Any]:
        """The rule as it is typed, good or not, in the shape of :meth:`Rule.kept`."""
        ends = self["repeat_end"].value()
        said: dict[str, Any] = {
            name: self[f"repeat_{name}"].value()
            for name in ("unit", "interval", "weekdays", "month_day", "at", "holidays")
        }
        said["first_on"] = self["repeat_from"].value()
        said["until"] = self["repeat_until"].value() if ends == "until" else None
        said["count"] = self["repeat_count"].value() if ends == "count" else None
        return said

    @property
    def rule(self) -> Rule | None:
        """The rule as it is typed; None where it makes no sense yet, which the form itself says when it is sent."""
        try:
            return Rule.of(self.written_rule)
        except CampaignIncompleteError:
            return None

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.is_repeating:
            # What is not asked cannot be wrong.
            for name in [name for name in self.errors if name.startswith("repeat_")]:
                del self.errors[name]
        else:
            self._check_rule()
        return data

    def _check_rule(self) -> None:
        ends = self["repeat_end"].value()
        for end, name in (("until", "repeat_until"), ("count", "repeat_count")):
            if ends == end and not self[name].value():
                self.add_error(name, _("Say when it ends."))
        if not any(name.startswith("repeat_") for name in self.errors):
            try:
                Rule.of(self.written_rule)
            except CampaignIncompleteError as refusal:
                self.add_error(None, forms.ValidationError(refusal.message, code=refusal.code))


def initial_schedule(campaign: Campaign) -> dict[str, Any]:
    """Return what a campaign says of its schedule as the first values of the fields."""
    found: dict[str, Any] = {
        "priority": campaign.priority,
        "late_hours": "" if campaign.late_hours is None else campaign.late_hours,
        "skips_holidays": bool(campaign.sending_hours.get("skips_holidays")),
    }
    if not campaign.repeats:
        return found
    rule = Rule.of(campaign.recurrence.rule)
    return found | {
        "when": REPEAT, "repeat_unit": rule.unit.value, "repeat_interval": rule.interval,
        "repeat_weekdays": [str(day) for day in rule.weekdays], "repeat_month_day": rule.month_day or "",
        "repeat_at": rule.at.strftime("%H:%M"), "repeat_from": rule.first_on.isoformat(),
        "repeat_end": "until" if rule.until else "count" if rule.count else "never",
        "repeat_until": rule.until.isoformat() if rule.until else "", "repeat_count": rule.count or "",
        "repeat_holidays": rule.holidays.value,
    }  # fmt: skip
