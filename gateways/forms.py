from datetime import time
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gateways import pacing
from gateways.models import Channel, ChannelRole
from gateways.pool.facts import Facts
from gateways.services.channels import PaceSettings, pace_settings

ROLES = [
    (ChannelRole.ACTIVE, _("active: sends campaigns")),
    (ChannelRole.WARMING, _("warming up: sends a little each day and is ready to take over")),
    (ChannelRole.STANDBY, _("standby: takes over when another number stops")),
]
HOUR = forms.TimeInput({"type": "time"}, format="%H:%M")


class ChannelForm(forms.Form):
    """What every number has, whatever its provider."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("As your team calls it, for example “Reception”.")
    )
    role = forms.ChoiceField(label=_("Role"), choices=ROLES, initial=ChannelRole.ACTIVE)


class FactsForm(forms.Form):
    """What the business knows of the number itself."""

    carrier = forms.CharField(label=_("Carrier"), max_length=40, required=False)
    tariff = forms.CharField(label=_("Plan of the carrier"), max_length=60, required=False)
    monthly_cost = forms.DecimalField(
        label=_("Cost a month (R$)"),
        required=False,
        min_value=0,
        max_value=100_000,
        decimal_places=2,
        localize=True,
    )
    acquired_on = forms.DateField(
        label=_("Bought on"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def facts(self) -> Facts:
        data = self.cleaned_data
        cost = data["monthly_cost"]
        return Facts(
            data["carrier"], data["tariff"], None if cost is None else int(cost * 100), data["acquired_on"]
        )  # fmt: skip


def facts_initial(channel: Channel) -> dict[str, Any]:
    """Return the form's values for a number."""
    cents = channel.monthly_cost_cents
    return {
        "carrier": channel.carrier, "tariff": channel.tariff, "acquired_on": channel.acquired_on,
        "monthly_cost": None if cents is None else (Decimal(cents) / 100).quantize(Decimal("0.01")),
    }  # fmt: skip


class PaceForm(forms.Form):
    """The pace; an empty field keeps the safe default."""

    min_gap = forms.DecimalField(
        label=_("Smallest gap (seconds)"), required=False, min_value=0, max_value=3600, decimal_places=3
    )
    max_gap = forms.DecimalField(
        label=_("Largest gap (seconds)"), required=False, min_value=0, max_value=3600, decimal_places=3
    )
    daily_limit = forms.IntegerField(label=_("A day at most"), required=False, min_value=1, max_value=1_000_000)
    warm_up = forms.BooleanField(label=_("Warm the number up in its first two weeks"), required=False)
    has_quiet_hours = forms.BooleanField(label=_("Rest at night"), required=False)
    quiet_start = forms.TimeField(label=_("Rests from"), required=False, widget=HOUR)
    quiet_end = forms.TimeField(label=_("Rests until"), required=False, widget=HOUR)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        if data.get("has_quiet_hours") and not (data.get("quiet_start") and data.get("quiet_end")):
            self.add_error("quiet_start", _("Say from when until when."))
        return data

    def settings(self) -> PaceSettings:
        """Return the pace as :func:`gateways.services.channels.apply_pace` takes it."""
        data = self.cleaned_data
        quiet = (data["quiet_start"], data["quiet_end"]) if data["has_quiet_hours"] else pacing.NO_QUIET_HOURS
        return PaceSettings(
            _milliseconds(data["min_gap"]), _milliseconds(data["max_gap"]), data["daily_limit"], data["warm_up"], quiet
        )


def pace_initial(channel: Channel) -> dict[str, Any]:
    """Return the form's values for a number."""
    own = pace_settings(channel)
    quiet = own.quiet or pacing.QUIET_HOURS
    default = channel.provider == "simulator" and own.quiet is None
    has_quiet = not default and quiet[0] != quiet[1]
    start, end = quiet if has_quiet else pacing.QUIET_HOURS
    return {
        "min_gap": _seconds(own.min_gap_ms),
        "max_gap": _seconds(own.max_gap_ms),
        "daily_limit": own.daily_limit,
        "warm_up": own.warm_up,
        "has_quiet_hours": has_quiet,
        "quiet_start": _hour(start),
        "quiet_end": _hour(end),
    }


class TestForm(forms.Form):
    """A message by hand."""

    __test__ = False  # pytest takes the name for a test's

    phone = forms.CharField(
        label=_("Send to"), max_length=40, widget=forms.TextInput({"inputmode": "tel", "autocomplete": "tel"})
    )
    text = forms.CharField(label=_("Message"), max_length=1000, widget=forms.Textarea({"rows": 2}))


class CodeForm(forms.Form):
    """The phone for which a code to type is asked, instead of scanning."""

    phone = forms.CharField(
        label=_("The number of this phone"), max_length=40, widget=forms.TextInput({"inputmode": "tel"}),
        help_text=_("With area code, for example 11 98888-0000."),
    )  # fmt: skip


class SpeedForm(forms.Form):
    speed = forms.FloatField(min_value=0.1, max_value=1000)


def _milliseconds(seconds: Decimal | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)


def _seconds(milliseconds: int | None) -> Decimal | None:
    return None if milliseconds is None else Decimal(milliseconds) / 1000


def _hour(hour: time) -> str:
    return f"{hour:%H:%M}"
