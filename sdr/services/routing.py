"""Which services answer, with which keys and models."""

from typing import Any

from django.db import transaction

from accounts.models import Membership
from accounts.services.audit import record_audit
from accounts.services.secrets_store import set_secret
from sdr.models import SdrProfile
from sdr.services.profiles import update_profile


@transaction.atomic
def change_route(profile: SdrProfile, values: dict[str, Any], *, actor: Membership) -> None:
    update_profile(profile, values)
    record_audit(
        "sdr.route_changed", actor=actor, data={"provider": values["provider"], "fallbacks": values["fallbacks"]}
    )


@transaction.atomic
def change_service(
    profile: SdrProfile, code: str, options: dict[str, Any], *, key: str, forget: bool, actor: Membership
) -> None:
    """Keep the models of a service, and its key encrypted where a new one is given."""
    locked = SdrProfile.objects.select_for_update().get(pk=profile.pk)
    locked.provider_options = {**locked.provider_options, code: options}
    if code == locked.provider:
        # The older single setting gives way to the one of the service.
        locked.model = ""
    locked.save(update_fields=["provider_options", "model", "updated_at"])
    if key or forget:
        set_secret(code, "" if forget else key, actor=actor)
    record_audit("sdr.service_changed", actor=actor, target=code)
