"""One webhook of a Meta app may speak of many accounts: numbers, pages and Instagram accounts, wherever it was sent to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateways.contract import ForOthers
from gateways.formats.graph import GraphConfig
from gateways.formats.loose import inside, listing, mapping, text, word

OBJECTS = {"whatsapp_business_account": "cloud", "page": "messenger", "instagram": "instagram"}
# Meta's own tests of a webhook name nobody.
NOBODY = {"", "0"}


@dataclass(frozen=True)
class Part:
    """The smallest part of a webhook that has one owner: a change of WhatsApp's, or a page's entry.

    The owner is known by its setting ``setting``. Of a WhatsApp Business account that is not one number's alone
    ``is_shared`` is True.
    """

    provider: str
    setting: str
    account: str
    body: dict[str, Any]
    value: dict[str, Any]
    is_shared: bool = False

    def is_for(self, provider: str, config: GraphConfig) -> bool:
        return self.provider == provider and self.account in {*NOBODY, getattr(config, self.setting)}

    def for_others(self, *, is_ours_too: bool = False) -> ForOthers:
        return ForOthers(self.provider, self.setting, self.account, self.body, is_ours_too)


def parts(value: Any, asked: str) -> Iterator[Part]:
    """Yield the parts of a webhook; one that names no kind of account is of the provider that was asked."""
    whole = mapping(value)
    provider = OBJECTS.get(text(whole.get("object")), asked)
    for entry in (mapping(one) for one in listing(whole.get("entry"))):
        account = word(entry.get("id"))
        if provider != "cloud":
            yield Part(provider, "account_id", account, whole | {"entry": [entry]}, entry)
            continue
        for change in (mapping(one) for one in listing(entry.get("changes"))):
            body = whole | {"entry": [entry | {"changes": [change]}]}
            if text(change.get("field")) == "messages":
                number = word(inside(change, "value", "metadata", "phone_number_id"))
                yield Part(provider, "phone_number_id", number, body, change)
            else:
                yield Part(provider, "waba_id", account, body, change, is_shared=True)
