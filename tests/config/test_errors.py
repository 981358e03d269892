"""Errors outside the API's own routes: a page for people, a problem for programs."""

import pytest
from django.test import Client, RequestFactory

from config import errors

pytestmark = pytest.mark.django_db


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
