"""My account, the people of a business as its admins manage them, and what staff see of all businesses."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, AuditEntry, Invitation, Membership, Organization, Role, Team, User
from accounts.services.members import invite
from accounts.services.tokens import create_api_token
from billing.models import Plan, Subscription
from core.tenancy import across_organizations, activate_organization
from tests.conftest import PASSWORD
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]


def test_a_person_changes_their_data(bruno: Membership, login: Login) -> None:
    answer = login(bruno).post(
        reverse("accounts:profile"),
        {"name": "Bruno Lima", "phone": "(19) 99742-6108", "language": "en", "theme": "dark"},
    )
    bruno.user.refresh_from_db()
    assert answer.status_code == 302
    assert (bruno.user.name, bruno.user.phone, bruno.user.language, bruno.user.theme) == (
        "Bruno Lima", "+5519997426108", "en", "dark",
    )  # fmt: skip
    assert 'data-theme="dark"' in login(bruno).get(reverse("reports:dashboard")).content.decode()


@pytest.mark.parametrize("changed", [{"name": ""}, {"phone": "123"}, {"language": "xx"}, {"theme": "pink"}])
def test_what_makes_no_sense_changes_nothing(bruno: Membership, login: Login, changed: dict[str, str]) -> None:
    body = {"name": "Outro", "phone": "", "language": "pt-br", "theme": ""} | changed
    answer = login(bruno).post(reverse("accounts:profile"), body)
    assert answer.status_code == 422
    bruno.user.refresh_from_db()
    assert bruno.user.name == "Bruno"


def test_a_new_password_needs_the_old_one_and_opens_the_account(bruno: Membership, login: Login) -> None:
    browser, address = login(bruno), reverse("account_change_password")
    new = {"password1": "outra-senha-boa-77", "password2": "outra-senha-boa-77"}
    assert browser.post(address, {"oldpassword": "errada"} | new).status_code == 200
    bruno.user.refresh_from_db()
    assert bruno.user.check_password(PASSWORD)
    browser.post(address, {"oldpassword": PASSWORD} | new)
    bruno.user.refresh_from_db()
    assert bruno.user.check_password("outra-senha-boa-77")
    assert browser.get(reverse("reports:dashboard")).status_code == 200


def test_logging_out_ends_the_session(bruno: Membership, login: Login) -> None:
    browser = login(bruno)
    browser.post(reverse("account_logout"))
    assert browser.get(reverse("reports:dashboard")).status_code == 302


def test_a_person_opens_a_second_business_and_goes_back(ana: Membership, login: Login) -> None:
    browser = login(ana)
    browser.post(reverse("accounts:organization-create"), {"name": "Filial", "segment": "Salão"})
    assert "Filial" in browser.get(reverse("accounts:settings")).content.decode()
    assert "Filial" in browser.get(reverse("accounts:organizations")).content.decode()
    browser.post(reverse("accounts:organization-switch", args=[ana.organization_id]))
    assert "Acme" in browser.get(reverse("accounts:settings")).content.decode()


def test_the_business_is_named_anew(ana: Membership, login: Login) -> None:
    browser, address = login(ana), reverse("accounts:organization-edit")
    assert browser.post(address, {"name": ""}).status_code == 422
    form = browser.get(address).context["form"]
    browser.post(address, {name: form.initial.get(name) or "" for name in form.fields} | {"name": "Acme Dois"})
    ana.organization.refresh_from_db()
    assert ana.organization.name == "Acme Dois"


def test_an_admin_changes_a_role_and_shuts_a_person_out(ana: Membership, bruno: Membership, login: Login) -> None:
    browser, address = login(ana), reverse("accounts:member-edit", args=[bruno.pk])
    browser.post(address, {"role": "viewer", "is_active": "on"})
    with activate_organization(ana.organization_id):
        assert Membership.objects.get(pk=bruno.pk).role == Role.VIEWER
    browser.post(address, {"role": "viewer"})
    assert login(bruno).get(reverse("reports:dashboard"))["Location"] == reverse("accounts:organization-create")


def test_the_last_owner_is_told_why_they_stay(ana: Membership, login: Login) -> None:
    answer = login(ana).post(reverse("accounts:member-edit", args=[ana.pk]), {"role": "agent", "is_active": "on"})
    assert answer.status_code == 422
    with activate_organization(ana.organization_id):
        assert Membership.objects.get(pk=ana.pk).role == Role.OWNER


@pytest.mark.parametrize(
    "body", [{}, {"email": "x"}, {"email": "a@b.com", "role": "king"}, {"email": "ana@example.com", "role": "agent"}]
)
def test_an_invitation_that_makes_no_sense_invites_nobody(ana: Membership, login: Login, body: dict[str, str]) -> None:
    assert login(ana).post(reverse("accounts:invitation-create"), body).status_code == 422
    drain()
    assert mail.outbox == []


def test_an_invitation_that_was_withdrawn_opens_nothing(ana: Membership, login: Login, in_acme: Organization) -> None:
    invitation = invite("nova@example.com", role=Role.AGENT, actor=ana)
    drain()
    path = "/" + next(line for line in mail.outbox[0].body.splitlines() if "/convite/" in line).split("/", 3)[3]
    assert Client().get(path).status_code == 200
    login(ana).post(reverse("accounts:invitation-revoke", args=[invitation.pk]))
    assert Client().get(path).status_code == 410
    assert Client().get("/convite/nada/").status_code == 410
    assert Invitation.objects.get().revoked_at


def test_a_team_is_made_and_deleted(ana: Membership, bruno: Membership, login: Login, in_acme: Organization) -> None:
    browser = login(ana)
    assert browser.post(reverse("accounts:team-create"), {"name": ""}).status_code == 422
    browser.post(reverse("accounts:team-create"), {"name": "Vendas", "members": [str(bruno.pk)]})
    team = Team.objects.get()
    assert list(team.members.all()) == [bruno]
    browser.post(reverse("accounts:team-delete", args=[team.pk]))
    assert not Team.objects.exists()


def test_a_token_is_revoked(ana: Membership, login: Login, in_acme: Organization) -> None:
    row, plain = create_api_token("loja")
    login(ana).post(reverse("accounts:token-revoke", args=[row.pk]))
    answer = Client().get("/api/v1/contacts", headers={"Authorization": f"Bearer {plain}"})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert ApiToken.objects.get().revoked_at


def test_what_was_done_is_read_in_words(ana: Membership, login: Login, in_acme: Organization) -> None:
    browser = login(ana)
    browser.post(reverse("accounts:team-create"), {"name": "Vendas"})
    page = browser.get(reverse("accounts:audit")).content.decode()
    assert "Salvou uma equipe" in page and "Vendas" in page
    assert AuditEntry.objects.get(action="team.saved").actor == ana


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT])
@pytest.mark.parametrize(
    "name", ["accounts:audit", "accounts:organization-edit", "accounts:team-create", "sdr:rubric", "processes:list"]
)
def test_who_does_not_manage_gets_no_page_of_managers(
    acme: Organization, make_member: Any, login: Login, role: Role, name: str
) -> None:
    assert login(make_member(acme, "Zeca", role)).get(reverse(name)).status_code == 403


def test_calls_say_how_many_are_left(in_acme: Organization) -> None:
    _row, token = create_api_token("loja")
    answer = Client().get("/api/v1/contacts", headers={"Authorization": f"Bearer {token}"})
    assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]) == ("1000", "999")


def test_staff_see_everybody_change_plans_and_read_the_figures(
    davi: User, login: Login, ana: Membership, carla: Membership
) -> None:
    staff, base = login(davi), f"/{settings.ADMIN_PATH}"
    people = staff.get(f"{base}/accounts/user/").content.decode()
    assert "ana@example.com" in people and "carla@example.com" in people
    with across_organizations():
        subscription = Subscription.objects.get(organization=ana.organization)
    page = staff.get(f"{base}/billing/subscription/{subscription.pk}/change/")
    form = page.context["adminform"].form
    other = Plan.objects.exclude(pk=subscription.plan_id).first()
    assert other is not None
    body = {name: form[name].value() or "" for name in form.fields} | {"plan": str(other.pk)}
    for name in [name for name in body if form.fields[name].__class__.__name__ == "SplitDateTimeField"]:
        body |= dict(zip((f"{name}_0", f"{name}_1"), str(body.pop(name) or " ").split(" ")[:2], strict=True))
    staff.post(f"{base}/billing/subscription/{subscription.pk}/change/", body)
    subscription.refresh_from_db()
    assert subscription.plan_id == other.pk
    figures = staff.get(f"{base}/").content.decode()
    assert 'id="figures"' in figures and "<b>2</b>" in figures


def test_owners_are_no_staff(ana: Membership, login: Login) -> None:
    assert login(ana).get(f"/{settings.ADMIN_PATH}/accounts/user/").status_code == 302
