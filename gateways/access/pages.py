from typing import Any

from django.utils.translation import gettext_lazy as _

from gateways.access.base import ProviderChoice, digits, password
from gateways.access.cloud import MetaForm

FIELDS = "messages, message_echoes, messaging_postbacks, message_deliveries, message_reads, message_reactions"


class MessengerForm(MetaForm):
    page_id = digits(_("Page ID"), _("On the page, under About, Page transparency."))
    token = password(_("Page access token"), _("Of the page itself, with pages_messaging and pages_manage_metadata."))
    app_secret = password(
        _("App secret"), _("In Meta's panel: App settings, Basic. It proves that a notice really comes from Meta.")
    )

    def config(self, before: dict[str, Any]) -> dict[str, Any]:
        values = super().config(before)
        return values | {"account_id": values["page_id"]}


class InstagramForm(MetaForm):
    account_id = digits(
        _("Instagram account ID"), _("Of the professional account, as Meta's panel shows it; not the user name.")
    )
    page_id = digits(
        _("ID of the page that it is linked to"), _("Instagram messages go through the Facebook page of the account.")
    )
    token = password(
        _("Page access token"), _("Of that page, with instagram_manage_messages and pages_manage_metadata.")
    )
    app_secret = password(
        _("App secret"), _("In Meta's panel: App settings, Basic. It proves that a notice really comes from Meta.")
    )


MESSENGER = ProviderChoice(
    "messenger",
    _("Messenger"),
    _("Conversations of your Facebook page. People write first, and may be answered for 24 hours."),
    "chat",
    MessengerForm,
    group="others",
    guide=(
        _("At developers.facebook.com, add Messenger to your app and link the page."),
        _("Create a token for the page there and copy it here."),
        _("On the next page we show the webhook address to paste in the panel."),
    ),
    hook_fields=FIELDS,
)
INSTAGRAM = ProviderChoice(
    "instagram",
    _("Instagram Direct"),
    _("Direct messages of your professional account. People write first, and may be answered for 24 hours."),
    "instagram",
    InstagramForm,
    group="others",
    guide=(
        _("Make the account professional and link it to a Facebook page."),
        _("In the Instagram app, under Messages, allow access to messages by connected tools."),
        _("At developers.facebook.com, add Messenger to your app, link the account, and create a token for the page."),
        _("On the next page we show the webhook address to paste in the panel."),
    ),
    hook_fields=FIELDS,
)
