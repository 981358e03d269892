import secrets
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from gateways.access.base import ProviderChoice, ServerForm


class EvolutionForm(ServerForm):
    made: ClassVar[tuple[str, ...]] = ("hook_secret", "integration", "on_second")

    instance = forms.RegexField(
        r"^[A-Za-z0-9_-]+$",
        label=_("Instance"),
        max_length=60,
        error_messages={"invalid": _("Only letters, digits, - and _.")},
        help_text=_("A name for this phone on the server, for example loja-1. It is created if it is not there yet."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["base_url"].label = _("Address of your Evolution API server")
        self.fields["base_url"].widget.attrs["placeholder"] = "https://evolution.suaempresa.com.br"
        self.fields["api_key"].help_text = _(
            "The AUTHENTICATION_API_KEY of the server, or the token of the instance if it is there already."
        )

    def config(self, before: dict[str, Any]) -> dict[str, Any]:
        # Evolution cannot sign: its webhooks carry a word of ours instead, which the server is told on connecting.
        return super().config(before) | {"hook_secret": before.get("hook_secret") or secrets.token_urlsafe(32)}


EVOLUTION = ProviderChoice(
    "evolution",
    _("WhatsApp by QR code (Evolution API)"),
    _("Your own number, through an Evolution API v2 server of yours. Not official: WhatsApp can block it at any time."),
    "whatsapp",
    EvolutionForm,
    guide=(
        _("Open your Evolution API server, version 2.1 or later, and copy its key."),
        _("Choose a name for the instance. A new one is created with our settings."),
        _("On the next page, scan the code or ask for a code to type."),
    ),
    button=_("Show QR code"),
    last=_("Scan"),
)
