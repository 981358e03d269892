"""Errors outside the API's own routes: a page for people, a problem for programs."""

import pytest
from django.test import Client, RequestFactory

from accounts.models import Membership
from billing.models import Plan
from config import errors

pytestmark = pytest.mark.django_db
WEB = {"accept": "text/html"}


def test_an_unknown_address_of_the_api_answers_with_a_problem(client: Client) -> None:
    answer = client.get("/api/v1/nothing/like/this")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_an_unknown_page_answers_with_a_page(client: Client) -> None:
    answer = client.get("/nada/", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("handler", "status"), [(errors.bad_request, 400), (errors.permission_denied, 403), (errors.not_found, 404)]
)
def test_each_refusal_in_both_forms(handler: object, status: int, rf: RequestFactory) -> None:
    program = handler(rf.get("/api/x"), Exception("secret"))  # type: ignore[operator]
    person = handler(rf.get("/x", headers={"accept": "text/html"}), Exception("secret"))  # type: ignore[operator]
    assert (program.status_code, program["Content-Type"]) == (status, "application/problem+json")
    assert person.status_code == status and person["Content-Type"].startswith("text/html")
    assert b"secret" not in program.content + person.content


def test_an_error_of_ours_in_both_forms(rf: RequestFactory) -> None:
    assert errors.server_error(rf.get("/api/x"))["Content-Type"] == "application/problem+json"
    assert errors.server_error(rf.get("/x", headers={"accept": "text/html"})).status_code == 500


def test_a_form_without_its_token_is_refused_in_the_products_words() -> None:
    strict = Client(enforce_csrf_checks=True)
    before = {"Referer": "http://testserver/conta/login/?next=/leads/"}
    answer = strict.post("/conta/login/", {"login": "x"}, headers=WEB | before)
    page = answer.content.decode()
    assert (answer.status_code, answer["X-Refusal"]) == (403, "stale")
    assert "Esta página ficou velha demais" in page
    assert 'href="/conta/login/?next=/leads/"' in page
    assert "Verificação CSRF" not in page


def test_a_form_without_its_token_never_leads_elsewhere(rf: RequestFactory) -> None:
    request = rf.post("/x", headers=WEB | {"Referer": "https://evil.example/x"})
    assert b"evil.example" not in errors.csrf_failed(request).content


def test_a_program_without_its_token_gets_a_problem(rf: RequestFactory) -> None:
    answer = errors.csrf_failed(rf.post("/api/x"))
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")


def test_the_front_page_tells_what_it_costs_as_staff_set_it(client: Client, ana: Membership) -> None:
    Plan.objects.filter(code="pro").update(price_cents=45_600)
    page = client.get("/").content.decode()
    assert "R$ 456,00" in page.replace("\xa0", " ")
    assert "Starter" not in page
