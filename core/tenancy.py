"""Which organization the running code acts for, and managers that refuse to guess.

A query through :class:`TenantManager` is limited to the active organization; with none active it raises, so a
forgotten scope is an error and never a leak.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from django.db import models


class NoActiveOrganizationError(RuntimeError):
    """A tenant's rows were asked for while no organization was active."""


class _Scope(Enum):
    NONE = "none"
    ALL = "all"


_active: ContextVar[UUID | _Scope] = ContextVar("active_organization", default=_Scope.NONE)


def current_organization_id() -> UUID:
    """Return the active organization's id; raise :class:`NoActiveOrganizationError` when there is no single one."""
    active = _active.get()
    if isinstance(active, UUID):
        return active
    raise NoActiveOrganizationError("No organization is active here.")


def active_organization_id() -> UUID | None:
    """Return the active organization's id, or None when there is none or when all are visible."""
    active = _active.get()
    return active if isinstance(active, UUID) else None


@contextmanager
def activate_organization(organization_id: UUID | str) -> Iterator[None]:
    """Limit every tenant query inside the block to one organization."""
    value = organization_id if isinstance(organization_id, UUID) else UUID(organization_id)
    token = _active.set(value)
    try:
        yield
    finally:
        _active.reset(token)


@contextmanager
def across_organizations() -> Iterator[None]:
    """Let tenant queries see every organization: for the admin, sweeps and commands only."""
    token = _active.set(_Scope.ALL)
    try:
        yield
    finally:
        _active.reset(token)


@contextmanager
def no_organization() -> Iterator[None]:
    """Forget the active organization inside the block, as a request or job that has just begun."""
    token = _active.set(_Scope.NONE)
    try:
        yield
    finally:
        _active.reset(token)


M = TypeVar("M", bound=models.Model)


class TenantManager(models.Manager[M]):
    """Default manager of tenant models: filters by the active organization, raises without one."""

    def get_queryset(self) -> models.QuerySet[M]:
        active = _active.get()
        queryset = super().get_queryset()
        if active is _Scope.ALL:
            return queryset
        if active is _Scope.NONE:
            raise NoActiveOrganizationError(f"{self.model.__name__} was queried with no active organization.")
        return queryset.filter(organization_id=active)

    def create(self, **kwargs: Any) -> M:
        """Create a row for the active organization unless one is named."""
        if "organization" not in kwargs and "organization_id" not in kwargs:
            kwargs["organization_id"] = current_organization_id()
        return super().create(**kwargs)
