from accounts.models import ApiToken, Membership, Role
from accounts.services.audit import record_audit
from core.clock import now


def create_api_token(name: str, *, role: Role = Role.ADMIN, actor: Membership | None = None) -> tuple[ApiToken, str]:
    """Create a bearer token of the active organization; the plain text is returned this once and never kept."""
    plain = ApiToken.new_secret()
    token = ApiToken.objects.create(name=name, role=role, token_hash=ApiToken.hash_of(plain), hint=plain[:10])
    record_audit("api_token.created", actor=actor, target=name)
    return token, plain


def revoke_api_token(token: ApiToken, *, actor: Membership) -> None:
    """Make the token useless at once."""
    token.revoked_at = token.revoked_at or now()
    token.save(update_fields=["revoked_at"])
    record_audit("api_token.revoked", actor=actor, target=token.name)
