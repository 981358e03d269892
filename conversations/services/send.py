"""Messages of people and of the SDR: a row first, claimed before the call, settled after it."""

import base64
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID, uuid4

from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from conversations.errors import ConversationClosedError, EmptyMessageError, WindowClosedError
from conversations.events import HumanReplied
from conversations.models import (
    Attachment,
    Conversation,
    ConversationStatus,
    Direction,
    Handler,
    Message,
    MessageState,
    Origin,
)
from conversations.search import index_message
from conversations.services.addresses import announce_answer, chat_id_of
from conversations.services.backlog import holds_back
from conversations.services.marketing import STOPPED, heed_stops
from conversations.services.states import apply_known_statuses
from conversations.services.threads import show_as_last, tell_pages
from conversations.services.window import closed_code, closed_words, is_shut
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations
from core.uploads import SafeUpload, store_upload
from gateways.contract import Outcome, OutgoingMedia, OutgoingMessage, OutgoingTemplate, SendResult
from gateways.services.sending import send_once
from sagas.outbox import publish

LEASE_SECONDS = 70
BACKOFF_SECONDS = (1, 4, 16)


@job("urgent", timeout_seconds=120)
def send_queued(*, organization_id: str, message_id: str) -> None:
    """Send one queued message."""
    deliver(message_id)


@job("urgent")
def sweep_outgoing() -> None:
    """Find messages whose bell or sender was lost."""
    sweep_messages()


@transaction.atomic
def send_message(
    conversation: Conversation, *, body: str, author: Membership | None, origin: Origin,
    client_key: str | None = None, upload: SafeUpload | None = None, reply_to: str = "",
    template: OutgoingTemplate | None = None,
) -> Message:  # fmt: skip
    """Queue a message. The same ``client_key`` twice is the same message once.

    With a ``template`` the body is only what people see of it. Raises :class:`WindowClosedError` for a person's text where
    only a template may be sent; an automation's text is refused when it is its turn, and shows so.
    """
    if not body.strip() and upload is None:
        raise EmptyMessageError(_("Write something or attach a file."))
    if conversation.status == ConversationStatus.CLOSED:
        raise ConversationClosedError(_("This conversation is closed. Reopen it to write."))
    if client_key and (known := Message.objects.filter(client_key=client_key).first()):
        return known  # type: ignore[no-any-return]
    if origin == Origin.HUMAN and template is None and is_shut(conversation, by_hand=True):
        raise WindowClosedError(closed_words(conversation))
    try:
        with transaction.atomic():
            message = _queue(conversation, body.strip(), author, origin, client_key, upload, reply_to, template)
    except IntegrityError:
        return Message.objects.get(client_key=client_key)  # type: ignore[no-any-return]
    if origin == Origin.HUMAN:
        _take_over(conversation, message, author)
        announce_answer(conversation, typing=False)
    send_queued.enqueue(organization_id=str(conversation.organization_id), message_id=str(message.pk))
    return message


def _queue(
    conversation: Conversation, body: str, author: Membership | None, origin: Origin, client_key: str | None,
    upload: SafeUpload | None, reply_to: str, template: OutgoingTemplate | None,
) -> Message:  # fmt: skip
    message: Message = Message.objects.create(
        conversation=conversation, channel_id=conversation.channel_id, direction=Direction.OUT, origin=origin,
        kind=upload.kind if upload else "text", body=body, author=author,
        author_name=author.user.first_name if author else "", client_key=client_key,
        reply_to_external_id=reply_to, at=now(), data={"template": asdict(template)} if template else {},
    )  # fmt: skip
    index_message(message)
    if upload:
        Attachment.objects.create(
            message=message, kind=upload.kind, mimetype=upload.mimetype, filename=upload.filename,
            path=store_upload(conversation.organization_id, upload), size=len(upload.data),
        )  # fmt: skip
    show_as_last(conversation, message)
    return message


def _take_over(conversation: Conversation, message: Message, author: Membership | None) -> None:
    rows = Conversation.objects.filter(pk=conversation.pk)
    rows.update(handler=Handler.HUMAN, paused_until=None, unread=0, needs_human="", status=ConversationStatus.OPEN)
    rows.filter(assigned_to=None).update(assigned_to=author)
    publish(HumanReplied(str(conversation.organization_id), str(conversation.pk), str(message.pk)))


def deliver(message_id: UUID | str) -> None:
    """Claim a queued message, send it and settle it. Whoever does not get the claim does nothing."""
    if holds_back(message_id):
        return
    token = uuid4()
    if not _claim(message_id, token):
        return
    message = Message.objects.select_related("conversation__contact", "conversation__channel", "channel").get(
        pk=message_id
    )
    outgoing = _outgoing(message)
    if outgoing.template is None and is_shut(message.conversation, by_hand=outgoing.by_hand):
        result = SendResult(Outcome.REFUSED, code=closed_code(message.conversation))
    else:
        result = send_once(message.channel, outgoing)
    settle(message, token, result)


def _claim(message_id: UUID | str, token: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_message SET state = 'sending', claim_token = %s, attempts = attempts + 1, "
            "lease_until = clock_timestamp() + make_interval(secs => %s) "
            "WHERE id = %s AND state = 'queued' AND (next_attempt_at IS NULL OR next_attempt_at <= clock_timestamp())",
            [token, LEASE_SECONDS, message_id],
        )
        return cursor.rowcount == 1


def _outgoing(message: Message) -> OutgoingMessage:
    return OutgoingMessage(
        phone=message.conversation.contact.phone,
        text=message.body,
        chat_id=chat_id_of(message.conversation),
        media=_media(message),
        reply_to=message.reply_to_external_id,
        template=_template(message),
        by_hand=message.origin == Origin.HUMAN and is_shut(message.conversation),
    )


def _template(message: Message) -> OutgoingTemplate | None:
    kept = message.data.get("template")
    return OutgoingTemplate(kept["name"], kept["language"], tuple(kept["components"])) if kept else None


def _media(message: Message) -> OutgoingMedia | None:
    attachment = message.attachments.first()
    if attachment is None:
        return None
    with default_storage.open(attachment.path) as file:
        data = base64.b64encode(file.read()).decode()
    return OutgoingMedia(attachment.filename, attachment.mimetype, attachment.kind, data)


@transaction.atomic
def settle(message: Message, token: UUID, result: SendResult) -> None:
    """Record how a send ended; refused when the claim is no longer ours."""
    locked = Message.objects.select_for_update().filter(pk=message.pk, claim_token=token).first()
    if locked is None or locked.state not in {MessageState.SENDING, MessageState.UNKNOWN}:
        return
    locked.error_code, locked.error = result.code[:40], result.detail[:500]
    locked.claim_token = locked.lease_until = None
    match result.outcome:
        case Outcome.SENT:
            _forget_echo(locked, result.external_id)
            locked.state, locked.external_id, locked.sent_at = MessageState.SENT, result.external_id, now()
        case Outcome.REFUSED | Outcome.INVALID_NUMBER:
            locked.state = MessageState.FAILED
        case Outcome.UNKNOWN if locked.external_id:  # the provider's echo was quicker than its answer
            locked.state, locked.sent_at, locked.error, locked.error_code = MessageState.SENT, now(), "", ""
        case Outcome.UNKNOWN:
            locked.state = MessageState.UNKNOWN
        case _:
            _back_to_queue(locked, result)
    locked.save()
    if result.code == STOPPED:
        heed_stops([(locked.conversation.contact_id, locked.pk)])
    apply_known_statuses(locked.channel_id, [locked.external_id] if locked.external_id else [])
    _refresh(locked)


def _forget_echo(message: Message, external_id: str) -> None:
    """Drop what looked as if typed on the phone and was this very message, told by the provider before its answer."""
    echoes = Message.objects.filter(channel_id=message.channel_id, external_id=external_id, origin=Origin.PHONE)
    echoes.exclude(pk=message.pk).delete()


def _back_to_queue(message: Message, result: SendResult) -> None:
    tries = message.attempts
    if result.outcome == Outcome.NOT_SENT and tries > len(BACKOFF_SECONDS):
        message.state = MessageState.FAILED
        return
    wait = result.retry_after_seconds or BACKOFF_SECONDS[min(tries, len(BACKOFF_SECONDS)) - 1]
    message.state = MessageState.QUEUED
    message.next_attempt_at = now() + timedelta(seconds=wait)


def _refresh(message: Message) -> None:
    newest = Conversation.objects.filter(pk=message.conversation_id, last_message_at=message.at)
    newest.update(last_message_state=message.state)
    tell_pages(message.conversation)


def resend(message: Message, *, actor: Membership) -> None:
    """Send a failed or unconfirmed message again, because a person decided so."""
    changed = Message.objects.filter(pk=message.pk, state__in=[MessageState.FAILED, MessageState.UNKNOWN]).update(
        state=MessageState.QUEUED, attempts=0, next_attempt_at=None, claim_token=None, error="", error_code=""
    )
    if changed:
        send_queued.enqueue(organization_id=str(message.organization_id), message_id=str(message.pk))
        tell_pages(message.conversation)


def sweep_messages() -> None:
    """Turn lapsed claims into ``unknown`` and ring again for what is due."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_message SET claim_token = NULL, "
            "state = CASE WHEN external_id IS NULL THEN 'unknown' ELSE 'sent' END, "
            "error_code = CASE WHEN external_id IS NULL THEN 'lease_lapsed' ELSE '' END "
            "WHERE state = 'sending' AND lease_until < clock_timestamp()"
        )
    with across_organizations():
        due = Message.objects.filter(state=MessageState.QUEUED, created_at__lt=now() - timedelta(seconds=2)).exclude(
            next_attempt_at__gt=now()
        )
        for organization_id, pk in due.order_by("at", "pk").values_list("organization_id", "pk")[:500]:
            send_queued.enqueue(coalesce_key=str(pk), organization_id=str(organization_id), message_id=str(pk))
