from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client

from accounts.errors import InvitationError, LastOwnerError
from accounts.models import ApiToken, AuditEntry, Invitation, Membership, Organization, Role, Team, User
from accounts.services.members import accept_invitation, change_member, find_invitation, invitation_link, invite
from core.tenancy import activate_organization
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]


def test_an_invited_person_gets_a_link_and_becomes_a_member(ana: Membership, login: Login) -> None:
    login(ana).post("/configuracoes/convites/", {"email": "nova@example.com", "role": "agent"})
    drain()
    link = next(line for line in mail.outbox[0].body.splitlines() if "/convite/" in line)
    person = User.objects.create_user("nova@example.com", "correto-cavalo-42", name="Nova")
    client = login(person)
    response = client.post("/" + link.split("/", 3)[3])
    assert response["Location"] == "/inicio/"
    with activate_organization(ana.organization_id):
        assert Membership.objects.get(user=person).role == "agent"
    drain()
    assert mail.outbox[-1].to == ["nova@example.com"]


def test_an_invitation_works_for_its_address_only(ana: Membership, in_acme: Organization, davi: User) -> None:
    invitation = invite("nova@example.com", role=Role.AGENT, actor=ana)
    with pytest.raises(InvitationError):
        accept_invitation(invitation, davi)
    assert not Membership.objects.filter(user=davi).exists()


def test_a_second_invitation_replaces_the_first(ana: Membership, in_acme: Organization) -> None:
    first = invite("nova@example.com", role=Role.AGENT, actor=ana)
    invite("nova@example.com", role=Role.VIEWER, actor=ana)
    with pytest.raises(InvitationError):
        find_invitation(invitation_link(first).rstrip("/").rsplit("/", 1)[1])


def test_nobody_invites_above_their_own_role(bruno: Membership, in_acme: Organization) -> None:
    with pytest.raises(InvitationError):
        invite("nova@example.com", role=Role.ADMIN, actor=bruno)
    assert not Invitation.objects.exists()


def test_the_last_owner_stays(ana: Membership, in_acme: Organization) -> None:
    with pytest.raises(LastOwnerError):
        change_member(ana, role=Role.ADMIN, is_active=True, actor=ana)
    ana.refresh_from_db()
    assert ana.role == Role.OWNER


def test_a_member_who_was_shut_out_sees_nothing_more(ana: Membership, bruno: Membership, login: Login) -> None:
    client = login(bruno)
    with activate_organization(ana.organization_id):
        change_member(bruno, role=Role.AGENT, is_active=False, actor=ana)
    assert client.get("/inicio/")["Location"] == "/empresas/nova/"


def test_a_team_has_its_people(ana: Membership, bruno: Membership, login: Login, in_acme: Organization) -> None:
    login(ana).post("/configuracoes/equipes/nova/", {"name": "Recepção", "members": [str(bruno.pk)]})
    assert list(Team.objects.get().members.all()) == [bruno]


def test_a_person_of_another_business_is_no_choice_for_a_team(
    ana: Membership, carla: Membership, login: Login, in_acme: Organization
) -> None:
    response = login(ana).post("/configuracoes/equipes/nova/", {"name": "Recepção", "members": [str(carla.pk)]})
    assert response.status_code == 422
    assert not Team.objects.exists()


def test_an_api_token_is_shown_once_and_kept_as_a_hash(ana: Membership, login: Login, in_acme: Organization) -> None:
    page = login(ana).post("/configuracoes/tokens/", {"name": "Site", "role": "admin"}).content.decode()
    token = ApiToken.objects.get()
    plain = page.split('id="api-token">')[1].split("<")[0]
    assert token.token_hash == ApiToken.hash_of(plain)
    assert plain not in login(ana).get("/configuracoes/").content.decode()
    assert Client().get("/api/v1/channels", headers={"Authorization": f"Bearer {plain}"}).status_code == 200


def test_a_revoked_token_opens_nothing(ana: Membership, login: Login, in_acme: Organization) -> None:
    client = login(ana)
    plain = client.post("/configuracoes/tokens/", {"name": "Site", "role": "admin"}).content.decode()
    plain = plain.split('id="api-token">')[1].split("<")[0]
    client.post(f"/configuracoes/tokens/{ApiToken.objects.get().pk}/revogar/")
    assert Client().get("/api/v1/channels", headers={"Authorization": f"Bearer {plain}"}).status_code == 401


@pytest.mark.parametrize(
    "path", ["/configuracoes/empresa/", "/configuracoes/equipes/nova/", "/configuracoes/auditoria/"]
)
def test_agents_and_viewers_do_not_manage(path: str, bruno: Membership, vera: Membership, login: Login) -> None:
    assert login(bruno).get(path).status_code == 403
    assert login(vera).get(path).status_code == 403


def test_the_openai_key_is_encrypted_and_never_shown(ana: Membership, login: Login, in_acme: Organization) -> None:
    client = login(ana)
    client.post("/configuracoes/chave-openai/", {"key": "sk-segredo-muito-longo-1234"})
    page = client.get("/configuracoes/").content.decode()
    assert "segredo-muito-longo" not in page
    assert "…1234" in page
    assert AuditEntry.objects.filter(action="secret.changed").exists()


def test_switching_to_a_foreign_business_is_not_found(ana: Membership, carla: Membership, login: Login) -> None:
    assert login(ana).post(f"/empresas/{carla.organization_id}/entrar/").status_code == 404


def test_the_account_speaks_english_when_asked(ana: Membership, login: Login) -> None:
    client = login(ana)
    client.post("/minha-conta/", {"name": "Ana", "phone": "(19) 99742-6108", "language": "en", "theme": "dark"})
    page = client.get("/inicio/").content.decode()
    assert "Campaigns" in page
    assert 'data-theme="dark"' in page
