"""The people of a plan: counted when invited, when accepted and when brought back; exact under haste."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from accounts.errors import SeatLimitError
from accounts.models import Invitation, Membership, Organization, Role, User
from accounts.services.members import accept_invitation, change_member, invite, revoke_invitation
from billing.models import Plan, Subscription
from core.clock import now

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(in_acme: Organization, ana: Membership) -> Organization:
    """Acme on a plan of two people, one of whom is Ana."""
    Subscription.objects.filter(organization=in_acme).update(plan=Plan.objects.get(code="starter"), trial_ends_at=None)
    return in_acme


def test_open_invitations_take_their_places(small: Organization, ana: Membership) -> None:
    first = invite("um@example.com", role=Role.AGENT, actor=ana)
    with pytest.raises(SeatLimitError):
        invite("dois@example.com", role=Role.AGENT, actor=ana)
    assert Invitation.objects.count() == 1
    revoke_invitation(first, actor=ana)
    invite("dois@example.com", role=Role.AGENT, actor=ana)


def test_the_same_person_may_be_invited_again(small: Organization, ana: Membership) -> None:
    for _ in range(3):
        invite("um@example.com", role=Role.AGENT, actor=ana)
    assert Invitation.objects.filter(revoked_at=None).count() == 1


def test_an_invitation_that_ran_out_frees_its_place(small: Organization, ana: Membership) -> None:
    invite("um@example.com", role=Role.AGENT, actor=ana)
    Invitation.objects.update(expires_at=now() - timedelta(minutes=1))
    invite("dois@example.com", role=Role.AGENT, actor=ana)


def test_who_was_invited_comes_in_even_when_all_places_are_taken(small: Organization, ana: Membership) -> None:
    invitation = invite("um@example.com", role=Role.AGENT, actor=ana)
    person = User.objects.create_user("um@example.com", "correto-cavalo-42", name="Um")
    assert accept_invitation(invitation, person).is_active
    assert accept_invitation(invitation, person).is_active


def test_a_plan_that_became_smaller_lets_nobody_more_in(
    in_acme: Organization, ana: Membership, bruno: Membership
) -> None:
    invitation = invite("um@example.com", role=Role.AGENT, actor=ana)
    Subscription.objects.filter(organization=in_acme).update(plan=Plan.objects.get(code="starter"), trial_ends_at=None)
    person = User.objects.create_user("um@example.com", "correto-cavalo-42", name="Um")
    with pytest.raises(SeatLimitError):
        accept_invitation(invitation, person)
    assert not Membership.objects.filter(user=person).exists()


def test_bringing_somebody_back_needs_a_place(small: Organization, ana: Membership, bruno: Membership) -> None:
    change_member(bruno, role=Role.AGENT, is_active=False, actor=ana)
    invite("um@example.com", role=Role.AGENT, actor=ana)
    with pytest.raises(SeatLimitError):
        change_member(bruno, role=Role.AGENT, is_active=True, actor=ana)
    bruno.refresh_from_db()
    assert not bruno.is_active


def test_a_plan_without_a_limit_has_room_for_all(in_acme: Organization, ana: Membership) -> None:
    for number in range(30):
        invite(f"p{number}@example.com", role=Role.AGENT, actor=ana)


def test_the_page_says_why(
    small: Organization, ana: Membership, bruno: Membership, login: Callable[..., Client]
) -> None:
    answer = login(ana).post("/configuracoes/convites/", {"email": "um@example.com", "role": "agent"})
    assert answer.status_code == 422
    assert "não tem lugar livre" in answer.content.decode()
