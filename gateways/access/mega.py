from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gateways.access.base import AccessForm, ProviderChoice, password


class MegaForm(AccessForm):
    sealed = ("token",)

    base_url = forms.RegexField(
        r"^https?://\S+$",
        label=_("Host of your instance"),
        max_length=300,
        error_messages={"invalid": _("An address begins with http:// or https://.")},
        widget=forms.URLInput({"autocomplete": "off", "placeholder": "https://apistart01.megaapi.com.br"}),
        help_text=_("As the panel of Mega API shows it; each plan has another one."),
    )
    instance_key = forms.RegexField(
        r"^[A-Za-z0-9_-]{3,80}$",
        label=_("Instance key"),
        max_length=80,
        error_messages={"invalid": _("Only letters, digits, - and _.")},
        help_text=_("It begins with megastart or megabusiness."),
    )
    token = password(_("Token"), _("In the panel, beside the instance."))

    def config(self, before: dict[str, Any]) -> dict[str, Any]:
        values = super().config(before)
        return values if values.get("token") or before.get("token") else values | {"token": ""}


MEGA = ProviderChoice(
    "mega",
    _("WhatsApp by QR code (Mega API)"),
    _("Your own number, through the Brazilian service Mega API, without a server of yours. Not official either."),
    "whatsapp",
    MegaForm,
    guide=(
        _("In the panel of Mega API, open your instance."),
        _("Copy its host, its key and its token here."),
        _("On the next page, scan the code. We set the webhook for you."),
    ),
    button=_("Show QR code"),
    last=_("Scan"),
)
