"""E-mail whose end is told apart: it left, it surely did not, it was refused for good, or nobody knows."""

import smtplib

from django.core.mail import EmailMessage, get_connection

LEAST_SECONDS = 1.0
FOR_GOOD = 500


class MailError(Exception):
    """Base of all."""


class MailNotSentError(MailError):
    """Nothing left; it may be tried again."""


class MailRefusedError(MailError):
    """The server takes nothing for this address, now and later."""


class MailUnknownError(MailError):
    """The connection broke while the message went out: it may arrive."""


def send_mail(message: EmailMessage, *, seconds: float) -> None:
    """Send one message or say in a :class:`MailError` how it ended."""
    connection = get_connection(timeout=max(LEAST_SECONDS, seconds))
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        raise MailNotSentError(_words(error)) from error
    try:
        connection.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        raise (MailRefusedError if min(codes) >= FOR_GOOD else MailNotSentError)(_words(error)) from error
    except smtplib.SMTPResponseException as error:
        raise (MailRefusedError if error.smtp_code >= FOR_GOOD else MailNotSentError)(_words(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailUnknownError(_words(error)) from error
    finally:
        connection.close()


def _words(error: Exception) -> str:
    # The text may quote the address; the code and the kind say enough.
    code = getattr(error, "smtp_code", "")
    return f"{type(error).__name__} {code}".strip()
