from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Organization
from campaigns.models import Campaign
from campaigns.services import lifecycle
from campaigns.services.lifecycle import VariantDraft
from core.phones import match_key
from core.tenancy import current_organization_id
from gateways.models import Channel, ChannelState
from leads.models import Contact, ContactList, ListMembership

Make = Callable[..., Any]


def phone_of(number: int) -> str:
    """Return a Brazilian mobile, a different one for each number."""
    return f"+551198{number:07d}"


@pytest.fixture
def make_channel(db: None) -> Make:
    """Return a connected number of the active organization; ``gap_ms`` 0 lets the gateway set the speed."""

    def make(name: str = "Recepção", provider: str = "simulator", gap_ms: int = 0, **values: Any) -> Channel:
        config = values.pop("config", {"speed": 1000, "replies": False})
        channel = Channel(
            organization_id=current_organization_id(), provider=provider, name=name, state=ChannelState.CONNECTED,
            min_gap_ms=gap_ms, max_gap_ms=gap_ms, connected_at=datetime(2026, 1, 1, tzinfo=UTC), warm_up=False, **values,
        )  # fmt: skip
        channel.config = config
        channel.save()
        return channel

    return make


@pytest.fixture
def make_contact(db: None) -> Make:
    def make(number: int, name: str = "", **values: Any) -> Contact:
        phone = values.pop("phone", phone_of(number))
        contact: Contact = Contact.objects.create(
            name=name or f"Pessoa {number}", phone=phone, phone_key=match_key(phone) if phone else None, **values
        )
        return contact

    return make


@pytest.fixture
def make_list(make_contact: Make) -> Make:
    """Return a list of ``count`` new contacts, or of the given ones."""

    def make(
        count: int = 3, name: str = "Pacientes", first: int = 0, contacts: list[Contact] | None = None
    ) -> ContactList:
        rows = contacts if contacts is not None else [make_contact(first + index) for index in range(count)]
        contact_list: ContactList = ContactList.objects.create(name=name, size=len(rows))
        ListMembership.objects.bulk_create(
            ListMembership(
                organization_id=contact_list.organization_id,
                contact_list=contact_list,
                contact=row,
                row_number=index + 2,
            )
            for index, row in enumerate(rows)
        )
        return contact_list

    return make


@pytest.fixture
def make_campaign(make_list: Make, make_channel: Make) -> Make:
    """Return a draft to a new list of ``count`` contacts through a new Simulator number, unless others are given."""

    def make(count: int = 3, body: str = "Oi, {nome}!", **values: Any) -> Campaign:
        lists = values.pop("lists", None) or [make_list(count)]
        channels = values.pop("channels", None) or [make_channel()]
        return lifecycle.create_campaign(
            name=values.pop("name", "Novembro"),
            list_ids=[row.pk for row in lists],
            variants=values.pop("variants", None) or [VariantDraft(body)],
            channel_ids=[row.pk for row in channels],
            **values,
        )

    return make


@contextmanager
def unchanged(*counts: Callable[[], Any]) -> Iterator[None]:
    """Assert that what the functions return is the same after the block."""
    before = [count() for count in counts]
    yield
    assert [count() for count in counts] == before


@pytest.fixture
def acme_zone(in_acme: Organization) -> str:
    return in_acme.timezone
