import secrets
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from gateways.access.base import AccessForm, ProviderChoice, digits, password


class MetaForm(AccessForm):
    """What every channel of Meta asks for besides its ids."""

    sealed = ("token", "app_secret")
    made: ClassVar[tuple[str, ...]] = ("verify_token", "base_url", "version")

    def config(self, before: dict[str, Any]) -> dict[str, Any]:
        return super().config(before) | {"verify_token": before.get("verify_token") or secrets.token_urlsafe(24)}


class CloudForm(MetaForm):
    phone_number_id = digits(
        _("Phone number ID"), _("In Meta's panel: WhatsApp, API Setup. It is not the phone itself.")
    )
    waba_id = digits(_("WhatsApp Business Account ID"), _("On the same page, right below it."))
    token = password(
        _("Access token"),
        _("A permanent one, of a system user with whatsapp_business_messaging and whatsapp_business_management."),
    )
    app_secret = password(
        _("App secret"), _("In Meta's panel: App settings, Basic. It proves that a notice really comes from Meta.")
    )


CLOUD = ProviderChoice(
    "cloud",
    _("WhatsApp official (Cloud API)"),
    _(
        "Straight from Meta, with a number that is in no phone. Approved templates, no server of yours, no risk of a ban for writing."
    ),
    "whatsapp",
    CloudForm,
    group="official",
    hook_fields="messages, message_template_status_update, phone_number_quality_update, account_update",
    guide=(
        _("At developers.facebook.com create an app of the type Business and add WhatsApp to it."),
        _("Add your number there and confirm it by SMS or call. It must not be in use in a WhatsApp on a phone."),
        _("At business.facebook.com, under System users, create a token that does not expire."),
        _("Copy the two IDs, the token and the app secret here."),
        _("On the next page we show the webhook address for Meta's panel, in case Meta does not take it from us."),
    ),
)
