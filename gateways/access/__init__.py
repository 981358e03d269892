from django.utils.translation import gettext_lazy as _

from gateways.access.base import AccessForm, ProviderChoice, Words
from gateways.access.cloud import CLOUD
from gateways.access.evolution import EVOLUTION
from gateways.access.mega import MEGA
from gateways.access.pages import INSTAGRAM, MESSENGER
from gateways.access.simulator import SIMULATOR
from gateways.access.telegram import TELEGRAM
from gateways.access.waha import WAHA

__all__ = ["GROUPS", "PROVIDERS", "AccessForm", "ProviderChoice", "grouped"]

GROUPS: dict[str, tuple[Words, Words]] = {
    "official": (
        _("WhatsApp official"),
        _("By Meta itself: no bans for writing, approved templates, costs per message."),
    ),
    "qr": (_("Your own phone, by QR code"), _("Quick and free, for people who know you. WhatsApp can block it.")),
    "others": (_("Other networks"), _("Everything that people write to you lands in the same inbox.")),
    "rehearsal": (_("Without a phone"), _("To learn and to rehearse; nobody real is written to.")),
}
PROVIDERS = {
    choice.code: choice for choice in (CLOUD, WAHA, EVOLUTION, MEGA, INSTAGRAM, MESSENGER, TELEGRAM, SIMULATOR)
}


def grouped() -> list[tuple[Words, Words, list[ProviderChoice]]]:
    """Return the ways to connect under their headings."""
    found = ((name, words, [one for one in PROVIDERS.values() if one.group == name]) for name, words in GROUPS.items())
    return [(title, text, choices) for _name, (title, text), choices in found if choices]
