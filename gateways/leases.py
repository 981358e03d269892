"""One sender per channel at a time. Lease times are the database's, never a worker's."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import connection


@dataclass(frozen=True)
class Lease:
    channel_id: UUID
    token: UUID


def take(channel_id: UUID, seconds: float) -> Lease | None:
    """Take the channel unless another sender holds it."""
    token = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gateways_channel SET lease_token = %s, lease_until = clock_timestamp() + make_interval(secs => %s) "
            "WHERE id = %s AND (lease_until IS NULL OR lease_until < clock_timestamp())",
            [token, seconds, channel_id],
        )
        return Lease(channel_id, token) if cursor.rowcount == 1 else None


def renew(lease: Lease, seconds: float) -> bool:
    """Hold the channel longer; False when the lease was lost."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gateways_channel SET lease_until = clock_timestamp() + make_interval(secs => %s) "
            "WHERE id = %s AND lease_token = %s AND lease_until > clock_timestamp()",
            [seconds, lease.channel_id, lease.token],
        )
        return bool(cursor.rowcount == 1)


def release(lease: Lease) -> None:
    """Give the channel back; harmless when the lease was lost."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gateways_channel SET lease_token = NULL, lease_until = NULL WHERE id = %s AND lease_token = %s",
            [lease.channel_id, lease.token],
        )
