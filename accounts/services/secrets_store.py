from accounts.models import Membership, Secret
from accounts.services.audit import record_audit
from core.crypto import decrypt_for, encrypt_for
from core.tenancy import current_organization_id


def get_secret(name: str) -> str | None:
    """Return a secret of the active organization in plain text, or None when it was never set."""
    sealed = Secret.objects.filter(name=name).values_list("sealed", flat=True).first()
    return decrypt_for(current_organization_id(), sealed)["value"] if sealed else None


def set_secret(name: str, value: str, *, actor: Membership | None) -> None:
    """Keep a secret encrypted, replacing an older one of the same name; an empty value removes it."""
    if not value:
        Secret.objects.filter(name=name).delete()
    else:
        sealed = encrypt_for(current_organization_id(), {"value": value})
        Secret.objects.update_or_create(
            organization_id=current_organization_id(), name=name, defaults={"sealed": sealed, "hint": f"…{value[-4:]}"}
        )
    record_audit("secret.changed", actor=actor, target=name)
