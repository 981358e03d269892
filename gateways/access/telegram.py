import secrets
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from gateways.access.base import AccessForm, ProviderChoice


class TelegramForm(AccessForm):
    sealed = ("token",)
    made: ClassVar[tuple[str, ...]] = ("hook_secret", "base_url")

    token = forms.CharField(
        label=_("Token of the bot"),
        required=False,
        max_length=120,
        widget=forms.PasswordInput({"autocomplete": "off", "placeholder": "123456:AA…"}),
        help_text=_("The line that @BotFather gives you. Kept encrypted and never shown again."),
    )

    def config(self, before: dict[str, Any]) -> dict[str, Any]:
        return super().config(before) | {"hook_secret": before.get("hook_secret") or secrets.token_urlsafe(32)}


TELEGRAM = ProviderChoice(
    "telegram",
    _("Telegram"),
    _("A bot that answers whoever writes to it. It cannot write first, so it sends no campaigns."),
    "telegram",
    TelegramForm,
    group="others",
    guide=(
        _("In Telegram, open @BotFather and send /newbot."),
        _("Choose a name and a user name that ends in bot."),
        _("Copy the token that it answers with here. We do the rest."),
    ),
)
