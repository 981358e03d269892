from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from bookings.availability import Shift, moment
from bookings.models import BookingSettings, Professional, Service, TimeOff
from bookings.services.schedule import zone
from core.formulas import printable
from core.money import InvalidMoneyError, format_brl, parse_cents
from core.phones import InvalidPhoneError, canonical

DATE: Final = {"type": "date"}
CLOCK: Final = {"type": "time", "step": "300"}


def day_input() -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(DATE, format="%Y-%m-%d"), label=_("Day"))


def clock_input(label: Any, *, required: bool = True) -> forms.TimeField:
    return forms.TimeField(widget=forms.TimeInput(CLOCK, format="%H:%M"), label=label, required=required)


def at_clock(day: date, clock: time) -> datetime:
    """Return the moment of a wall time in the organization's zone."""
    return moment(day, clock.hour * 60 + clock.minute, zone()).astimezone(UTC)


class PhoneField(forms.CharField):
    """A phone as people type it; its value is E.164."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(
            {"type": "tel", "inputmode": "tel", "autocomplete": "tel", "placeholder": "(19) 99742-6108"}
        )
        values: dict[str, Any] = {"max_length": 40, "widget": widget, "label": _("WhatsApp")}
        super().__init__(**(values | kwargs))

    def clean(self, value: Any) -> str:
        text = printable(super().clean(value)).strip()
        try:
            return canonical(text).e164 if text else ""
        except InvalidPhoneError as error:
            raise forms.ValidationError(str(error)) from error


class NameField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput({"autocomplete": "name"})
        values: dict[str, Any] = {"max_length": 160, "widget": widget, "label": _("Name")}
        super().__init__(**(values | kwargs))

    def clean(self, value: Any) -> str:
        return " ".join(printable(super().clean(value)).split())


class WhenForm(forms.Form):
    """A professional, a day and a time."""

    professional = forms.ModelChoiceField(Professional.unscoped.none(), label=_("Professional"), empty_label=None)
    day = day_input()
    clock = clock_input(_("Time"))

    def __init__(self, data: Any = None, *, professionals: list[Professional], initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        field: Any = self.fields["professional"]
        field.queryset = Professional.objects.filter(pk__in=[row.pk for row in professionals]).order_by("name")

    @property
    def starts_at(self) -> datetime:
        return at_clock(self.cleaned_data["day"], self.cleaned_data["clock"])


class BookingForm(WhenForm):
    """A booking as the team makes it; the contact is known already or made from name and phone."""

    service = forms.ModelChoiceField(Service.unscoped.none(), label=_("Service"), empty_label=None)
    name = NameField(required=False)
    phone = PhoneField(required=False)
    notes = forms.CharField(
        label=_("Notes, for the team only"), max_length=1000, required=False, widget=forms.Textarea({"rows": 2})
    )
    hold = forms.BooleanField(label=_("Only hold it until the customer confirms"), required=False)

    field_order = ("service", "professional", "day", "clock", "name", "phone", "notes", "hold")

    def __init__(self, data: Any = None, *, has_contact: bool, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        field: Any = self.fields["service"]
        field.queryset = Service.objects.filter(is_active=True).order_by("name")
        if has_contact:
            del self.fields["name"], self.fields["phone"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "phone" in self.fields and not self.errors and not cleaned.get("phone"):
            self.add_error("phone", _("Give the phone: reminders go there."))
        service, who = cleaned.get("service"), cleaned.get("professional")
        if service and who and not service.professionals.filter(pk=who.pk).exists():
            self.add_error("professional", _("%(name)s does not do this service.") % {"name": who.name})
        return cleaned


class ServiceForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    description = forms.CharField(label=_("Description"), max_length=300, required=False)
    duration_minutes = forms.IntegerField(label=_("Duration, in minutes"), min_value=5, max_value=720, initial=60)
    price = forms.CharField(
        label=_("Price"),
        max_length=18,
        required=False,
        widget=forms.TextInput({"inputmode": "decimal", "placeholder": "R$ 180,00"}),
    )
    buffer_before_minutes = forms.IntegerField(label=_("Minutes free before"), min_value=0, max_value=240, initial=0)
    buffer_after_minutes = forms.IntegerField(label=_("Minutes free after"), min_value=0, max_value=240, initial=0)
    color = forms.TypedChoiceField(
        label=_("Color in the agenda"), coerce=int, initial=1,
        choices=[(1, _("clay")), (2, _("straw")), (3, _("leaf")), (4, _("sky")), (5, _("lilac")), (6, _("rose"))],
    )  # fmt: skip
    professionals = forms.ModelMultipleChoiceField(
        Professional.unscoped.none(), label=_("Who does it"), required=False, widget=forms.CheckboxSelectMultiple
    )
    is_active = forms.BooleanField(label=_("On offer"), required=False, initial=True)

    def __init__(self, data: Any = None, *, service: Service) -> None:
        super().__init__(data, initial=None if service._state.adding else _values_of(service))
        field: Any = self.fields["professionals"]
        field.queryset = Professional.objects.filter(is_active=True).order_by("name")

    def clean_price(self) -> int:
        text = self.cleaned_data["price"].strip()
        try:
            cents = parse_cents(text) if text else 0
        except InvalidMoneyError as error:
            raise forms.ValidationError(_("Write the price like R$ 180,00.")) from error
        if not 0 <= cents <= 100_000_000:
            raise forms.ValidationError(_("Write the price like R$ 180,00."))
        return cents

    @property
    def values(self) -> dict[str, Any]:
        own = dict(self.cleaned_data)
        return {"price_cents": own.pop("price")} | own


def _values_of(service: Service) -> dict[str, Any]:
    names = (
        "name",
        "description",
        "duration_minutes",
        "buffer_before_minutes",
        "buffer_after_minutes",
        "color",
        "is_active",
    )
    price = format_brl(service.price_cents) if service.price_cents else ""
    return {name: getattr(service, name) for name in names} | {
        "price": price, "professionals": list(service.professionals.values_list("pk", flat=True)),
    }  # fmt: skip


SHIFTS_A_DAY: Final = 3


class HoursForm(forms.Form):
    """A professional's name and week: up to three stretches a day, the breaks lie between."""

    name = forms.CharField(label=_("Name that customers see"), max_length=80)
    is_active = forms.BooleanField(label=_("Takes bookings"), required=False, initial=True)

    def __init__(
        self, data: Any = None, *, member: Membership, professional: Professional | None,
        week: Mapping[int, list[Shift]],
    ) -> None:  # fmt: skip
        known = {"name": professional.name, "is_active": professional.is_active} if professional else {}
        super().__init__(data, initial={"name": member.user.first_name, **known})
        for day in range(7):
            for number in range(SHIFTS_A_DAY):
                shift = next(iter(week.get(day, [])[number : number + 1]), None)
                for side in (0, 1):
                    field = clock_input("", required=False)
                    field.initial = _clock_of(shift[side]) if shift else None
                    self.fields[f"{'from' if side == 0 else 'to'}-{day}-{number}"] = field

    @property
    def days(self) -> list[tuple[int, list[tuple[forms.BoundField, forms.BoundField]]]]:
        return [
            (day, [(self[f"from-{day}-{number}"], self[f"to-{day}-{number}"]) for number in range(SHIFTS_A_DAY)])
            for day in range(7)
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for day in range(7):
            for number in range(SHIFTS_A_DAY):
                first, last = cleaned.get(f"from-{day}-{number}"), cleaned.get(f"to-{day}-{number}")
                if (first is None) != (last is None):
                    self.add_error(None, _("Each stretch of work needs a beginning and an end."))
                    return cleaned
        return cleaned

    @property
    def week(self) -> dict[int, list[Shift]]:
        found: dict[int, list[Shift]] = {day: [] for day in range(7)}
        for day in range(7):
            for number in range(SHIFTS_A_DAY):
                first, last = self.cleaned_data[f"from-{day}-{number}"], self.cleaned_data[f"to-{day}-{number}"]
                if first is not None and last is not None:
                    # Midnight as an end is the end of the day.
                    found[day].append((_minutes(first), _minutes(last) or 1440))
        return found


def _clock_of(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


class TimeOffForm(forms.Form):
    professional = forms.ModelChoiceField(
        Professional.unscoped.none(), label=_("Who"), required=False, empty_label=_("everybody")
    )
    first_day = forms.DateField(label=_("From day"), widget=forms.DateInput(DATE, format="%Y-%m-%d"))
    first_clock = clock_input(_("from"), required=False)
    last_day = forms.DateField(label=_("Until day"), widget=forms.DateInput(DATE, format="%Y-%m-%d"))
    last_clock = clock_input(_("until"), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=TimeOff._meta.get_field("reason").max_length, required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        field: Any = self.fields["professional"]
        field.queryset = Professional.objects.filter(is_active=True).order_by("name")

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Return the stretch; without times it is whole days."""
        own, here = self.cleaned_data, zone()
        first, last = own["first_clock"], own["last_clock"]
        return (
            moment(own["first_day"], _minutes(first) if first else 0, here),
            moment(own["last_day"], _minutes(last) if last else 1440, here),
        )


class DayRuleForm(forms.Form):
    day = day_input()
    is_open = forms.TypedChoiceField(
        label=_("On this day"), coerce=lambda value: value == "1", choices=[("0", _("we close")), ("1", _("we open"))]
    )
    name = forms.CharField(label=_("Why"), max_length=80, required=False)


class SettingsForm(forms.ModelForm[BookingSettings]):
    owner_phone = PhoneField(required=False, label=_("WhatsApp of the business"))
    telegram_token = forms.CharField(
        label=_("Token of the Telegram bot"), required=False, max_length=100, strip=True,
        widget=forms.PasswordInput({"autocomplete": "off"}),
    )  # fmt: skip

    class Meta:
        model = BookingSettings
        fields = (
            "is_public", "slug", "welcome", "address", "state_code", "closes_on_holidays", "closes_on_optional",
            "slot_step_minutes", "min_notice_minutes", "horizon_days", "hold_minutes", "reminds_day_before",
            "reminds_hour_before", "owner_notice", "owner_phone", "telegram_chat_id",
        )  # fmt: skip

    def __init__(self, *args: Any, states: list[str], bot_hint: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["telegram_token"].help_text = (
            _("Ends in %(hint)s. Leave empty to keep it.") % {"hint": bot_hint} if bot_hint else ""
        )
        self.has_bot = bool(bot_hint)
        choices = [("", _("national holidays only")), *((code, code) for code in states)]
        self.fields["state_code"] = forms.ChoiceField(label=_("State of Brazil"), choices=choices, required=False)

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).lower()
        if BookingSettings.unscoped.filter(slug=slug).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Another business has this address. Choose a different one."))
        return slug

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("owner_notice") == "whatsapp" and not cleaned.get("owner_phone") and not self.errors:
            self.add_error("owner_phone", _("Give the number that is told."))
        if cleaned.get("owner_notice") == "telegram":
            if not cleaned.get("telegram_chat_id"):
                self.add_error("telegram_chat_id", _("Give the chat that is told."))
            if not cleaned.get("telegram_token") and not self.has_bot:
                self.add_error("telegram_token", _("Give the token that BotFather shows."))
        return cleaned


class PublicForm(forms.Form):
    """Who books on the public page. ``site`` is a trap: people do not see it."""

    name = NameField(label=_("Your name"))
    phone = PhoneField(label=_("Your WhatsApp"))
    email = forms.EmailField(
        label=_("Your e-mail, if you like"),
        max_length=254,
        required=False,
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    notes = forms.CharField(label=_("Anything we should know"), max_length=300, required=False)
    site = forms.CharField(required=False, widget=forms.HiddenInput)


def uuid_or_none(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
