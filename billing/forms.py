from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.providers.pix import KeyKind, PixKeyError, read_key
from billing.providers.pix.brcode import LONGEST_CITY, LONGEST_NAME, ascii_text

KEY_KINDS = [
    ("", _("find out by itself")),
    (KeyKind.CPF, "CPF"),
    (KeyKind.CNPJ, "CNPJ"),
    (KeyKind.EMAIL, _("e-mail")),
    (KeyKind.PHONE, _("phone")),
    (KeyKind.RANDOM, _("random key")),
]


class SecretInput(forms.PasswordInput):
    """A field that is written and never shown; browsers are asked not to keep it."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "off", "spellcheck": "false"} | (attrs or {}), render_value=False)


class PixForm(forms.Form):
    """An empty key keeps the one that is saved."""

    key = forms.CharField(label=_("Pix key"), max_length=100, required=False, widget=SecretInput())
    kind = forms.ChoiceField(label=_("Kind of key"), choices=KEY_KINDS, required=False)
    name = forms.CharField(label=_("Receiver's name"), max_length=60)
    city = forms.CharField(label=_("Receiver's city"), max_length=60)

    def __init__(self, *args: Any, has_key: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_key = has_key

    def clean_name(self) -> str:
        return _plain(self.cleaned_data["name"], LONGEST_NAME)

    def clean_city(self) -> str:
        return _plain(self.cleaned_data["city"], LONGEST_CITY)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        text, kind = data.get("key", ""), data.get("kind", "")
        if not text and not self.has_key:
            self.add_error("key", _("Add the key that customers pay to."))
        if text:
            try:
                data["key"] = read_key(text, KeyKind(kind) if kind else None).value
            except PixKeyError:
                self.add_error("key", _("This is no Pix key of that kind. Look at it in your bank's app."))
        return data


class StripeForm(forms.Form):
    """Empty keys keep those that are saved."""

    secret_key = forms.RegexField(
        r"^(sk|rk)_(test|live)_[A-Za-z0-9_]{10,240}$",
        label=_("Secret key"),
        required=False,
        widget=SecretInput(attrs={"placeholder": "sk_live_…"}),
        error_messages={"invalid": _("The secret key begins with sk_ or rk_. It is under Developers, API keys.")},
    )
    hook_secret = forms.RegexField(
        r"^whsec_[A-Za-z0-9+/=_-]{10,240}$",
        label=_("Signing secret of the webhook"),
        required=False,
        widget=SecretInput(attrs={"placeholder": "whsec_…"}),
        error_messages={
            "invalid": _("The signing secret begins with whsec_. Stripe shows it after the endpoint is made.")
        },
    )
    stripe_pix = forms.BooleanField(
        label=_("My Stripe account has Pix"),
        required=False,
        help_text=_("Stripe gives Pix by invitation. We ask the account before turning it on."),
    )


def _plain(text: str, length: int) -> str:
    if not ascii_text(text, length):
        raise forms.ValidationError(_("Use plain letters; banks read no others."))
    return " ".join(text.split())
