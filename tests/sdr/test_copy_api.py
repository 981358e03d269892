"""The address that programs ask for campaign texts (CPY-01): three texts by the rules, in words when nothing is known."""

import json
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Organization, Role, User
from accounts.services.tokens import create_api_token
from core.tenancy import activate_organization
from sdr.copywriting import acceptable, similarity
from sdr.copywriting.checks import TOO_ALIKE

pytestmark = pytest.mark.django_db
PATH = "/ai/generate-copy"
CONTEXT = "Sou dentista em São Paulo. Oferecemos limpeza, clareamento e aparelhos ortodônticos."


@pytest.fixture
def own_business() -> Iterator[None]:
    with activate_organization(Organization.objects.create(name="Acme").pk):
        yield


@pytest.fixture
def ask(own_business: None) -> Callable[..., Any]:
    _token, plain = create_api_token("test", role=Role.AGENT)

    def call(body: Any, base: str = "/api") -> Any:
        headers = {"Authorization": f"Bearer {plain}"}
        return Client().post(f"{base}{PATH}", json.dumps(body), content_type="application/json", headers=headers)

    return call


@pytest.mark.parametrize("product", ["", "clareamento"])
def test_three_texts_that_differ_and_keep_to_the_rules(ask: Callable[..., Any], product: str) -> None:
    answer = ask({"business_context": CONTEXT, "product_service": product})
    texts = answer.json()["messages"]
    assert (answer.status_code, len(texts)) == (200, 3)
    assert all(acceptable(text, f"{CONTEXT} {product} Acme") for text in texts)
    assert all(similarity(one, other) < TOO_ALIKE for one, other in combinations(texts, 2))


def test_nothing_known_is_refused_in_words(ask: Callable[..., Any]) -> None:
    answer = ask({"business_context": " ", "product_service": ""})
    assert answer.status_code == 422
    assert "negócio" in answer.content.decode() or "business" in answer.content.decode()


def test_texts_too_long_are_refused(ask: Callable[..., Any]) -> None:
    assert ask({"business_context": "x" * 2001}).status_code in {400, 422}


def test_a_member_asks_with_the_session_and_a_stranger_not_at_all(
    bruno: Membership, login: Callable[[Membership | User], Client]
) -> None:
    body = json.dumps({"business_context": CONTEXT, "product_service": ""})
    answer = login(bruno).post(f"/api{PATH}", body, content_type="application/json")
    assert (answer.status_code, len(answer.json()["messages"])) == (200, 3)
    assert Client().post(f"/api{PATH}", body, content_type="application/json").status_code == 401
