"""Files both ways: what a customer sends is checked before it is kept, what we send arrives, and only members see either."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from conversations.models import Attachment, Conversation, Message
from conversations.services import media
from core.clock import now
from core.tenancy import activate_organization
from gateways.calls import FailureKind, HttpReply, TransportFailure
from sdr.models import SdrProfile
from tests.core.media import BAD, image
from tests.support.jobs import drain
from tests.support.thread import receive, simulator

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]
PHONE = "+5519997426108"
REMOTE = {"url": "http://localhost/f", "mimetype": "image/jpeg", "filename": "foto.jpg"}


@pytest.fixture
def thread(ana: Membership, settings: Any, tmp_path: Path) -> Conversation:
    settings.MEDIA_ROOT = tmp_path / "media"
    with activate_organization(ana.organization_id):
        SdrProfile.objects.create(organization_id=ana.organization_id, enabled=False)
        return receive(simulator(), PHONE, "Oi", external_id="in-1", at=now().isoformat())


def arrive(thread: Conversation, monkeypatch: pytest.MonkeyPatch, reply: object, **changed: str) -> Attachment:
    """Let a file arrive whose server answers so."""
    monkeypatch.setattr(media, "download", lambda channel, remote: reply)
    with activate_organization(thread.organization_id):
        receive(
            thread.channel, PHONE, "", external_id="in-2", at=now().isoformat(), kind="image", media=REMOTE | changed
        )
        found: Attachment = Attachment.objects.get()
    return found


def kept(folder: Path) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def test_a_picture_of_a_customer_is_kept_and_shown_to_members_only(
    thread: Conversation,
    ana: Membership,
    vera: Membership,
    carla: Membership,
    login: Login,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = arrive(thread, monkeypatch, HttpReply(200, image("JPEG")))
    address = reverse("conversations:attachment", args=[found.pk])
    assert (found.mimetype, found.error) == ("image/jpeg", "")
    assert address in login(ana).get(reverse("conversations:conversation", args=[thread.pk])).content.decode()
    answer = login(vera).get(address)
    assert (answer.status_code, answer["Content-Type"], answer["X-Content-Type-Options"]) == (
        200,
        "image/jpeg",
        "nosniff",
    )
    assert login(carla).get(address).status_code == 404
    assert Client().get(address).status_code == 302


@pytest.mark.parametrize(
    "case", ["svg named png", "html named jpg", "program named mp4", "pixel flood by header", "magic only jpg"]
)
def test_a_hostile_file_of_a_customer_is_not_kept_and_says_why(
    thread: Conversation, ana: Membership, login: Login, monkeypatch: pytest.MonkeyPatch, settings: Any, case: str
) -> None:
    name, make = BAD[case]
    found = arrive(thread, monkeypatch, HttpReply(200, make()), filename=name)
    assert found.path == "" and found.error
    assert kept(settings.MEDIA_ROOT) == []
    browser = login(ana)
    assert found.error in browser.get(reverse("conversations:conversation", args=[thread.pk])).content.decode()
    assert browser.get(reverse("conversations:attachment", args=[found.pk])).status_code == 404


@pytest.mark.parametrize("reply", [HttpReply(404, b""), None], ids=["unknown", "kept nowhere"])
def test_a_file_that_cannot_be_fetched_says_so(
    thread: Conversation, monkeypatch: pytest.MonkeyPatch, reply: object
) -> None:
    found = arrive(thread, monkeypatch, reply)
    assert found.path == "" and found.error and found.next_try_at is None


AWAY = [HttpReply(503, b""), HttpReply(429, b""), TransportFailure(FailureKind.NOT_SENT, "circuit_open")]


@pytest.mark.parametrize("reply", AWAY, ids=["gone", "busy", "resting"])
def test_a_server_that_was_away_for_a_moment_loses_no_file(
    thread: Conversation, monkeypatch: pytest.MonkeyPatch, reply: object
) -> None:
    found = arrive(thread, monkeypatch, reply)
    assert (found.path, found.error, found.tries) == ("", "", 1)
    monkeypatch.setattr(media, "download", lambda channel, remote: HttpReply(200, image("JPEG")))
    look_again(found)
    assert found.path == ""
    with time_machine.travel(now() + timedelta(seconds=16), tick=False):
        look_again(found)
    assert found.path and (found.error, found.next_try_at) == ("", None)


def test_a_server_that_stays_away_is_left_alone_in_the_end(
    thread: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = arrive(thread, monkeypatch, AWAY[0])
    for minute in range(1, 30):
        with time_machine.travel(now() + timedelta(minutes=minute), tick=False):
            look_again(found)
    assert (found.tries, found.next_try_at) == (media.MOST_TRIES, None) and found.error


def test_a_file_whose_bell_was_lost_is_fetched_all_the_same(
    thread: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(media, "_ring", lambda *_ids: None)
        found = arrive(thread, monkeypatch, HttpReply(200, image("JPEG")))
    assert (found.path, found.tries) == ("", 0)
    with time_machine.travel(now() + media.LOST_AFTER, tick=False):
        look_again(found)
    assert found.path


def look_again(found: Attachment) -> None:
    """Let the sweep look, and what it rings for be done."""
    media.fetch_waiting()
    with activate_organization(found.organization_id):
        drain()
        found.refresh_from_db()


def test_a_file_is_fetched_once(thread: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    found = arrive(thread, monkeypatch, HttpReply(200, image("JPEG")))
    monkeypatch.setattr(media, "download", lambda channel, remote: pytest.fail("fetched again"))
    with activate_organization(thread.organization_id):
        media.fetch(found.pk)


def test_a_picture_of_ours_is_renamed_kept_and_sent(
    thread: Conversation, ana: Membership, login: Login, settings: Any
) -> None:
    file = SimpleUploadedFile("../../tabela de preços.png", image("PNG"), "image/png")
    answer = login(ana).post(
        reverse("conversations:message-create", args=[thread.pk]),
        {"body": "Nossa tabela", "file": file, "client_key": "1"},
    )
    assert answer.status_code == 302
    drain()
    with activate_organization(ana.organization_id):
        message = Message.objects.get(direction="out")
        found = Attachment.objects.get()
    assert message.state in {"sent", "delivered", "read"}
    assert found.filename == "tabela de preços.png"
    (path,) = kept(settings.MEDIA_ROOT)
    assert path.suffix == ".png" and "tabela" not in path.name
    assert str(ana.organization_id) in str(path)
