from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Secret
from core.http import UnsafeUrlError, check_public_url
from core.money import InvalidMoneyError, parse_cents
from sdr.models import SdrProfile
from sdr.registry import LOCAL, PROVIDERS, WITH_KEY, get_provider
from sdr.services.accounts import account_of

OPTIONS = ("model", "small_model", "base_url", "seconds")


def provider_choices() -> list[tuple[str, Any]]:
    """Return every provider by the name that people know."""
    return [(code, _("Local engine (no key)") if code == LOCAL else get_provider(code).label) for code in PROVIDERS]


class RouteForm(forms.Form):
    """Who answers, who is asked when that one fails, and what it may cost in a month."""

    first = forms.ChoiceField(label=_("Who answers"), choices=provider_choices)
    second = forms.ChoiceField(
        label=_("If that one fails"), required=False, choices=lambda: [("", _("the local engine")), *_others()]
    )
    third = forms.ChoiceField(
        label=_("If both fail"), required=False, choices=lambda: [("", _("the local engine")), *_others()]
    )
    budget = forms.CharField(
        label=_("Most that may be spent in a month, in reais"), required=False, max_length=20,
        help_text=_("When it is spent, the local engine answers until the month is over. Empty: the limit of your plan."),
    )  # fmt: skip

    def __init__(self, data: Mapping[str, Any] | None = None, *, profile: SdrProfile) -> None:
        places = [*profile.fallbacks, "", ""]
        cents = profile.ai_budget_cents
        initial = {
            "first": profile.provider, "second": places[0], "third": places[1],
            "budget": f"{cents / 100:.2f}".replace(".", ",") if cents is not None else "",
        }  # fmt: skip
        super().__init__(data, initial=initial, prefix="route")
        self.profile = profile

    def clean_budget(self) -> int | None:
        text = self.cleaned_data["budget"].replace("R$", "").strip()
        if not text:
            return None
        try:
            cents: int = parse_cents(text)
        except InvalidMoneyError as error:
            raise forms.ValidationError(_("Write an amount like 150,00.")) from error
        if not 0 <= cents <= 100_000_000:
            raise forms.ValidationError(_("Write an amount like 150,00."))
        return cents

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("first", "second", "third"):
            code = data.get(name)
            if code and code != LOCAL and account_of(self.profile, code) is None:
                self.add_error(name, _("Save the key of this service below first."))
        return data

    @property
    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        fallbacks = [code for code in dict.fromkeys([data["second"], data["third"]]) if code and code != data["first"]]
        return {"provider": data["first"], "fallbacks": fallbacks, "ai_budget_cents": data["budget"], "model": ""}


def _others() -> list[tuple[str, Any]]:
    return [choice for choice in provider_choices() if choice[0] != LOCAL]


class ServiceForm(forms.Form):
    """The key and the models of one service. An empty key leaves the kept one."""

    key = forms.CharField(
        label=_("Key"), required=False, max_length=400, widget=forms.PasswordInput({"autocomplete": "off"})
    )
    forget = forms.BooleanField(label=_("Remove the key"), required=False)
    base_url = forms.CharField(
        label=_("Address of the service"),
        required=False,
        max_length=300,
        widget=forms.URLInput({"placeholder": "https://"}),
    )
    model = forms.CharField(label=_("Model"), required=False, max_length=80)
    small_model = forms.CharField(label=_("Model for simple answers"), required=False, max_length=80)
    seconds = forms.IntegerField(label=_("Seconds to wait for an answer"), required=False, min_value=2, max_value=25)

    def __init__(self, data: Mapping[str, Any] | None = None, *, code: str, profile: SdrProfile) -> None:
        initial = {name: (profile.provider_options.get(code) or {}).get(name, "") for name in OPTIONS}
        if code == profile.provider and profile.model:
            initial["model"] = initial["model"] or profile.model
        super().__init__(data, initial=initial, prefix=code)
        self.code, self.label = code, get_provider(code).label
        if code != "compatible":
            del self.fields["base_url"]

    def clean_base_url(self) -> str:
        url: str = self.cleaned_data["base_url"].strip()
        if url:
            try:
                check_public_url(url)
            except UnsafeUrlError as error:
                raise forms.ValidationError(error.message) from error
        return url

    @property
    def options(self) -> dict[str, Any]:
        return {name: value for name in OPTIONS if (value := self.cleaned_data.get(name))}


def service_forms(data: Mapping[str, Any] | None, profile: SdrProfile) -> list[tuple[ServiceForm, str]]:
    """Return the form of every service with the end of the key that is kept; only the one that was sent is bound."""
    hints = dict(Secret.objects.filter(name__in=WITH_KEY).values_list("name", "hint"))
    sent = (data or {}).get("service", "")
    return [
        (ServiceForm(data if code == sent else None, code=code, profile=profile), hints.get(code, ""))
        for code in WITH_KEY
    ]
