"""Receipts: the chat's message in one transaction with the row, the e-mail once afterwards by a worker.

A step that could fail because a mail server does would send the payer's money back for it; a row cannot fail like that.
"""

import hashlib
from datetime import timedelta
from email.utils import parseaddr
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import translation

from billing.models import Charge
from bookings.charges import wording
from bookings.charges.models import ChargeLink, MailState, PaymentReceipt
from bookings.charges.threads import chat_of
from bookings.services.threads import say
from core.clock import now
from core.crashpoints import crashpoint
from core.jobs import job
from core.mail import MailNotSentError, MailRefusedError, MailUnknownError, send_mail
from core.tenancy import across_organizations

LEASE: Final = timedelta(minutes=2)
MAIL_SECONDS: Final = 30.0
FIRST_RETRY: Final = timedelta(seconds=30)
MOST_ATTEMPTS: Final = 8


@transaction.atomic
def write_receipt(charge: Charge, *, key: str, invoice: dict[str, Any]) -> PaymentReceipt:
    """Tell the payer once per key, in the chat and by e-mail, as far as there are addresses."""
    known: PaymentReceipt | None = PaymentReceipt.objects.filter(key=key).first()
    if known is not None:
        return known
    receipt = PaymentReceipt(organization_id=charge.organization_id, charge=charge, key=key)
    if charge.payer_email:
        receipt.mail_state, receipt.mail_due_at = MailState.QUEUED, now()
    link = ChargeLink.objects.select_related("contact", "conversation").filter(charge=charge).first()
    if (chat := chat_of(link)) is not None:
        message = say(chat, wording.receipt_text(charge, invoice), key)
        receipt.conversation_ref, receipt.message_ref = chat.pk, message.pk
    receipt.save(force_insert=True)
    crashpoint("receipt.written")
    if charge.payer_email:
        _ring(receipt.organization_id, receipt.pk)
    return receipt


def _ring(organization_id: UUID, receipt_id: UUID) -> None:
    mail_receipt.enqueue(coalesce_key=str(receipt_id), organization_id=str(organization_id), receipt_id=str(receipt_id))


@job("default", timeout_seconds=60)
def mail_receipt(*, organization_id: str, receipt_id: str) -> None:
    """E-mail one receipt; whoever does not get the claim does nothing."""
    mine = PaymentReceipt.objects.filter(pk=receipt_id, mail_state=MailState.QUEUED, mail_due_at__lte=now())
    if not mine.update(mail_state=MailState.SENDING, lease_until=now() + LEASE):
        return
    receipt = PaymentReceipt.objects.select_related("charge__organization").get(pk=receipt_id)
    crashpoint("receipt.claimed")
    _settle(receipt, *_send(receipt))


def _send(receipt: PaymentReceipt) -> tuple[MailState, str]:
    if not receipt.charge.payer_email:
        return MailState.NONE, ""  # erased meanwhile
    try:
        send_mail(_message(receipt), seconds=MAIL_SECONDS)
    except MailNotSentError as error:
        is_last = receipt.mail_attempts + 1 >= MOST_ATTEMPTS
        return (MailState.REFUSED if is_last else MailState.QUEUED), str(error)
    except MailRefusedError as error:
        return MailState.REFUSED, str(error)
    except MailUnknownError as error:
        return MailState.UNKNOWN, str(error)
    return MailState.SENT, ""


def _settle(receipt: PaymentReceipt, state: MailState, error: str) -> None:
    receipt.mail_attempts += 1
    receipt.mail_state, receipt.mail_error, receipt.lease_until = state, error[:200], None
    receipt.mailed_at = now() if state == MailState.SENT else None
    if state == MailState.QUEUED:
        receipt.mail_due_at = now() + FIRST_RETRY * 2 ** (receipt.mail_attempts - 1)
    receipt.save()


def _message(receipt: PaymentReceipt) -> EmailMessage:
    charge = receipt.charge
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    name = hashlib.sha256(f"{receipt.organization_id}:{receipt.key}".encode()).hexdigest()[:32]
    with translation.override(charge.organization.language):
        subject, body = wording.receipt_subject(charge), wording.receipt_text(charge, _invoice_of(charge))
    return EmailMessage(
        subject, body, to=[charge.payer_email],
        headers={"Message-ID": f"<{name}@{domain}>", "Auto-Submitted": "auto-generated"},
    )  # fmt: skip


def _invoice_of(charge: Charge) -> dict[str, Any]:
    issued = charge.invoices.filter(state="authorised").values("url", "pdf_url").first()
    return dict(issued or {})


@job("default")
def sweep_receipts() -> None:
    """Give up on e-mails whose sender died, for they may have arrived, and ring for those that are due."""
    with across_organizations():
        lost = PaymentReceipt.objects.filter(mail_state=MailState.SENDING, lease_until__lt=now())
        lost.update(mail_state=MailState.UNKNOWN, lease_until=None)
        due = PaymentReceipt.objects.filter(mail_state=MailState.QUEUED, mail_due_at__lte=now())
        rows = list(due.values_list("organization_id", "pk")[:200])
    for organization_id, receipt_id in rows:
        _ring(organization_id, receipt_id)
