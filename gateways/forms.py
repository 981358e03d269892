import secrets
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from gateways import pacing
from gateways.models import Channel, ChannelRole
from gateways.services.channels import PaceSettings, pace_settings

ROLES = [
    (ChannelRole.ACTIVE, _("active: sends campaigns")),
    (ChannelRole.STANDBY, _("standby: takes over when another number stops")),
]
HOUR = forms.TimeInput({"type": "time"}, format="%H:%M")


class AccessForm(forms.Form):
    """A provider's own settings; subclasses turn them into the provider's config."""

    sealed: ClassVar[tuple[str, ...]] = ()

    def config(self, before: dict[str, Any]) -> dict[str, Any]:
        """Return the settings to store; a secret that was left empty stays as it is in ``before``."""
        return {name: value for name, value in self.cleaned_data.items() if value != "" or name not in self.sealed}


class WahaForm(AccessForm):
    sealed = ("api_key",)

    base_url = forms.RegexField(
        r"^https?://\S+$",
        label=_("Address of your WAHA server"),
        max_length=300,
        error_messages={"invalid": _("An address begins with http:// or https://.")},
        widget=forms.URLInput({"placeholder": "http://localhost:3000", "autocomplete": "off"}),
        help_text=_("The address at which this system reaches it, with http:// or https://."),
    )
    api_key = forms.CharField(
        label=_("Key"),
        required=False,
        max_length=300,
        widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text=_("The WAHA_API_KEY of the server. Kept encrypted and never shown again."),
    )
    session = forms.RegexField(
        r"^[A-Za-z0-9_-]+$",
        label=_("Session"),
        initial="default",
        max_length=60,
        error_messages={"invalid": _("Only letters, digits, - and _.")},
        help_text=_("One per phone. Servers without several sessions only know “default”."),
    )
    is_signed = forms.BooleanField(
        label=_("Accept signed notices only"),
        required=False,
        initial=True,
        help_text=_("Turn off for WAHA servers older than 2025, which cannot sign."),
    )

    def config(self, before: dict[str, Any]) -> dict[str, Any]:
        values = super().config(before)
        # A key of our own for each number: the server is told it on connecting, nobody has to type it.
        key = before.get("hmac_key") or secrets.token_urlsafe(32)
        return values | {"hmac_key": key if values.pop("is_signed") else ""}


class SimulatorForm(AccessForm):
    speed = forms.TypedChoiceField(
        label=_("Speed of the virtual contacts"),
        coerce=float,
        initial=10,
        choices=[(1, _("real time")), (10, _("10 times faster")), (60, _("a minute per second"))],
        help_text=_("How fast they read and answer."),
    )
    replies = forms.BooleanField(label=_("They answer"), required=False, initial=True)


class ChannelForm(forms.Form):
    """What every number has, whatever its provider."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("As your team calls it, for example “Reception”.")
    )
    role = forms.ChoiceField(label=_("Role"), choices=ROLES, initial=ChannelRole.ACTIVE)


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


class SpeedForm(forms.Form):
    speed = forms.FloatField(min_value=0.1, max_value=1000)


@dataclass(frozen=True)
class ProviderChoice:
    """A way to connect, as the first step of the wizard offers it."""

    code: str
    title: str | Promise
    text: str | Promise
    icon: str
    form: type[AccessForm]


PROVIDERS = {
    choice.code: choice
    for choice in (
        ProviderChoice(
            "waha",
            _("WhatsApp by QR code (WAHA)"),
            _("Your own number, through a WAHA server of yours. Not official: WhatsApp can block it at any time."),
            "whatsapp",
            WahaForm,
        ),
        ProviderChoice(
            "simulator",
            _("Simulator"),
            _("Virtual customers who read, answer, ask for prices and opt out. To rehearse without a phone."),
            "bot",
            SimulatorForm,
        ),
    )
}


def _milliseconds(seconds: Decimal | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)


def _seconds(milliseconds: int | None) -> Decimal | None:
    return None if milliseconds is None else Decimal(milliseconds) / 1000


def _hour(hour: time) -> str:
    return f"{hour:%H:%M}"
