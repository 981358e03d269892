"""The answers to POSTs with an ``Idempotency-Key``, as rows of the organization; see :mod:`core.idempotency`."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import IdempotentRequest
from core.clock import now
from core.idempotency import Stored
from core.jobs import job
from core.tenancy import across_organizations

KEY_LIFE = timedelta(hours=24)
# No request lives as long as this: a key that is still taken then was left by a process that died.
LEASE = timedelta(minutes=2)


class RequestStore:
    """One request's hold on its key; ``created_at`` is both the age of an answer and the token of who holds the key."""

    def __init__(self) -> None:
        self._taken_at: datetime | None = None

    def begin(self, key: str, fingerprint: str) -> Stored | None:
        at = now()
        IdempotentRequest.objects.filter(key=key, created_at__lt=at - KEY_LIFE).delete()
        try:
            with transaction.atomic():
                row = IdempotentRequest.objects.create(key=key, request_hash=fingerprint)
        except IntegrityError:
            return self._known(key, fingerprint, at)
        self._taken_at = row.created_at
        return None

    def _known(self, key: str, fingerprint: str, at: datetime) -> Stored | None:
        left = IdempotentRequest.objects.filter(key=key, status=None, created_at__lt=at - LEASE)
        if left.update(created_at=at, request_hash=fingerprint):
            self._taken_at = at
            return None
        row = IdempotentRequest.objects.filter(key=key).first()
        if row is None:
            # It was released between our two looks; whoever asks again gets it.
            return Stored(fingerprint)
        return Stored(row.request_hash, row.status, bytes(row.response or b""), row.content_type)

    def finish(self, key: str, status: int, content: bytes, content_type: str) -> None:
        self._mine(key).update(status=status, response=content, content_type=content_type[:100])

    def release(self, key: str) -> None:
        self._mine(key).delete()

    def _mine(self, key: str) -> "QuerySet[IdempotentRequest]":
        return IdempotentRequest.objects.filter(key=key, status=None, created_at=self._taken_at)


@job("default")
def forget_old_answers() -> None:
    """Drop the answers whose keys nobody may repeat any more."""
    with across_organizations():
        IdempotentRequest.objects.filter(created_at__lt=now() - KEY_LIFE).delete()
