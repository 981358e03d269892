"""Mail that several processes leave in one folder: a file per sending, named by its Message-ID."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

FOLDER = "PROSA_TEST_MAIL"


class CountingBackend(BaseEmailBackend):
    """Keeps what is sent in the folder that the environment names; one called ``down`` there refuses connections."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("timeout", None)
        super().__init__(*args, **kwargs)

    def open(self) -> bool:
        if (Path(os.environ[FOLDER]) / "down").exists():
            raise ConnectionRefusedError
        return True

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            name = str(message.extra_headers["Message-ID"]).strip("<>")
            (Path(os.environ[FOLDER]) / f"{name}.{uuid4().hex}.eml").write_text(f"{message.subject}\n{message.body}")
        return len(email_messages)


def sent_mail(folder: Path) -> Counter[str]:
    """Return how often each message was sent, by Message-ID."""
    return Counter(path.name.rsplit(".", 2)[0] for path in folder.glob("*.eml"))


def subjects(folder: Path) -> list[str]:
    return sorted(path.read_text().splitlines()[0] for path in folder.glob("*.eml"))
