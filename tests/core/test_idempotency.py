from collections.abc import Callable

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from core.idempotency import Stored, fingerprint_of, run_once


class Memory:
    """The contract of a store, in a dict."""

    def __init__(self) -> None:
        self.rows: dict[str, Stored] = {}

    def begin(self, key: str, fingerprint: str) -> Stored | None:
        if key in self.rows:
            return self.rows[key]
        self.rows[key] = Stored(fingerprint)
        return None

    def finish(self, key: str, status: int, content: bytes, content_type: str) -> None:
        self.rows[key] = Stored(self.rows[key].fingerprint, status, content, content_type)

    def release(self, key: str) -> None:
        del self.rows[key]


def post(body: dict[str, object] | None = None, key: str | None = "k1", path: str = "/api/v1/x") -> HttpRequest:
    headers = {} if key is None else {"Idempotency-Key": key}
    return RequestFactory().post(path, orjson.dumps(body or {"a": 1}), content_type="application/json", headers=headers)


def counted(answer: Callable[[], HttpResponseBase]) -> tuple[list[int], Callable[[], HttpResponseBase]]:
    runs: list[int] = []

    def action() -> HttpResponseBase:
        runs.append(1)
        return answer()

    return runs, action


def created() -> HttpResponse:
    return HttpResponse(b'{"id": 7}', status=201, content_type="application/json")


def test_a_repeated_post_gets_the_first_answer() -> None:
    store, (runs, action) = Memory(), counted(created)
    answers = [run_once(post(), store, action) for _ in range(3)]
    assert len(runs) == 1
    assert [(answer.status_code, answer.content) for answer in answers] == [(201, b'{"id": 7}')] * 3  # type: ignore[attr-defined]
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true", "true"]
    assert answers[1].headers["Content-Type"] == "application/json"


def test_a_refusal_is_an_answer_too() -> None:
    store, (runs, action) = Memory(), counted(lambda: HttpResponse(status=422))
    assert [run_once(post(), store, action).status_code for _ in range(2)] == [422, 422]
    assert len(runs) == 1


def test_without_a_key_every_post_runs() -> None:
    store, (runs, action) = Memory(), counted(created)
    for _ in range(3):
        run_once(post(key=None), store, action)
    assert (len(runs), store.rows) == (3, {})


@pytest.mark.parametrize("other", [post({"a": 2}), post(path="/api/v1/y"), post(path="/api/v1/x?z=1")])
def test_a_key_used_for_something_else_is_a_conflict(other: HttpRequest) -> None:
    store, (runs, action) = Memory(), counted(created)
    run_once(post(), store, action)
    refused = run_once(other, store, action)
    assert (refused.status_code, len(runs)) == (409, 1)
    assert orjson.loads(refused.content)["code"] == "key_reused"  # type: ignore[attr-defined]


def test_a_key_in_progress_asks_to_come_back() -> None:
    store = Memory()
    inner: list[HttpResponseBase] = []

    def action() -> HttpResponse:
        inner.append(run_once(post(), store, created))
        return created()

    assert run_once(post(), store, action).status_code == 201
    assert (inner[0].status_code, inner[0].headers["Retry-After"]) == (409, "1")


def test_a_failure_of_ours_frees_the_key() -> None:
    store = Memory()
    assert run_once(post(), store, lambda: HttpResponse(status=500)).status_code == 500
    assert store.rows == {}

    def breaks() -> HttpResponse:
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        run_once(post(), store, breaks)
    assert store.rows == {}
    assert run_once(post(), store, created).status_code == 201


def test_an_answer_that_is_streamed_is_not_kept() -> None:
    store = Memory()
    run_once(post(), store, lambda: StreamingHttpResponse([b"x"]))
    assert store.rows == {}


@pytest.mark.parametrize("key", [" ", "a b", "ção", "x" * 256, "a\tb"])
def test_an_impossible_key_is_refused(key: str) -> None:
    request = post()
    request.META["HTTP_IDEMPOTENCY_KEY"] = key
    runs, action = counted(created)
    assert (run_once(request, Memory(), action).status_code, runs) == (400, [])


def test_the_longest_key_passes() -> None:
    assert run_once(post(key="x" * 255), Memory(), created).status_code == 201


def upload(content: bytes, name: str = "a.csv", field: str = "x") -> HttpRequest:
    return RequestFactory().post("/api/v1/imports", {"list_name": field, "file": SimpleUploadedFile(name, content)})


def test_files_count_by_their_content_and_can_still_be_read() -> None:
    request = upload(b"a;b\n" * 1000)
    mark = fingerprint_of(request)
    assert request.FILES["file"].read() == b"a;b\n" * 1000  # type: ignore[union-attr]
    assert mark == fingerprint_of(upload(b"a;b\n" * 1000))
    others = [upload(b"a;c\n" * 1000), upload(b"a;b\n" * 1000, "b.csv"), upload(b"a;b\n" * 1000, field="y")]
    assert mark not in [fingerprint_of(other) for other in others]


def test_a_large_file_is_no_problem(settings: object) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000  # type: ignore[attr-defined]
    assert len(fingerprint_of(upload(b"x" * 3_000_000))) == 64
