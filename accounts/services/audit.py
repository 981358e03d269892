from typing import Any

from accounts.models import AuditEntry, Membership


def record_audit(
    action: str, *, actor: Membership | None, target: str = "", data: dict[str, Any] | None = None
) -> AuditEntry:
    """Add a line to the audit log of the active organization."""
    return AuditEntry.objects.create(
        action=action, actor=actor, actor_name=str(actor.user) if actor else "", target=target[:200], data=data or {}
    )
