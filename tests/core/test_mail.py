import smtplib
from typing import Any

import pytest
from django.core.mail import EmailMessage
from pytest_django.fixtures import Settings

from core.mail import MailNotSentError, MailRefusedError, MailUnknownError, send_mail


@pytest.fixture
def message() -> EmailMessage:
    return EmailMessage("Oi", "Texto", to=["rita@example.com"])


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (smtplib.SMTPRecipientsRefused({"rita@example.com": (550, b"no such user")}), MailRefusedError),
        (smtplib.SMTPRecipientsRefused({"rita@example.com": (450, b"greylisted")}), MailNotSentError),
        (smtplib.SMTPSenderRefused(421, b"later", "x"), MailNotSentError),
        (smtplib.SMTPDataError(554, b"spam"), MailRefusedError),
        (smtplib.SMTPServerDisconnected("gone"), MailUnknownError),
        (TimeoutError(), MailUnknownError),
        (ConnectionResetError(), MailUnknownError),
    ],
)
def test_the_end_of_a_message_is_told_apart(
    message: EmailMessage, monkeypatch: pytest.MonkeyPatch, failure: Exception, kind: type[Exception]
) -> None:
    def fail(*_args: Any) -> None:
        raise failure

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", fail)
    with pytest.raises(kind) as raised:
        send_mail(message, seconds=5)
    assert "rita" not in str(raised.value), "an address has no place in what is kept of an error"


def test_nothing_leaves_without_a_connection(message: EmailMessage, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(MailNotSentError):
        send_mail(message, seconds=2)


def test_a_message_leaves(message: EmailMessage, mailoutbox: list[EmailMessage]) -> None:
    send_mail(message, seconds=5)
    assert [sent.subject for sent in mailoutbox] == ["Oi"]
