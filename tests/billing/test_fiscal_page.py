from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Membership
from billing.credentials import FOCUS_TOKEN, fiscal_settings, has_secret
from core.tenancy import activate_organization
from tests.support.fake_focus import TOKEN, FakeFocus

pytestmark = pytest.mark.django_db
Login = Callable[..., Client]
GOOD = {
    "issue_at": "payment", "environment": "homologacao", "provider_document": "11.222.333/0001-81",
    "municipality_code": "3509502", "tax_regime": "2", "service_code": "01.07.01", "service_description": "Consulta",
    "municipal_registration": "", "token": TOKEN,
}  # fmt: skip


def test_only_administrators_change_fiscal_settings(ana: Membership, bruno: Membership, login: Login) -> None:
    address = reverse("billing:fiscal")
    assert login(ana).get(address).status_code == 200
    assert login(bruno).get(address).status_code == login(bruno).post(address, GOOD).status_code == 403
    assert login(ana).get(reverse("billing:fiscal-test")).status_code == 405
    assert Client().get(address).status_code == 302


def test_settings_are_kept_as_the_layout_wants_them(ana: Membership, login: Login) -> None:
    client = login(ana)
    assert client.post(reverse("billing:fiscal"), GOOD).status_code == 302
    with activate_organization(ana.organization_id):
        kept = fiscal_settings()
        assert (kept.provider_document, kept.service_code, kept.issue_at) == ("11222333000181", "010701", "payment")
        assert has_secret(FOCUS_TOKEN)
        assert "token" not in str(AuditEntry.objects.get(action="fiscal.changed").data)
    assert TOKEN not in client.get(reverse("billing:fiscal")).content.decode()
    assert client.post(reverse("billing:fiscal"), GOOD | {"token": ""}).status_code == 302


@pytest.mark.parametrize(
    "change",
    [
        {"token": ""}, {"token": "a b"}, {"provider_document": "529.982.247-25"}, {"provider_document": "11.222.333/0001-80"},
        {"provider_document": ""}, {"municipality_code": "350950"}, {"municipality_code": ""}, {"service_code": "1"},
        {"service_code": ""}, {"tax_regime": "9"}, {"issue_at": "x"}, {"environment": "x"},
    ],
)  # fmt: skip
def test_what_the_city_hall_would_refuse_is_refused_here(ana: Membership, login: Login, change: dict[str, str]) -> None:
    answer = login(ana).post(reverse("billing:fiscal"), GOOD | change)
    assert answer.status_code == 422 and "field-error" in answer.content.decode()
    with activate_organization(ana.organization_id):
        assert fiscal_settings().issue_at == "never" and not has_secret(FOCUS_TOKEN)


def test_without_issuing_nothing_is_needed(ana: Membership, login: Login) -> None:
    nothing = dict.fromkeys(GOOD, "") | {"issue_at": "never", "environment": "homologacao", "tax_regime": "2"}
    assert login(ana).post(reverse("billing:fiscal"), nothing).status_code == 302


def test_the_token_can_be_tried(ana: Membership, login: Login, focus_server: FakeFocus) -> None:
    client, address = login(ana), reverse("billing:fiscal-test")
    assert "ainda não está conectada" in client.post(address, follow=True).content.decode()
    client.post(reverse("billing:fiscal"), GOOD)
    assert "aceita o token" in client.post(address, follow=True).content.decode()
    client.post(reverse("billing:fiscal"), GOOD | {"token": "outro12345"})
    assert "não aceita o token" in client.post(address, follow=True).content.decode()
