"""Every route of the product and who may enter it. A route that is not listed here fails the proof."""

from enum import StrEnum


class Kind(StrEnum):
    PUBLIC = "public"
    """Anyone."""
    PERSON = "person"
    """Any logged-in person; nothing of an organization in its path."""
    MEMBER = "member"
    """Members; an id of another organization in the path answers as one that never was."""
    API = "api"
    """Bearer token (or a member's session on the plain paths); foreign ids as absent ones."""
    STAFF = "staff"
    """The Django admin."""


# By the beginning of the route; the longest that fits holds.
ROUTES: dict[str, Kind] = {
    "": Kind.PUBLIC,
    "conta/": Kind.PUBLIC,
    "convite/": Kind.PUBLIC,
    "idioma/": Kind.PUBLIC,
    "health/": Kind.PUBLIC,
    "status/": Kind.PUBLIC,
    "hooks/": Kind.PUBLIC,
    "avisos/": Kind.PUBLIC,
    "pagar/": Kind.PUBLIC,
    "minha-conta/": Kind.PERSON,
    "empresas/": Kind.PERSON,
    "configuracoes/": Kind.MEMBER,
    "dashboard/": Kind.PUBLIC,
    "campaigns/": Kind.PUBLIC,
    "inicio/": Kind.MEMBER,
    "ajuda/": Kind.MEMBER,
    "conversas/": Kind.MEMBER,
    "agenda/": Kind.MEMBER,
    "agendar/": Kind.PUBLIC,
    "cobrancas/": Kind.MEMBER,
    "leads/": Kind.MEMBER,
    "campanhas/": Kind.MEMBER,
    "porque/": Kind.PUBLIC,
    "sdr/": Kind.MEMBER,
    "numeros/": Kind.MEMBER,
    "processos/": Kind.MEMBER,
    "api/": Kind.API,
    "api/v1/docs": Kind.PUBLIC,
    "api/v1/openapi.json": Kind.PUBLIC,
}


def kind_of(route: str, admin_path: str) -> Kind | None:
    """Return who a route is for, or None when nobody has said so yet."""
    if route.startswith(f"{admin_path}/"):
        return Kind.STAFF
    fits = [prefix for prefix in ROUTES if prefix and route.startswith(prefix)]
    if not fits:
        return ROUTES[""] if route == "" else None
    return ROUTES[max(fits, key=len)]
