import logging

import orjson
import pytest
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest
from django.test import RequestFactory
from django.utils.translation import override
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError

from core.breaker import CircuitOpenError
from core.errors import DomainError
from core.http import OutgoingError, UnsafeUrlError
from core.pagination import InvalidCursorError
from core.problem import install, problem, wants_problem
from core.uploads import UploadRefusedError


class RefusedError(DomainError):
    status = 422


@pytest.fixture
def api() -> NinjaAPI:
    made = NinjaAPI(urls_namespace="test-problem")
    install(made)
    return made


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DomainError("No."), 409, "domain"),
        (DomainError("No.", code="no"), 409, "no"),
        (RefusedError("No."), 422, "refused"),
        (UploadRefusedError("No."), 422, "upload_refused"),
        (UnsafeUrlError("No."), 422, "unsafe"),
        (OutgoingError("No.", kind="timeout", nothing_left=False), 502, "timeout"),
        (InvalidCursorError("x"), 400, "invalid_cursor"),
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "forbidden"),
        (AuthorizationError(), 403, "forbidden"),
        (AuthenticationError(), 401, "unauthenticated"),
        (RequestDataTooBig(), 413, "too_large"),
        (SuspiciousOperation(), 400, "bad_request"),
        (BadRequest(), 400, "bad_request"),
        (DjangoValidationError(["a", "b"]), 422, "invalid"),
        (ValidationError([{"loc": ("body", "x"), "msg": "m", "input": "s3cret", "ctx": {}}]), 422, "invalid"),
        (HttpError(418, "teapot"), 418, None),
        (KeyError("s3cret"), 500, "internal"),
    ],
)
def test_every_error_is_a_problem(api: NinjaAPI, error: Exception, status: int, code: str | None) -> None:
    logging.getLogger("core.problem").disabled = True
    with override("en"):
        response = api.on_exception(RequestFactory().get("/api/v1/x"), error)
    body = orjson.loads(response.content)
    assert (response.status_code, body["status"], body.get("code")) == (status, status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert body["type"] == "about:blank"
    assert body["title"]
    assert b"s3cret" not in response.content
    logging.getLogger("core.problem").disabled = False


def test_a_tired_service_says_when_to_come_back(api: NinjaAPI) -> None:
    response = api.on_exception(RequestFactory().get("/api/v1/x"), CircuitOpenError(12.2))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "13")


def test_an_unexpected_error_is_logged_whole(api: NinjaAPI, caplog: pytest.LogCaptureFixture) -> None:
    api.on_exception(RequestFactory().get("/api/v1/x"), KeyError("detail"))
    assert caplog.records[-1].exc_info


def test_fields_are_named_but_their_values_are_not(api: NinjaAPI) -> None:
    class Body(Schema):
        count: int

    try:
        Body.model_validate({"count": "s3cret"})
    except ValueError as error:
        found = error.errors()  # type: ignore[attr-defined]
    response = api.on_exception(RequestFactory().get("/api/v1/x"), ValidationError(found))
    assert orjson.loads(response.content)["errors"][0]["loc"] == ["count"]
    assert b"s3cret" not in response.content


def test_members_beside_the_standard_ones() -> None:
    response = problem(409, "No", "Because", code="no", headers={"Retry-After": "1"}, until="2026")
    assert orjson.loads(response.content) == {
        "type": "about:blank", "title": "No", "status": 409, "detail": "Because", "code": "no", "until": "2026",
    }  # fmt: skip
    assert response.headers["Retry-After"] == "1"
    assert orjson.loads(problem(404).content)["title"] == "Not Found"


@pytest.mark.parametrize(
    ("path", "accept", "wants"),
    [
        ("/api/v1/x", "text/html", True),
        ("/x", "text/html,*/*;q=0.8", False),
        ("/x", "application/json", True),
        ("/x", "*/*", False),
        ("/x", "", False),
    ],
)
def test_programs_are_told_from_people(path: str, accept: str, wants: bool) -> None:
    request: HttpRequest = RequestFactory().get(path, headers={"Accept": accept} if accept else {})
    assert wants_problem(request) is wants


class Said(Schema):
    text: str


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (rb'{"text": "a\u0000b"}', 400),
        (rb'{"text": "\\\u0000"}', 400),
        (rb'{"text": "a\\u0000"}', 200),
        (b'{"text": "a"}', 200),
        (b'{"text"', 400),
        (b"[" * 100_000, 400),
    ],
)
def test_a_body_that_no_field_could_hold_is_refused_before_any_view(api: NinjaAPI, body: bytes, status: int) -> None:
    @api.post("/said")
    def said(request: HttpRequest, payload: Said) -> str:
        return payload.text

    view = next(route for route in api.urls[0] if "said" in str(route.pattern)).callback
    request = RequestFactory().post("/said", body, content_type="application/json")
    response = view(request)
    assert response.status_code == status
    if status == 400:
        assert orjson.loads(response.content)["code"] == "bad_request"
