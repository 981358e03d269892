import secrets
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from gateways.access.base import ProviderChoice, ServerForm


class WahaForm(ServerForm):
    made: ClassVar[tuple[str, ...]] = ("hmac_key", "on_second")

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["base_url"].label = _("Address of your WAHA server")
        self.fields["base_url"].widget.attrs["placeholder"] = "http://localhost:3000"
        self.fields["api_key"].help_text = _("The WAHA_API_KEY of the server. Kept encrypted and never shown again.")

    def config(self, before: dict[str, Any]) -> dict[str, Any]:
        values = super().config(before)
        # A key of our own for each number: the server is told it on connecting, nobody has to type it.
        key = before.get("hmac_key") or secrets.token_urlsafe(32)
        return values | {"hmac_key": key if values.pop("is_signed") else ""}

    @classmethod
    def shown(cls, config: dict[str, Any]) -> dict[str, Any]:
        return super().shown(config) | {"is_signed": bool(config.get("hmac_key"))}


WAHA = ProviderChoice(
    "waha",
    _("WhatsApp by QR code (WAHA)"),
    _("Your own number, through a WAHA server of yours. Not official: WhatsApp can block it at any time."),
    "whatsapp",
    WahaForm,
    guide=(
        _("Start a WAHA server; the installation of this product brings one along."),
        _("Copy its address and its WAHA_API_KEY here."),
        _("On the next page, scan the code with the phone of the number."),
    ),
    button=_("Show QR code"),
    last=_("Scan"),
)
