"""What providers said of phones, so that each is asked once."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from core.tenancy import current_organization_id
from gateways.models import NumberCheck


def chat_ids(channel_id: UUID, phones: Iterable[str]) -> dict[str, str]:
    """Return the known chat id of each phone that has one."""
    rows = NumberCheck.objects.filter(channel_id=channel_id, phone__in=list(phones), exists=True)
    return dict(rows.values_list("phone", "chat_id"))


def remember(channel_id: UUID, found: Mapping[str, str | None]) -> None:
    """Keep what was learnt: phone → chat id, or None for a phone without an account."""
    NumberCheck.objects.bulk_create(
        [
            NumberCheck(
                organization_id=current_organization_id(),
                channel_id=channel_id,
                phone=phone,
                chat_id=chat_id or "",
                exists=chat_id is not None,
            )
            for phone, chat_id in sorted(found.items())
        ],
        update_conflicts=True,
        unique_fields=["organization", "channel", "phone"],
        update_fields=["chat_id", "exists", "at"],
    )
