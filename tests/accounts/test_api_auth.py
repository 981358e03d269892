"""What every call of the API shares: repeated POSTs, keys left by a crash, tokens that only read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.idempotency import LEASE, RequestStore, forget_old_answers
from accounts.models import IdempotentRequest, Membership, Organization, Role
from accounts.services.tokens import create_api_token
from core.clock import now
from core.tenancy import activate_organization
from leads.models import Contact

pytestmark = pytest.mark.django_db
PATH = "/api/v1/contacts"
BODY = {"name": "Paula", "phone": "+5519997426108"}
Post = Callable[..., Any]


@pytest.fixture
def post(ana: Membership, in_acme: Organization) -> Post:
    _token, plain = create_api_token("Site", role=Role.ADMIN, actor=ana)

    def send(body: dict[str, Any] = BODY, key: str = "k-1", client: Client | None = None) -> Any:
        headers = {"Authorization": f"Bearer {plain}", "Idempotency-Key": key}
        return (client or Client()).post(PATH, body, content_type="application/json", headers=headers)

    return send


def test_a_repeated_post_gets_the_first_answer(post: Post) -> None:
    first, again = post(), post()
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Contact.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(post: Post) -> None:
    post()
    answer = post(BODY | {"name": "Bia"})
    assert (answer.status_code, answer.json()["code"]) == (409, "key_reused")


def test_a_request_that_still_runs_is_waited_for(post: Post, in_acme: Organization) -> None:
    post()
    IdempotentRequest.objects.update(status=None)
    answer = post()
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "1")


def test_a_key_left_by_a_process_that_died_is_free_after_minutes(post: Post, in_acme: Organization) -> None:
    post()
    Contact.objects.all().delete()
    IdempotentRequest.objects.update(status=None, response=None, created_at=now() - LEASE - timedelta(seconds=1))
    assert post().status_code == 201
    assert Contact.objects.count() == 1
    assert post().headers["Idempotent-Replayed"] == "true"


def test_a_request_that_was_taken_for_dead_cannot_overwrite_its_heir(in_acme: Organization) -> None:
    slow, heir = RequestStore(), RequestStore()
    assert slow.begin("k", "f") is None
    with time_machine.travel(now() + LEASE + timedelta(seconds=5), tick=False):
        assert heir.begin("k", "f") is None
        slow.finish("k", 500, b"late", "text/plain")
        slow.release("k")
        heir.finish("k", 201, b"done", "application/json")
        known = RequestStore().begin("k", "f")
    assert known is not None
    assert (known.status, known.content) == (201, b"done")


def test_two_at_once_share_no_key(in_acme: Organization) -> None:
    assert RequestStore().begin("k", "f") is None
    waiting = RequestStore().begin("k", "f")
    assert waiting is not None and waiting.status is None


def test_keys_belong_to_an_organization(in_acme: Organization, carla: Membership) -> None:
    assert RequestStore().begin("k", "f") is None
    with activate_organization(carla.organization_id):
        assert RequestStore().begin("k", "f") is None


def test_an_answer_is_forgotten_after_a_day(post: Post, in_acme: Organization) -> None:
    post()
    with time_machine.travel(now() + timedelta(hours=23), tick=False):
        forget_old_answers()
        assert IdempotentRequest.objects.exists()
    with time_machine.travel(now() + timedelta(hours=25), tick=False):
        forget_old_answers()
        assert not IdempotentRequest.objects.exists()


@pytest.mark.parametrize("key", ["x" * 256, "com espaço", "é"])
def test_a_key_that_is_none_is_refused(post: Post, key: str) -> None:
    assert (post(key=key).status_code, Contact.objects.count()) == (400, 0)


def test_a_body_that_is_too_large_is_refused_in_words(post: Post, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    answer = post(BODY | {"name": "x" * 2_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_token_that_only_reads_writes_nothing(ana: Membership, in_acme: Organization) -> None:
    _token, plain = create_api_token("Painel", role=Role.VIEWER, actor=ana)
    headers = {"Authorization": f"Bearer {plain}"}
    assert Client().post(PATH, BODY, content_type="application/json", headers=headers).status_code == 403
    assert Client().get(PATH, headers=headers).status_code == 200
