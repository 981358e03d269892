import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Organization, User
from core.tenancy import across_organizations, activate_organization
from gateways.models import Channel
from sdr.models import SdrProfile
from tests.conftest import PASSWORD
from tests.support.jobs import drain

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
SIGN_UP = {
    "name": "Ana Souza",
    "organization_name": "Acme",
    "email": "ana@acme.com.br",
    "password1": "correto-cavalo-42",
}


def test_signing_up_opens_a_business_with_a_simulated_number_and_an_sdr() -> None:
    response = Client().post("/conta/signup/", SIGN_UP)
    assert (response.status_code, response["Location"]) == (302, "/inicio/")
    organization = Organization.objects.get(name="Acme")
    drain()
    with activate_organization(organization.pk):
        assert Membership.objects.get().role == "owner"
        assert Channel.objects.get().provider == "simulator"
        assert SdrProfile.objects.get().team_quente.name == "Vendas"


def test_signing_up_without_a_business_name_keeps_what_was_typed() -> None:
    response = Client().post("/conta/signup/", SIGN_UP | {"organization_name": ""})
    assert "Ana Souza" in response.content.decode()
    assert not User.objects.exists()


def test_logging_in_by_email(ana: Membership) -> None:
    response = Client().post("/conta/login/", {"login": "ana@example.com", "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/inicio/")


def test_a_wrong_password_says_nothing_about_the_account(ana: Membership) -> None:
    known = Client().post("/conta/login/", {"login": "ana@example.com", "password": "errada-123"})
    unknown = Client().post("/conta/login/", {"login": "quem@example.com", "password": "errada-123"})
    said = [re.findall(r'role="alert">(.*?)</div>', page.content.decode(), re.DOTALL) for page in (known, unknown)]
    assert said[0] == said[1] != []


def test_the_sixth_try_within_a_minute_is_refused(ana: Membership) -> None:
    answers = [Client().post("/conta/login/", {"login": "ana@example.com", "password": "errada-1"}) for _ in range(6)]
    assert answers[4].status_code == 200
    assert answers[5].status_code == 429
    assert int(answers[5]["Retry-After"]) > 0


def test_the_fourth_sign_up_within_an_hour_is_refused() -> None:
    codes = [Client().post("/conta/signup/", SIGN_UP | {"email": f"a{n}@acme.com.br"}).status_code for n in range(4)]
    assert codes == [302, 302, 302, 429]


def test_a_forgotten_password_is_set_anew_by_email(ana: Membership) -> None:
    client = Client()
    client.post("/conta/password/reset/", {"email": "ana@example.com"})
    link = re.search(r"https?://[^/]+(/conta/password/reset/key/\S+)", mail.outbox[0].body)
    assert link is not None
    page = client.get(link[1], follow=True)
    answer = client.post(page.redirect_chain[-1][0], {"password1": "novo-cavalo-43", "password2": "novo-cavalo-43"})
    assert answer.status_code == 302
    assert Client().login(email="ana@example.com", password="novo-cavalo-43") or User.objects.get(
        email="ana@example.com"
    ).check_password("novo-cavalo-43")


def test_a_reset_for_an_unknown_address_looks_the_same(ana: Membership) -> None:
    known = Client().post("/conta/password/reset/", {"email": "ana@example.com"})
    unknown = Client().post("/conta/password/reset/", {"email": "quem@example.com"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_visitors_are_sent_to_log_in() -> None:
    response = Client().get("/inicio/")
    assert response["Location"].startswith("/conta/login/?next=")


def test_an_expired_session_of_htmx_leads_the_whole_page_to_log_in() -> None:
    response = Client().get("/inicio/", headers={"HX-Request": "true"})
    assert response["HX-Redirect"].startswith("/conta/login/")


def test_the_landing_page_is_public_and_members_go_on_to_work(ana: Membership, login: object) -> None:
    assert "Prosa" in Client().get("/").content.decode()
    assert login(ana).get("/")["Location"] == "/inicio/"  # type: ignore[operator]


def test_nothing_of_one_organization_is_seen_without_a_membership(davi: User) -> None:
    client = Client()
    client.force_login(davi, "django.contrib.auth.backends.ModelBackend")
    assert client.get("/inicio/")["Location"] == "/empresas/nova/"
    with across_organizations():
        assert not Membership.objects.filter(user=davi).exists()


def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(client: Client) -> None:
    page = f"http://testserver{reverse('leads:lists')}?p=2"
    answer = client.post(reverse("leads:list-create"), {"name": "Clientes"}, headers={"Referer": page})
    assert answer["Location"] == f"{reverse('account_login')}?next={reverse('leads:lists')}%3Fp%3D2"


@pytest.mark.parametrize("before", ["", "https://evil.example/leads/", "http://[::1"])
def test_a_form_from_nowhere_leads_back_to_the_start(client: Client, before: str) -> None:
    answer = client.post(reverse("leads:list-create"), {"name": "Clientes"}, headers={"Referer": before})
    assert answer["Location"] == f"{reverse('account_login')}?next={reverse('reports:dashboard')}"


def test_a_wrong_password_is_told_in_the_products_words(client: Client, ana: Membership) -> None:
    page = client.post(reverse("account_login"), {"login": ana.user.email, "password": "errada-123"}).content.decode()
    assert "E-mail ou senha não conferem. Veja se o Caps Lock está ligado." in page
    assert "placeholder" not in page


def test_the_page_of_several_addresses_is_not_offered(login: Login, ana: Membership) -> None:
    assert login(ana).get(reverse("account_email"))["Location"] == reverse("accounts:profile")


def test_what_is_sent_by_email_is_in_the_products_words(ana: Membership, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    for email in ("ana@example.com", "quem@example.com"):
        Client().post("/conta/password/reset/", {"email": email})
    for email in ("ana@example.com", "nova@example.com"):
        Client().post("/conta/signup/", SIGN_UP | {"email": email})
    assert [message.subject for message in mail.outbox] == [
        "Uma senha nova para o Prosa",
        "Não há conta com este e-mail",
        "Você já tem conta",
        "Confirme seu e-mail",
    ]
    for message in mail.outbox:
        html = str(message.alternatives[0][0])  # type: ignore[attr-defined]
        link = re.search(r"https?://\S+", message.body)
        assert link and f'href="{link[0]}"' in html
        assert "testserver!" not in message.body and "Obrigado por usar" not in message.body
