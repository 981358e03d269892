"""How many people a business may have. Plans live a step above: they register their rule here when the apps are ready."""

from collections.abc import Callable
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.errors import SeatLimitError
from accounts.models import Invitation, Membership, Organization
from core.clock import now

# (organization, people counted) → how many more are allowed, or None for any number.
Rule = Callable[[UUID, int], int | None]
_rules: list[Rule] = []


def register(rule: Rule) -> None:
    """Let a rule have its say; the strictest of them holds."""
    if rule not in _rules:
        _rules.append(rule)


def take_seat(organization_id: UUID, *, email: str) -> None:
    """Check, in the caller's transaction, that one more person may come; raise :class:`SeatLimitError` if not.

    People who work here and open invitations count, those of the same address do not. The organization's row is locked, so
    that two invitations at once cannot share the last seat.
    """
    Organization.objects.select_for_update(no_key=True).get(pk=organization_id)
    people = Membership.objects.filter(is_active=True).exclude(user__email__iexact=email).count()
    invited = Invitation.objects.filter(open_invitations()).exclude(email__iexact=email).count()
    left = [rule(organization_id, people + invited) for rule in _rules]
    if any(seats is not None and seats < 1 for seats in left):
        raise SeatLimitError(_("Your plan has no free place for another person. Change the plan or remove somebody."))


def open_invitations() -> Q:
    return Q(accepted_at=None, revoked_at=None, expires_at__gt=now())
