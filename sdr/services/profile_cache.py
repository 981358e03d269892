"""The organization's SDR as every turn reads it, kept in Redis: a switch that is turned off is off at once, whatever is kept.

Each save begins a new version, and what is kept belongs to the version that was read before the row: nothing older than the last
save is ever found under the newest version.
"""

import logging
import zlib
from functools import cache, partial
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from redis.exceptions import RedisError

from core.redis import redis_client, redis_key
from core.tenancy import current_organization_id
from sdr.models import SdrProfile
from sdr.services.profiles import get_profile

logger = logging.getLogger(__name__)

# Whoever dies between a commit and its new version leaves the old one for this long.
LIFE_SECONDS = 300


def read_profile() -> SdrProfile:
    """Return the active organization's profile to read from, never to save."""
    organization_id = current_organization_id()
    try:
        profile = _kept(organization_id) or _keep(organization_id)
    except RedisError:
        logger.warning("the profile is not kept", exc_info=True)
        profile = get_profile()
    profile.is_kept = True
    return profile


def _kept(organization_id: UUID | None) -> SdrProfile | None:
    client = redis_client()
    found = client.get(_key(organization_id, client.get(_version(organization_id))))
    if not found:
        return None
    kept: dict[str, Any] = orjson.loads(found)
    fields = {field.name: field for field in SdrProfile._meta.concrete_fields}
    read = [fields[name].to_python(value) for name, value in kept.items()]
    profile: SdrProfile = SdrProfile.from_db("default", [fields[name].attname for name in kept], read)
    return profile


def _keep(organization_id: UUID | None) -> SdrProfile:
    client = redis_client()
    version = client.get(_version(organization_id))
    profile = get_profile()
    values: dict[str, Any] = {field.name: getattr(profile, field.attname) for field in SdrProfile._meta.concrete_fields}
    client.set(_key(organization_id, version), orjson.dumps(values), ex=LIFE_SECONDS)
    return profile


@receiver(post_save, sender=SdrProfile)
def begin_a_version(instance: SdrProfile, **_said: Any) -> None:
    """Let nobody find what was kept before; at once, and again when others can see what was saved."""
    _begin(instance.organization_id)
    transaction.on_commit(partial(_begin, instance.organization_id))


def _begin(organization_id: UUID) -> None:
    try:
        redis_client().incr(_version(organization_id))
    except RedisError:
        logger.warning("the kept profile may be old for a while", exc_info=True)


def _version(organization_id: UUID | None) -> str:
    return redis_key(f"org:{organization_id}:sdr:profile:version")


def _key(organization_id: UUID | None, version: bytes | str | None) -> str:
    number = version.decode() if isinstance(version, bytes) else version or "0"
    return redis_key(f"org:{organization_id}:sdr:profile:{_shape()}:{number}")


@cache
def _shape() -> int:
    # What another release of the product has kept may have other columns.
    return zlib.crc32(" ".join(field.name for field in SdrProfile._meta.concrete_fields).encode())
