"""Rounds over campaigns of all organizations: each inside its own, and none of them stops the others."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar
from uuid import UUID

from django.db import connection

from core.tenancy import activate_organization

logger = logging.getLogger(__name__)

T = TypeVar("T")


def for_each(rows: Iterable[tuple[UUID, UUID]], work: Callable[[UUID], T]) -> list[T]:
    """Do the work for each (organization, campaign); return what it returned, without those in which it failed.

    Failures are logged. A database that is away ends the round.
    """
    found = []
    for organization_id, pk in rows:
        try:
            with activate_organization(organization_id):
                found.append(work(pk))
        except Exception:
            if not connection.is_usable():
                raise
            logger.exception("a campaign was passed over", extra={"campaign": str(pk), "work": work.__name__})
    return found
