"""Files that may not be sent: refused in words beside the text that stays, and nothing is kept or sent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from conversations.models import Attachment, Conversation, Message
from core.clock import now
from core.tenancy import activate_organization
from sdr.models import SdrProfile
from tests.core.media import BAD
from tests.support.thread import receive, simulator

pytestmark = pytest.mark.django_db
Login = Callable[[Membership | User], Client]


@pytest.fixture
def thread(ana: Membership, settings: Any, tmp_path: Path) -> Conversation:
    settings.MEDIA_ROOT = tmp_path / "media"
    with activate_organization(ana.organization_id):
        SdrProfile.objects.create(organization_id=ana.organization_id, enabled=False)
        return receive(simulator(), "+5519997426108", "Oi", external_id="in-1", at=now().isoformat())


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_no_hostile_file_is_sent_or_kept(thread: Conversation, ana: Membership, login: Login, settings: Any) -> None:
    browser = login(ana)
    address = reverse("conversations:message-create", args=[thread.pk])
    for case, (name, make) in BAD.items():
        file = SimpleUploadedFile("x", make())
        file.name = name.replace("\0", "")
        answer = browser.post(address, {"body": "O texto fica", "file": file, "client_key": case})
        assert answer.status_code == 422, case
        assert "O texto fica" in answer.content.decode(), case
    with activate_organization(ana.organization_id):
        assert not Attachment.objects.exists()
        assert Message.objects.count() == 1
    assert kept(Path(settings.MEDIA_ROOT)) == []


def test_picture_over_its_limit_is_refused_with_the_limit(thread: Conversation, ana: Membership, login: Login) -> None:
    file = SimpleUploadedFile("foto.jpg", b"\xff\xd8\xff\xe0" + bytes(11 << 20), "image/jpeg")
    answer = login(ana).post(
        reverse("conversations:message-create", args=[thread.pk]), {"body": "", "file": file, "client_key": "1"}
    )
    assert answer.status_code == 422
    assert "10 MB" in answer.content.decode()


def test_text_beyond_what_a_message_holds_is_refused_and_stays(
    thread: Conversation, ana: Membership, login: Login
) -> None:
    text = "á" * 20_000
    answer = login(ana).post(
        reverse("conversations:message-create", args=[thread.pk]), {"body": text, "client_key": "1"}
    )
    assert answer.status_code == 422
    assert text in answer.content.decode()
    with activate_organization(ana.organization_id):
        assert Message.objects.count() == 1


def test_viewer_sends_nothing_and_a_stranger_finds_nothing(
    thread: Conversation, vera: Membership, carla: Membership, login: Login
) -> None:
    address = reverse("conversations:message-create", args=[thread.pk])
    assert login(vera).post(address, {"body": "oi"}).status_code == 403
    assert login(carla).post(address, {"body": "oi"}).status_code == 404
