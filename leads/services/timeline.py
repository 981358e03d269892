from datetime import datetime
from uuid import UUID

from core.formulas import printable
from core.tenancy import current_organization_id
from leads.models import TimelineEntry


def record_timeline(
    contact_id: UUID | str, *, kind: str, title: str, at: datetime, detail: str = "", url: str = "",
    dedupe_key: str | None = None,
) -> None:  # fmt: skip
    """Add a line to a contact's history, in words of the reader's language; with a key, the same line is added once.

    ``kind`` chooses the icon: see :mod:`leads.templatetags.leads`.
    """
    TimelineEntry.objects.bulk_create(
        [
            TimelineEntry(
                organization_id=current_organization_id(), contact_id=contact_id, kind=kind[:40],
                title=printable(title)[:200],
                detail=printable(detail), url=url[:300], at=at, dedupe_key=dedupe_key,
            )
        ],
        ignore_conflicts=dedupe_key is not None,
    )  # fmt: skip
