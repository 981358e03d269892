"""What came to the address of one number and is another's: handed to the channel that it belongs to.

A Meta app has one address for all its numbers, pages and Instagram accounts. Only channels of the same organization
and of the same app are looked at: whoever knows one app's secret says nothing about the accounts of another.
"""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from gateways.contract import ForOthers
from gateways.intake.receipts import Address, NewReceipt, insert_receipts
from gateways.models import Channel, Receipt
from gateways.registry import ADAPTERS, get_adapter

KEY_LENGTH = 128
# A part that was handed on already goes no further.
HANDED_ON = "part:"
Owner = tuple[str, str, str]


@dataclass
class Post:
    """What one batch hands on: ``receipts`` for other channels, to be stored together."""

    channel: Channel
    app_secret: str
    _owners: dict[Owner, list[Channel]] | None = None

    def __post_init__(self) -> None:
        self.receipts: list[NewReceipt] = []

    def take(self, receipt: Receipt, parts: Iterable[ForOthers]) -> tuple[list[str], list[str]]:
        """Take what a receipt says of others; return the names of their channels, and the accounts nobody here has."""
        bodies: dict[Channel, list[ForOthers]] = {}
        unknown: list[str] = []
        for part in parts:
            if part.is_ours_too and receipt.dedupe_key.startswith(HANDED_ON):
                continue
            owners = self.owners.get((part.provider, part.setting, part.account), [])
            for owner in owners:
                bodies.setdefault(owner, []).append(part)
            if not owners and not part.is_ours_too:
                unknown.append(f"{part.setting} {part.account}"[:80])
        self.receipts += [self._receipt(owner, receipt, found) for owner, found in bodies.items()]
        return [owner.name for owner in bodies], list(dict.fromkeys(unknown))

    def hand_over(self) -> set[Address]:
        """Store it; return the addresses that have something new to process."""
        return insert_receipts(self.receipts) if self.receipts else set()

    @property
    def owners(self) -> dict[Owner, list[Channel]]:
        if self._owners is None:
            self._owners = _owners(self.channel, self.app_secret)
        return self._owners

    def _receipt(self, owner: Channel, receipt: Receipt, parts: Sequence[ForOthers]) -> NewReceipt:
        body = {**parts[0].body, "entry": [entry for part in parts for entry in part.body["entry"]]}
        key = f"{HANDED_ON}{receipt.dedupe_key.removeprefix(HANDED_ON)}"[:KEY_LENGTH]
        return NewReceipt(owner.organization_id, owner.pk, key, orjson.dumps(body))


def _owners(channel: Channel, app_secret: str) -> dict[Owner, list[Channel]]:
    """Return the other channels of the app by what webhooks call them; where two are the same number, the older one."""
    shared = [code for code in ADAPTERS if get_adapter(code).named_by]
    others = Channel.objects.filter(organization_id=channel.organization_id, provider__in=shared, removed_at=None)
    found: dict[Owner, list[Channel]] = {}
    for other in others.exclude(pk=channel.pk).order_by("created_at", "pk"):
        config = _config(other)
        if config is None or not hmac.compare_digest(config.app_secret.encode(), app_secret.encode()):
            continue
        own, *common = get_adapter(other.provider).named_by
        found.setdefault((other.provider, own, getattr(config, own)), [other])
        for setting in common:
            found.setdefault((other.provider, setting, getattr(config, setting)), []).append(other)
    return found


def _config(channel: Channel) -> Any:
    try:
        return get_adapter(channel.provider).config_model.model_validate(channel.config)
    except ValidationError:
        return None  # a number whose settings are not whole yet hears of nothing
